/** Mailboxes and their connected owners: opening, tokens, acknowledgements, the prekey directory, invite slots. Knows no network. */

import type { EnvelopeId, MailboxId } from '../shared/model/ids.ts'
import { idFromBytes } from '../shared/model/ids.ts'
import type { InviteTaken, UsageAnswer } from '../shared/wire/relay-answers.ts'
import type { Allowance } from '../shared/wire/relay-allowance.ts'
import type { DirectoryEntry, TokenEntry } from '../shared/wire/relay-requests.ts'
import type { Admission } from './admission.ts'
import type { RelayConfig } from './config.ts'
import type { SiblingHandlers, Siblings } from './front-ends.ts'
import { sha256 } from './hashes.ts'
import { Refused } from './refused.ts'
import type { BlobName, PushedName, RelayStore, StoredEnvelope } from './storage/relay-store.ts'
import type { RelayTime } from './relay-clock.ts'

/** Under this many one-time items the owner is told. */
export const LOW_STOCK = 20
const MAX_INVITE_LIFE_MS = 366 * 24 * 60 * 60 * 1000

/** A connected owner. */
export interface OwnerListener {
  onDeposited(): void
  onStock(lookupId: Uint8Array, remaining: number): void
  /** The owner came back on another connection. */
  onReplaced(): void
}

export interface MailboxParts {
  readonly store: RelayStore
  readonly admission: Admission
  readonly config: RelayConfig
  readonly time: RelayTime
  /** A one-time item went out. */
  readonly onTaken: () => void
  /** Their mailbox is gone: their files go too. */
  readonly deleteBlobs: (blobs: readonly BlobName[]) => Promise<void>
  /** The other front ends, where the store has several. */
  readonly siblings?: Siblings
}

export class Mailboxes {
  readonly #parts: MailboxParts
  readonly #owners = new Map<MailboxId, OwnerListener>()

  constructor(parts: MailboxParts) {
    this.#parts = parts
  }

  /** Opens the mailbox where there is none; before a new one `mayOpen` may throw. @throws relay-refused | relay-invite-needed | relay-full */
  async open(mailboxPublic: Uint8Array, secret: Uint8Array, mayOpen: () => void): Promise<MailboxId> {
    const { admission, time } = this.#parts
    const mailboxId = idFromBytes<MailboxId>(sha256(mailboxPublic))
    const mailbox = { mailboxId, publicKey: mailboxPublic, openedAtMs: time.now() }
    const opened = await admission.open(mailbox, secret, mayOpen)
    if (opened === 'not-admitted') throw new Refused(admission.refusal, 'no new mailboxes')
    if (opened === 'full') throw new Refused('relay-full', 'mailboxes')
    return mailboxId
  }

  get connectedOwners(): number {
    return this.#owners.size
  }

  /** From here on this connection is pushed to; one that was there before is let go. */
  async attach(mailboxId: MailboxId, listener: OwnerListener): Promise<void> {
    const before = this.#owners.get(mailboxId)
    this.#owners.set(mailboxId, listener)
    before?.onReplaced()
    await this.#parts.siblings?.owned(mailboxId)
    await this.#tellStock(mailboxId, listener)
    listener.onDeposited()
  }

  async #tellStock(mailboxId: MailboxId, listener: OwnerListener): Promise<void> {
    for (const { lookupId, remaining } of await this.#parts.store.directoryStock(mailboxId)) {
      if (remaining < LOW_STOCK) listener.onStock(lookupId, remaining)
    }
  }

  detach(mailboxId: MailboxId, listener: OwnerListener): void {
    if (this.#owners.get(mailboxId) !== listener) return
    this.#owners.delete(mailboxId)
    this.#parts.siblings?.released(mailboxId)
  }

  /** Something was deposited here. */
  wake(mailboxIds: ReadonlySet<MailboxId>): void {
    for (const mailboxId of mailboxIds) this.#owners.get(mailboxId)?.onDeposited()
    this.#parts.siblings?.deposited(mailboxIds)
  }

  /** What the other front ends tell. */
  get siblingHandlers(): SiblingHandlers {
    return {
      onDeposited: (mailboxIds) => {
        for (const mailboxId of mailboxIds) this.#owners.get(mailboxId)?.onDeposited()
      },
      onStock: (mailboxIds) => {
        for (const mailboxId of mailboxIds) {
          const owner = this.#owners.get(mailboxId)
          // Who cannot read it now tells the owner at the next item.
          if (owner !== undefined) this.#tellStock(mailboxId, owner).catch(() => undefined)
        }
      },
      onOwnedElsewhere: (mailboxId) => {
        this.#owners.get(mailboxId)?.onReplaced()
      },
    }
  }

  /** @throws relay-quota */
  async putTokens(mailboxId: MailboxId, tokens: readonly TokenEntry[]): Promise<void> {
    if ((await this.#parts.store.putTokens(mailboxId, tokens)) === 'full') throw new Refused('relay-quota', 'tokens')
  }

  revokeTokens(mailboxId: MailboxId, hashes: readonly Uint8Array[]): Promise<void> {
    return this.#parts.store.revokeTokens(mailboxId, hashes)
  }

  waiting(
    mailboxId: MailboxId,
    afterSequence: number,
    limits: { readonly count: number; readonly bytes: number },
  ): Promise<readonly StoredEnvelope[]> {
    return this.#parts.store.envelopesAfter(mailboxId, afterSequence, limits, this.#parts.time.certainNow())
  }

  acknowledge(mailboxId: MailboxId, envelopeIds: readonly EnvelopeId[]): Promise<void> {
    return this.#parts.store.collect(mailboxId, envelopeIds, this.#parts.time.now())
  }

  acknowledgePushed(mailboxId: MailboxId, pushed: readonly PushedName[]): Promise<void> {
    return this.#parts.store.collectPushed(mailboxId, pushed, this.#parts.time.now())
  }

  /** For good, with all that lies there. In slices, so that others get their turn between them. */
  async close(mailboxId: MailboxId): Promise<void> {
    const { store, deleteBlobs } = this.#parts
    for (let more = true; more;) {
      const closed = await store.closeMailbox(mailboxId)
      await deleteBlobs(closed.blobs)
      more = closed.more
    }
  }

  setDoor(mailboxId: MailboxId, open: boolean): Promise<void> {
    return this.#parts.store.setDoor(mailboxId, open)
  }

  async allowance(mailboxId: MailboxId): Promise<Allowance> {
    const { store, config } = this.#parts
    const [{ envelopeCount, bytes }, holdings] = await Promise.all([store.usage(mailboxId), store.holdings(mailboxId)])
    return {
      envelopes: { used: envelopeCount, limit: config.mailboxMaxEnvelopes },
      bytes: { used: bytes, limit: config.mailboxMaxBytes },
      blobBytes: { used: holdings.blobBytes, limit: config.mailboxMaxBlobBytes },
      tokens: { used: holdings.tokens, limit: config.mailboxMaxTokens },
      doorEnvelopes: { used: holdings.doorEnvelopes, limit: config.mailboxMaxDoorEnvelopes },
      doorOpen: holdings.doorOpen,
    }
  }

  usage(mailboxId: MailboxId): Promise<UsageAnswer> {
    return this.#parts.store.usage(mailboxId)
  }

  /** How many items lie there now. @throws relay-refused: that lookup id is another mailbox's | relay-quota */
  async putDirectory(mailboxId: MailboxId, entry: DirectoryEntry): Promise<number> {
    const stored = await this.#parts.store.putDirectory(mailboxId, entry)
    if (stored === 'foreign') throw new Refused('relay-refused', 'directory')
    if (stored === 'full') throw new Refused('relay-quota', 'directories')
    return stored
  }

  /** Each one-time item goes out once, and only after that is on disk. */
  async takeDirectory(lookupId: Uint8Array, mayHaveOneTimeItem: boolean): Promise<Uint8Array | null> {
    const taken = await this.#parts.store.takeDirectory(lookupId, mayHaveOneTimeItem)
    if (taken === null) return null
    if (!mayHaveOneTimeItem) return taken.item
    this.#parts.onTaken()
    if (taken.remaining < LOW_STOCK) {
      this.#owners.get(taken.mailboxId)?.onStock(lookupId, taken.remaining)
      this.#parts.siblings?.stockFell(taken.mailboxId)
    }
    return taken.item
  }

  /** @throws relay-refused: that slot is another mailbox's | relay-quota */
  async putInvite(
    mailboxId: MailboxId,
    slot: { readonly slotId: Uint8Array; readonly item: Uint8Array; readonly expiresAtMs: number },
  ): Promise<void> {
    const expiresAtMs = Math.min(slot.expiresAtMs, this.#parts.time.now() + MAX_INVITE_LIFE_MS)
    const stored = await this.#parts.store.putInvite(mailboxId, { ...slot, expiresAtMs })
    if (stored === 'foreign') throw new Refused('relay-refused', 'invite')
    if (stored === 'full') throw new Refused('relay-quota', 'invites')
  }

  closeInvite(mailboxId: MailboxId, slotId: Uint8Array): Promise<void> {
    return this.#parts.store.closeInvite(mailboxId, slotId)
  }

  takeInvite(slotId: Uint8Array, takerNonce: Uint8Array): Promise<InviteTaken> {
    return this.#parts.store.takeInvite(slotId, takerNonce, this.#parts.time.now())
  }
}
