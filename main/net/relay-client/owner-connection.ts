/** The owner's half: a proven mailbox, its pushes, and what only an owner may ask. */

import type { OwnerConnection, OwnerHandlers, RelayInfo } from '../../ports/relay.ts'
import { isParleyError } from '../../../shared/errors.ts'
import type { EnvelopeId, MailboxId } from '../../../shared/model/ids.ts'
import { decodeRemaining, decodeUsage } from '../../../shared/wire/relay-answers.ts'
import type { PushEntry } from '../../../shared/wire/relay-answers.ts'
import { MAX_BATCH_ITEMS, MAX_TOKENS } from '../../../shared/wire/relay-requests.ts'
import type { DirectoryEntry } from '../../../shared/wire/relay-requests.ts'
import type { Clock } from '../../ports/runtime.ts'
import type { RelayLink } from './relay-link.ts'

/** Directory items of one request, in bytes: fits a frame. */
const DIRECTORY_BYTES = 200_000

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

/** Hands batches over one after the other and acknowledges what was taken; what was not comes again after a reconnect. */
export class PushQueue {
  readonly #handlers: OwnerHandlers
  #link: RelayLink | null = null
  #tail: Promise<void> = Promise.resolve()

  constructor(handlers: OwnerHandlers) {
    this.#handlers = handlers
  }

  attach(link: RelayLink): void {
    this.#link = link
  }

  push(entries: readonly PushEntry[]): void {
    this.#tail = this.#tail.then(() => this.#deliver(entries))
  }

  async #deliver(entries: readonly PushEntry[]): Promise<void> {
    const link = this.#link
    if (link === null || link.closed) return
    try {
      const taken = await this.#handlers.onPush(entries)
      if (taken.length > 0) await acknowledge(link, taken)
    } catch (error) {
      if (!isParleyError(error)) throw error
      // Nothing is lost: what was not acknowledged is pushed again after a reconnect, and dropped by its id where it was taken.
      if (!link.closed) link.fail(error.code)
    }
  }
}
