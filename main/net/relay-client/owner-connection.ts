/** The owner's half: a proven mailbox, its pushes, and what only an owner may ask. */

import type { OwnerConnection, OwnerHandlers, RelayInfo } from '../../ports/relay.ts'
import type { EnvelopeId, MailboxId } from '../../../shared/model/ids.ts'
import { ByteReader } from '../../../shared/wire/bytes.ts'
import { MAX_BATCH_ITEMS } from '../../../shared/wire/relay-frames.ts'
import type { PushEntry } from '../../../shared/wire/relay-frames.ts'
import type { Clock } from '../../ports/runtime.ts'
import type { RelayLink } from './relay-link.ts'

const TOKENS_A_REQUEST = 4_000

export interface OwnerParts {
  readonly link: RelayLink
  readonly info: RelayInfo
  readonly mailboxId: MailboxId
  readonly clock: Clock
  readonly hash: (bytes: Uint8Array) => Uint8Array
}

export function ownerConnection({ link, info, mailboxId, clock, hash }: OwnerParts): OwnerConnection {
  const nothing = async (answer: Promise<Uint8Array>): Promise<void> => {
    await answer
  }
  return {
    info,
    mailboxId,
    putTokens: async (tokens) => {
      for (let at = 0; at < tokens.length; at += TOKENS_A_REQUEST) {
        const part = tokens.slice(at, at + TOKENS_A_REQUEST)
        const entries = part.map(({ token, handle }) => ({ hash: hash(token), handle }))
        await link.request({ type: 'put-tokens', tokens: entries })
      }
    },
    revokeTokens: (tokens) => nothing(link.request({ type: 'revoke-tokens', hashes: tokens.map(hash) })),
    putDirectory: async (entry) => {
      const payload = await link.request({ type: 'put-directory', ...entry })
      return { remaining: new ByteReader(payload).u32() }
    },
    putInviteSlot: (slot) => nothing(link.request({ type: 'put-invite', ...slot })),
    closeInviteSlot: (slotId) => nothing(link.request({ type: 'close-invite', slotId })),
    acknowledge: (envelopeIds) => acknowledge(link, envelopeIds),
    usage: async () => {
      const reader = new ByteReader(await link.request({ type: 'usage' }))
      return { envelopeCount: reader.u32(), bytes: reader.u48() }
    },
    ping: async () => {
      const startedAtMs = clock.monotonicMs()
      await link.request({ type: 'ping' })
      return clock.monotonicMs() - startedAtMs
    },
    close: () => link.close(),
  }
}

async function acknowledge(link: RelayLink, envelopeIds: readonly EnvelopeId[]): Promise<void> {
  for (let at = 0; at < envelopeIds.length; at += MAX_BATCH_ITEMS) {
    await link.request({ type: 'acknowledge', envelopeIds: envelopeIds.slice(at, at + MAX_BATCH_ITEMS) })
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
    this.#tail = this.#tail.then(async () => {
      const taken = await this.#handlers.onPush(entries)
      const link = this.#link
      if (taken.length === 0 || link === null || link.closed) return
      // A lost acknowledgement is harmless: the envelope is pushed again and dropped by its id.
      await acknowledge(link, taken).catch(() => undefined)
    })
  }
}
