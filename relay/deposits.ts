/** Taking envelopes in: quotas, durable storage, one signature for what is held of a batch. docs/protocol/relay.md, "Deposit". */

import { toBase64Url } from '../shared/wire/bytes.ts'
import type { MailboxId } from '../shared/model/ids.ts'
import type { DepositAnswer, DepositsAnswer } from '../shared/wire/relay-answers.ts'
import { receiptsToSign } from '../shared/wire/relay-receipt.ts'
import type { Held } from '../shared/wire/relay-receipt.ts'
import type { DepositEntry, DepositTarget } from '../shared/wire/relay-requests.ts'
import type { RelayConfig } from './config.ts'
import type { DailyQuota } from './daily-quota.ts'
import { envelopeIdOf, sha256 } from './hashes.ts'
import type { RelayKey } from './relay-key.ts'
import type { DepositItem, DepositResult, RelayStore } from './storage/relay-store.ts'

const DAY_SECONDS = 24 * 60 * 60
/** A disk or a mailbox that is full empties when owners come. */
const FULL_RETRY_SECONDS = 600

export interface DepositParts {
  readonly store: RelayStore
  readonly config: RelayConfig
  readonly key: RelayKey
  readonly quota: DailyQuota
  readonly now: () => number
  readonly isDiskFull: () => boolean
  readonly onHeld: (mailboxIds: ReadonlySet<MailboxId>) => void
}

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
    const items = plans.filter((plan): plan is DepositItem => !('kind' in plan))
    const results = items.length === 0 ? [] : await this.#parts.store.deposit(items)
    const held: Held[] = []
    let next = 0
    const answers = plans.map((plan) => {
      if ('kind' in plan) return plan
      const result = results[next++]
      if (result === undefined) throw new Error('a deposit without a result')
      this.#settle(plan, result)
      const answer = this.#answer(result)
      if (answer.kind === 'held') held.push(heldOf(plan, answer))
      return answer
    })
    this.#parts.onHeld(new Set(held.map(({ mailboxId }) => mailboxId)))
    return { answers, signature: held.length === 0 ? null : this.#sign(held) }
  }

  #sign(held: readonly Held[]): Uint8Array {
    const { key } = this.#parts
    return key.sign(receiptsToSign('envelope', key.relayId, held, sha256))
  }

  #plan({ envelope, targets }: DepositEntry): readonly (DepositItem | DepositAnswer)[] {
    const { config } = this.#parts
    if (envelope.length > config.maxEnvelopeBytes) {
      return targets.map(() => ({ kind: 'refused', code: 'too-large', retryAfterSeconds: 0 }) as const)
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
  }: DepositTarget & Pick<DepositItem, 'envelope' | 'envelopeId'>): DepositItem | DepositAnswer {
    const { quota, now, isDiskFull } = this.#parts
    if (isDiskFull()) return { kind: 'refused', code: 'relay-full', retryAfterSeconds: FULL_RETRY_SECONDS }
    const storedAtMs = now()
    const expiresAtMs = storedAtMs + Math.min(Math.max(1, ttlSeconds), this.retentionSeconds) * 1000
    const item = { mailboxId, tokenHash: sha256(token), envelopeId, envelope, storedAtMs, expiresAtMs }
    if (quota.charge(senderName(mailboxId, item.tokenHash), costOf(item), storedAtMs)) return item
    return { kind: 'refused', code: 'relay-quota', retryAfterSeconds: quota.secondsLeft(storedAtMs) }
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

function heldOf(item: DepositItem, answer: { readonly storedAtMs: number; readonly expiresAtMs: number }): Held {
  const { mailboxId, envelopeId } = item
  return { mailboxId, subject: envelopeId, storedAtMs: answer.storedAtMs, expiresAtMs: answer.expiresAtMs }
}
