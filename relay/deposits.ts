/** Taking envelopes in: quotas, durable storage, one signature for what is held of a batch. docs/protocol/relay.md, "Deposit". */

import { isParleyError } from '../shared/errors.ts'
import { toBase64Url } from '../shared/wire/bytes.ts'
import type { MailboxId } from '../shared/model/ids.ts'
import type { DepositAnswer, DepositsAnswer } from '../shared/wire/relay-answers.ts'
import { receiptsToSign } from '../shared/wire/relay-receipt.ts'
import type { Held } from '../shared/wire/relay-receipt.ts'
import type { DoorDeposit } from '../shared/wire/relay-door.ts'
import type { DepositEntry, DepositTarget } from '../shared/wire/relay-requests.ts'
import type { RelayConfig } from './config.ts'
import { Refused } from './refused.ts'
import type { DailyQuota } from './daily-quota.ts'
import { envelopeIdOf, sha256 } from './hashes.ts'
import type { RelayMetrics } from './metrics.ts'
import type { RelayKey } from './relay-key.ts'
import type { DepositItem, DepositResult, RelayStore } from './storage/relay-store.ts'

const DAY_SECONDS = 24 * 60 * 60
/** A disk or a mailbox that is full empties when owners come. */
const FULL_RETRY_SECONDS = 600
/** An envelope goes into the database's log first and from there into the database, and takes pages of indexes along. */
const WRITTEN_TIMES = 2
const PAGES_BYTES = 24 * 1024

/** From a stranger, whose proof of work was taken. */
export type DoorItem = Pick<DoorDeposit, 'mailboxId' | 'envelope' | 'ttlSeconds'>

export interface DepositParts {
  readonly store: RelayStore
  readonly config: RelayConfig
  readonly key: RelayKey
  readonly quota: DailyQuota
  readonly now: () => number
  /** Whether the disk has room for that much more. */
  readonly hasRoomFor: (bytes: number) => boolean
  readonly metrics: RelayMetrics
  readonly onHeld: (mailboxIds: ReadonlySet<MailboxId>) => void
}

type Plan =
  | Extract<DepositAnswer, { kind: 'refused' }>
  /** Charged. */
  | { readonly kind: 'item'; readonly item: DepositItem }
  | { readonly kind: 'over-quota'; readonly item: DepositItem }

export function senderName(mailboxId: MailboxId, tokenHash: Uint8Array): string {
  return `${mailboxId} ${toBase64Url(tokenHash)}`
}

export class Deposits {
  readonly #parts: DepositParts

  constructor(parts: DepositParts) {
    this.#parts = parts
  }

  get retentionSeconds(): number {
    return this.#parts.config.retentionDays * DAY_SECONDS
  }

  /** Resolves when everything held is durable. */
  async take(entries: readonly DepositEntry[]): Promise<DepositsAnswer> {
    const plans = entries.flatMap((entry) => this.#plan(entry))
    const items = plans.filter((plan) => plan.kind === 'item').map(({ item }) => item)
    const results = items.length === 0 ? [] : await this.#store(items)
    const held: Held[] = []
    const answers: DepositAnswer[] = []
    let next = 0
    for (const plan of plans) {
      if (plan.kind === 'refused') {
        answers.push(plan)
        continue
      }
      if (plan.kind === 'over-quota') {
        answers.push(await this.#overQuota(plan.item))
        continue
      }
      const result = results[next++]
      if (result === undefined) throw new Error('a deposit without a result')
      this.#settle(plan.item, result)
      const answer = this.#answer(result)
      if (answer.kind === 'held') held.push(heldOf(plan.item, answer))
      answers.push(answer)
    }
    for (const answer of answers) if (answer.kind === 'refused') this.#parts.metrics.refused(answer.code)
    this.#parts.onHeld(new Set(held.map(({ mailboxId }) => mailboxId)))
    return { answers, signature: held.length === 0 ? null : this.#sign(held) }
  }

  /** A disk that turned out to be full refuses each of them, as one that was known to be. */
  async #store(items: readonly DepositItem[]): Promise<readonly DepositResult[]> {
    try {
      return await this.#parts.store.deposit(items)
    } catch (error) {
      if (!isParleyError(error, 'relay-full')) throw error
      return items.map(() => ({ kind: 'full' }))
    }
  }

  /** Only whose token is good is told of its quota: a revoked one is as unknown as one that never was. */
  async #overQuota({ mailboxId, tokenHash, storedAtMs }: DepositItem): Promise<DepositAnswer> {
    const { store, quota } = this.#parts
    if (!(await store.hasToken(mailboxId, tokenHash))) return this.#answer({ kind: 'no-token' })
    return { kind: 'refused', code: 'relay-quota', retryAfterSeconds: quota.secondsLeft(storedAtMs) }
  }

  /** Resolves when it is durable. @throws relay-full: the disk is, before anything is paid for */
  async takeAtDoor({ mailboxId, envelope, ttlSeconds }: DoorItem, pay: () => void): Promise<DepositsAnswer> {
    const { store, config, hasRoomFor, now, onHeld } = this.#parts
    if (!hasRoomFor(writtenBytes(envelope))) throw new Refused('relay-full', 'disk', FULL_RETRY_SECONDS)
    pay()
    const storedAtMs = now()
    const item = {
      ...{ mailboxId, envelope, storedAtMs },
      envelopeId: envelopeIdOf(envelope),
      expiresAtMs: this.#expiry(storedAtMs, ttlSeconds),
    }
    const result = await store.depositAtDoor(item, config.mailboxMaxDoorEnvelopes)
    if (result.kind === 'no-token') throw new Refused('door-closed', 'door')
    const answer = this.#answer(result)
    if (answer.kind !== 'held') return { answers: [answer], signature: null }
    onHeld(new Set([mailboxId]))
    return { answers: [answer], signature: this.#sign([heldOf(item, answer)]) }
  }

  #expiry(storedAtMs: number, ttlSeconds: number): number {
    return storedAtMs + Math.min(Math.max(1, ttlSeconds), this.retentionSeconds) * 1000
  }

  #sign(held: readonly Held[]): Uint8Array {
    const { key } = this.#parts
    return key.sign(receiptsToSign('envelope', key.relayId, held, sha256))
  }

  #plan({ envelope, targets }: DepositEntry): readonly Plan[] {
    const { config, hasRoomFor } = this.#parts
    if (envelope.length > config.maxEnvelopeBytes) {
      return targets.map(() => ({ kind: 'refused', code: 'too-large', retryAfterSeconds: 0 }) as const)
    }
    if (!hasRoomFor(writtenBytes(envelope) * targets.length)) {
      const refused = { kind: 'refused', code: 'relay-full', retryAfterSeconds: FULL_RETRY_SECONDS } as const
      return targets.map(() => refused)
    }
    const envelopeId = envelopeIdOf(envelope)
    return targets.map((target) => this.#planOne({ ...target, envelope, envelopeId }))
  }

  #planOne({
    mailboxId,
    token,
    ttlSeconds,
    envelope,
    envelopeId,
  }: DepositTarget & Pick<DepositItem, 'envelope' | 'envelopeId'>): Plan {
    const { quota, now } = this.#parts
    const storedAtMs = now()
    const expiresAtMs = this.#expiry(storedAtMs, ttlSeconds)
    const item = { mailboxId, tokenHash: sha256(token), envelopeId, envelope, storedAtMs, expiresAtMs }
    const isLeft = quota.charge(senderName(mailboxId, item.tokenHash), costOf(item), storedAtMs)
    return { kind: isLeft ? 'item' : 'over-quota', item }
  }

  /** Only what was newly stored counts against the day. */
  #settle(item: DepositItem, result: DepositResult): void {
    if (result.kind === 'held' && result.isNew) return
    this.#parts.quota.refund(senderName(item.mailboxId, item.tokenHash), costOf(item))
  }

  #answer(result: DepositResult): DepositAnswer {
    switch (result.kind) {
      case 'held':
        return { kind: 'held', storedAtMs: result.storedAtMs, expiresAtMs: result.expiresAtMs }
      case 'collected':
        return { kind: 'collected' }
      case 'no-token':
        return { kind: 'refused', code: 'token-revoked', retryAfterSeconds: 0 }
      case 'full':
        return { kind: 'refused', code: 'relay-full', retryAfterSeconds: FULL_RETRY_SECONDS }
    }
  }
}

function costOf({ envelope }: DepositItem) {
  return { envelopes: 1, bytes: envelope.length }
}

function heldOf(
  item: Omit<DepositItem, 'tokenHash'>,
  answer: { readonly storedAtMs: number; readonly expiresAtMs: number },
): Held {
  const { mailboxId, envelopeId } = item
  return { mailboxId, subject: envelopeId, storedAtMs: answer.storedAtMs, expiresAtMs: answer.expiresAtMs }
}

/** At most: those of one commit share pages. */
function writtenBytes(envelope: Uint8Array): number {
  return envelope.length * WRITTEN_TIMES + PAGES_BYTES
}
