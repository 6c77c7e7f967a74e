/** The rules of mailboxes, tokens, the directory and invites. Knows no network. docs/protocol/relay.md. */

import { createHash } from 'node:crypto'
import { ParleyError } from '../shared/errors.ts'
import type { ErrorCode } from '../shared/errors.ts'
import { idFromBytes } from '../shared/model/ids.ts'
import type { EnvelopeId, MailboxId } from '../shared/model/ids.ts'
import type { DepositAnswer, DepositEntry, InviteTaken, RelayRequest, TokenEntry } from '../shared/wire/relay-frames.ts'
import { receiptBytes } from '../shared/wire/relay-signed.ts'
import type { RelayConfig } from './config.ts'
import { GroupCommit } from './group-commit.ts'
import type { RelayKey } from './relay-key.ts'
import type { RelayStore, StoredEnvelope, Usage } from './storage/relay-store.ts'

const DAY_SECONDS = 24 * 60 * 60
export const LOW_STOCK = 20

/** A connected owner: told when there is something for it. */
export interface OwnerListener {
  onDeposited(): void
  onStock(lookupId: Uint8Array, remaining: number): void
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}

export function envelopeIdOf(envelope: Uint8Array): EnvelopeId {
  return idFromBytes<EnvelopeId>(sha256(envelope).slice(0, 16))
}

export class Mailboxes {
  readonly #store: RelayStore
  readonly #config: RelayConfig
  readonly #key: RelayKey
  readonly #now: () => number
  readonly #commit: GroupCommit
  readonly #owners = new Map<MailboxId, OwnerListener>()

  constructor(store: RelayStore, config: RelayConfig, key: RelayKey, now: () => number) {
    this.#store = store
    this.#config = config
    this.#key = key
    this.#now = now
    this.#commit = new GroupCommit(store)
  }

  /** Opens the mailbox where there is none. The newest connection of an owner is the one that is pushed to. */
  async own(mailboxPublic: Uint8Array, listener: OwnerListener): Promise<MailboxId> {
    const mailboxId = idFromBytes<MailboxId>(sha256(mailboxPublic))
    const refusal = await this.#commit.run((): ErrorCode | null => {
      if (this.#store.hasMailbox(mailboxId)) return null
      if (this.#config.newMailboxes === 'closed') return 'relay-refused'
      if (this.#store.mailboxCount() >= this.#config.maxMailboxes) return 'relay-full'
      this.#store.addMailbox(mailboxId, mailboxPublic, this.#now())
      return null
    })
    if (refusal !== null) throw new ParleyError(refusal, 'mailbox')
    this.#owners.set(mailboxId, listener)
    return mailboxId
  }

  disown(mailboxId: MailboxId, listener: OwnerListener): void {
    if (this.#owners.get(mailboxId) === listener) this.#owners.delete(mailboxId)
  }

  async putTokens(mailboxId: MailboxId, tokens: readonly TokenEntry[]): Promise<void> {
    await this.#commit.run(() => {
      this.#store.putTokens(mailboxId, tokens)
    })
  }

  async revokeTokens(mailboxId: MailboxId, hashes: readonly Uint8Array[]): Promise<void> {
    await this.#commit.run(() => {
      this.#store.revokeTokens(mailboxId, hashes)
    })
  }

  async deposit(deposits: readonly DepositEntry[]): Promise<readonly DepositAnswer[]> {
    const answers = await this.#commit.run(() => deposits.map((deposit) => this.#depositOne(deposit)))
    const woken = new Set(
      deposits.filter((_, index) => answers[index]?.kind === 'held').map((entry) => entry.mailboxId),
    )
    for (const mailboxId of woken) this.#owners.get(mailboxId)?.onDeposited()
    return answers
  }

  #depositOne({ mailboxId, token, ttlSeconds, envelope }: DepositEntry): DepositAnswer {
    // A mailbox that does not exist and a token that was revoked look the same from outside.
    const handle = this.#store.handleOf(mailboxId, sha256(token))
    if (handle === null) return { kind: 'refused', code: 'token-revoked' }
    if (envelope.length === 0) return { kind: 'refused', code: 'malformed' }
    if (envelope.length > this.#config.maxEnvelopeBytes) return { kind: 'refused', code: 'too-large' }
    const envelopeId = envelopeIdOf(envelope)
    const known = this.#store.envelopeTimes(mailboxId, envelopeId)
    if (known !== null) return this.#held(mailboxId, envelopeId, known.storedAtMs, known.expiresAtMs)
    if (this.#store.wasCollected(mailboxId, envelopeId)) return { kind: 'collected' }
    const usage = this.#store.usage(mailboxId)
    if (usage.envelopeCount >= this.#config.mailboxMaxEnvelopes) return { kind: 'refused', code: 'relay-full' }
    if (usage.bytes + envelope.length > this.#config.mailboxMaxBytes) return { kind: 'refused', code: 'relay-full' }
    const storedAtMs = this.#now()
    const expiresAtMs = storedAtMs + Math.min(Math.max(1, ttlSeconds), this.retentionSeconds) * 1000
    this.#store.addEnvelope({ mailboxId, envelopeId, handle, envelope, storedAtMs, expiresAtMs })
    return this.#held(mailboxId, envelopeId, storedAtMs, expiresAtMs)
  }

  #held(mailboxId: MailboxId, envelopeId: EnvelopeId, storedAtMs: number, expiresAtMs: number): DepositAnswer {
    const { relayId } = this.#key
    const receipt = receiptBytes({ what: 'envelope', relayId, mailboxId, subject: envelopeId, storedAtMs, expiresAtMs })
    return { kind: 'held', storedAtMs, expiresAtMs, signature: this.#key.sign(receipt) }
  }

  get retentionSeconds(): number {
    return this.#config.retentionDays * DAY_SECONDS
  }

  waiting(mailboxId: MailboxId, afterSequence: number, limit: number): readonly StoredEnvelope[] {
    return this.#store.envelopesAfter(mailboxId, afterSequence, limit)
  }

  async acknowledge(mailboxId: MailboxId, envelopeIds: readonly EnvelopeId[]): Promise<void> {
    await this.#commit.run(() => {
      this.#store.collect(mailboxId, envelopeIds, this.#now())
    })
  }

  usage(mailboxId: MailboxId): Usage {
    return this.#store.usage(mailboxId)
  }

  /** Items left. @throws relay-refused: that lookup id is another mailbox's */
  async putDirectory(mailboxId: MailboxId, entry: Extract<RelayRequest, { type: 'put-directory' }>): Promise<number> {
    const remaining = await this.#commit.run(() =>
      this.#store.ownsDirectory(mailboxId, entry.lookupId)
        ? this.#store.putDirectory(mailboxId, entry.lookupId, entry)
        : null,
    )
    if (remaining === null) throw new ParleyError('relay-refused', 'directory')
    return remaining
  }

  /** Each one-time item goes out once, and only after that is on disk. */
  async takeDirectory(lookupId: Uint8Array): Promise<Uint8Array | null> {
    const taken = await this.#commit.run(() => this.#store.takeDirectory(lookupId))
    if (taken === null) return null
    if (taken.remaining < LOW_STOCK) this.#owners.get(taken.mailboxId)?.onStock(lookupId, taken.remaining)
    return taken.item
  }

  async putInvite(mailboxId: MailboxId, slotId: Uint8Array, item: Uint8Array, expiresAtMs: number): Promise<void> {
    const latest = this.#now() + this.retentionSeconds * 1000
    await this.#commit.run(() => {
      this.#store.putInvite(mailboxId, slotId, item, Math.min(expiresAtMs, latest))
    })
  }

  async closeInvite(mailboxId: MailboxId, slotId: Uint8Array): Promise<void> {
    await this.#commit.run(() => {
      this.#store.closeInvite(mailboxId, slotId)
    })
  }

  takeInvite(slotId: Uint8Array, takerNonce: Uint8Array): Promise<InviteTaken> {
    return this.#commit.run(() => this.#store.takeInvite(slotId, takerNonce, this.#now()))
  }
}
