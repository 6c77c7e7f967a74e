/** The owner's half: a proven mailbox, its pushes, and what only an owner may ask. */

import type { OwnerConnection, OwnerHandlers, RelayInfo } from '../../ports/relay.ts'
import { isParleyError } from '../../../shared/errors.ts'
import type { EnvelopeId, MailboxId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import { decodeRemaining, decodeUsage } from '../../../shared/wire/relay-answers.ts'
import { decodeAllowance, decodeTurn } from '../../../shared/wire/relay-allowance.ts'
import type { PushEntry } from '../../../shared/wire/relay-answers.ts'
import { MAX_BATCH_ITEMS, MAX_TOKENS } from '../../../shared/wire/relay-requests.ts'
import type { DirectoryEntry, PushRange } from '../../../shared/wire/relay-requests.ts'
import type { Clock } from '../../ports/runtime.ts'
import type { RelayLink } from './relay-link.ts'

/** Directory items of one request, in bytes: fits a frame. */
const DIRECTORY_BYTES = 200_000
const ENVELOPE_ID_BYTES = 16

export interface OwnerParts {
  readonly link: RelayLink
  readonly info: RelayInfo
  readonly mailboxId: MailboxId
  readonly clock: Clock
  readonly hash: (bytes: Uint8Array) => Uint8Array
}

export function ownerConnection({ link, info, mailboxId, clock, hash }: OwnerParts): OwnerConnection {
  return {
    info,
    mailboxId,
    putTokens: async (tokens) => {
      const entries = tokens.map(({ token, handle }) => ({ hash: hash(token), handle }))
      for (const part of slices(entries, MAX_TOKENS)) await link.tell({ type: 'put-tokens', tokens: part })
    },
    revokeTokens: async (tokens) => {
      const hashes = tokens.map(hash)
      for (const part of slices(hashes, MAX_TOKENS)) await link.tell({ type: 'revoke-tokens', hashes: part })
    },
    putDirectory: async (entry) => {
      let remaining = 0
      for (const part of directoryParts(entry)) {
        remaining = await link.ask({ type: 'put-directory', ...part }, decodeRemaining)
      }
      return { remaining }
    },
    putInviteSlot: (slot) => link.tell({ type: 'put-invite', ...slot }),
    closeInviteSlot: (slotId) => link.tell({ type: 'close-invite', slotId }),
    acknowledge: (envelopeIds) => acknowledge(link, envelopeIds),
    usage: () => link.ask({ type: 'usage' }, decodeUsage),
    allowance: async () => {
      link.needsVersion(2, 'allowance')
      return link.ask({ type: 'allowance' }, decodeAllowance)
    },
    setDoor: async (open) => {
      link.needsVersion(2, 'front door')
      await link.tell({ type: 'set-door', open })
    },
    turnCredentials: async () => {
      if (link.hello.version < 2) return null
      return link.ask({ type: 'turn' }, decodeTurn)
    },
    closeMailbox: async () => {
      link.needsVersion(2, 'closing a mailbox')
      await link.tell({ type: 'close-mailbox' })
      await link.close()
    },
    ping: async () => {
      const startedAtMs = clock.monotonicMs()
      await link.tell({ type: 'ping' })
      return clock.monotonicMs() - startedAtMs
    },
    close: () => link.close(),
  }
}

function* slices<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}

/** Only the first one replaces; each carries the last resort. */
function* directoryParts(entry: DirectoryEntry): Generator<DirectoryEntry> {
  let items: Uint8Array[] = []
  let bytes = 0
  let replace = entry.replace
  for (const item of entry.items) {
    if (items.length > 0 && bytes + item.length > DIRECTORY_BYTES) {
      yield { ...entry, items, replace }
      replace = false
      items = []
      bytes = 0
    }
    items.push(item)
    bytes += item.length
  }
  yield { ...entry, items, replace }
}

async function acknowledge(link: RelayLink, envelopeIds: readonly EnvelopeId[]): Promise<void> {
  for (const part of slices(envelopeIds, MAX_BATCH_ITEMS)) {
    await link.tell({ type: 'acknowledge', envelopeIds: part })
  }
}

/**
 * Hands batches over one after the other and acknowledges what was taken; what was not comes again after a reconnect.
 * The next batch does not wait for the relay's word on the last: the credit bounds what is under way.
 */
export class PushQueue {
  readonly #handlers: OwnerHandlers
  readonly #hash: OwnerParts['hash']
  #link: RelayLink | null = null
  #tail: Promise<void> = Promise.resolve()
  /** Of envelopes, as both sides count them. */
  #pushed = 0

  constructor(handlers: OwnerHandlers, hash: OwnerParts['hash']) {
    this.#handlers = handlers
    this.#hash = hash
  }

  attach(link: RelayLink): void {
    this.#link = link
  }

  push(entries: readonly PushEntry[]): void {
    const before = this.#pushed
    this.#pushed += entries.length
    this.#tail = this.#tail.then(() => this.#deliver(entries, before))
  }

  async #deliver(entries: readonly PushEntry[], before: number): Promise<void> {
    const link = this.#link
    if (link === null || link.closed) return
    try {
      const taken = await this.#handlers.onPush(entries)
      if (taken.length > 0) void this.#acknowledge(link, entries, before, taken)
    } catch (error) {
      failLink(link, error)
    }
  }

  async #acknowledge(
    link: RelayLink,
    entries: readonly PushEntry[],
    before: number,
    taken: readonly EnvelopeId[],
  ): Promise<void> {
    try {
      if (link.hello.version < 2) {
        await acknowledge(link, taken)
        return
      }
      const { ranges, others } = rangesOf(entries, before, taken, this.#hash)
      await Promise.all(ranges.map((range) => link.tell({ type: 'acknowledge-range', ...range })))
      if (others.length > 0) await acknowledge(link, others)
    } catch (error) {
      failLink(link, error)
    }
  }
}

/** Nothing is lost: what was not acknowledged is pushed again after a reconnect, and dropped by its id where it was taken. */
function failLink(link: RelayLink, error: unknown): void {
  if (!isParleyError(error)) throw error
  if (!link.closed) link.fail(error.code)
}

/** What was taken of a batch, in runs of numbers; and what is acknowledged by its id, as it was in no batch. */
function rangesOf(
  entries: readonly PushEntry[],
  before: number,
  taken: readonly EnvelopeId[],
  hash: OwnerParts['hash'],
): { readonly ranges: readonly PushRange[]; readonly others: readonly EnvelopeId[] } {
  const left = new Set(taken)
  const ranges: { from: number; to: number }[] = []
  for (const [index, { envelope }] of entries.entries()) {
    const number = before + index + 1
    if (!left.delete(envelopeIdOf(envelope, hash))) continue
    const last = ranges.at(-1)
    if (last?.to === number - 1) last.to = number
    else ranges.push({ from: number, to: number })
  }
  return { ranges, others: [...left] }
}

function envelopeIdOf(envelope: Uint8Array, hash: OwnerParts['hash']): EnvelopeId {
  return idFromBytes<EnvelopeId>(hash(envelope).subarray(0, ENVELOPE_ID_BYTES))
}
