/** Laying what a device waits for into its mailboxes, at every relay of the recipient's list. */

import { DEPOSIT_RENEW_MS, RELAY_TTL_SECONDS } from '../domain/delivery-limits.ts'
import type { DepositOutcome, RelayPort } from '../ports/relay.ts'
import type { OutboxRecord } from '../ports/store/records.ts'
import type { DeviceId, RelayId } from '../../shared/model/ids.ts'
import { isParleyError } from '../../shared/errors.ts'
import type { ErrorCode } from '../../shared/errors.ts'
import type { Core } from './core.ts'
import type { Paths } from './paths.ts'
import type { Mailbox } from './reach.ts'
import type { Receipts } from './receipts.ts'

const MAX_BATCH = 64

/** Brings an attachment's ciphertext to the same relay. */
export interface BlobUploads {
  /** True once that relay signed that it holds the blob for that device. @throws unreachable | timeout | cancelled | relay-* */
  ensure(row: OutboxRecord, mailbox: Mailbox): Promise<boolean>
}

type Sealed = OutboxRecord & { readonly envelope: Uint8Array }

export class RelayDeposits {
  readonly #core: Core
  readonly #relays: RelayPort
  readonly #paths: Paths
  readonly #receipts: Receipts
  readonly #uploads: BlobUploads
  readonly #onPathChanged: (relayId: RelayId) => void
  /** The owner took these at that relay; the sealed receipt is on its way. */
  readonly #collected = new Set<string>()

  constructor(
    core: Core,
    parts: {
      readonly relays: RelayPort
      readonly paths: Paths
      readonly receipts: Receipts
      readonly uploads: BlobUploads
      readonly onPathChanged: (relayId: RelayId) => void
    },
  ) {
    this.#core = core
    this.#relays = parts.relays
    this.#paths = parts.paths
    this.#receipts = parts.receipts
    this.#uploads = parts.uploads
    this.#onPathChanged = parts.onPathChanged
  }

  /** True when nothing is left to be tried again. */
  async depositAll(rows: readonly OutboxRecord[], mailboxes: readonly Mailbox[]): Promise<boolean> {
    const results = await Promise.all(mailboxes.map((mailbox) => this.#depositAt(mailbox, rows)))
    return results.every((done) => done)
  }

  async #depositAt(mailbox: Mailbox, rows: readonly OutboxRecord[]): Promise<boolean> {
    const due = rows.filter((row): row is Sealed => row.envelope !== null && this.#isDue(row, mailbox.relayId))
    const plain = due.filter((row) => row.blobId === null)
    try {
      let taken = true
      for (let at = 0; at < plain.length; at += MAX_BATCH) {
        taken = (await this.#depositBatch(mailbox, plain.slice(at, at + MAX_BATCH))) && taken
      }
      for (const row of due.filter((item) => item.blobId !== null)) {
        taken = (await this.#uploads.ensure(row, mailbox)) && (await this.#depositBatch(mailbox, [row])) && taken
      }
      return taken
    } catch (error) {
      if (!isParleyError(error)) throw error
      this.#noteAnswer(mailbox.relayId, error.code !== 'unreachable' && error.code !== 'timeout')
      this.#hinder(due, error.code)
      return false
    }
  }

  #isDue(row: OutboxRecord, relayId: RelayId): boolean {
    if (this.#collected.has(collectedKey(row, relayId))) return false
    const known = this.#core.store.outbox
      .deposits(row.messageId)
      .find(
        (deposit) => deposit.deviceId === row.deviceId && deposit.relayId === relayId && deposit.what === 'envelope',
      )
    return (
      known === undefined ||
      known.envelopeId !== row.envelopeId ||
      known.expiresAtMs < this.#core.clock.nowMs() + DEPOSIT_RENEW_MS
    )
  }

  /** False: something was refused for now. */
  async #depositBatch(mailbox: Mailbox, rows: readonly Sealed[]): Promise<boolean> {
    const outcomes = await this.#relays.deposit(
      mailbox,
      rows.map((row) => ({
        mailboxId: mailbox.mailboxId,
        token: mailbox.token,
        envelope: row.envelope,
        ttlSeconds: RELAY_TTL_SECONDS,
      })),
    )
    this.#noteAnswer(mailbox.relayId, true)
    return this.#core.store.transaction(() => {
      let taken = true
      for (const [index, row] of rows.entries()) {
        const outcome = outcomes[index]
        taken = outcome !== undefined && this.#record(row, mailbox.relayId, outcome) && taken
      }
      return taken
    })
  }

  #record(row: Sealed, relayId: RelayId, outcome: DepositOutcome): boolean {
    const { store, clock } = this.#core
    switch (outcome.kind) {
      case 'held':
        store.outbox.putDeposit({
          messageId: row.messageId,
          deviceId: row.deviceId,
          relayId,
          what: 'envelope',
          envelopeId: row.envelopeId,
          receipt: outcome.receipt,
          heldAtMs: clock.nowMs(),
          expiresAtMs: outcome.expiresAtMs,
        })
        if (!row.needsReceipt) store.outbox.delete(row.outboxId)
        this.#receipts.hinder(row.messageId, null)
        this.#receipts.refresh(row.messageId)
        return true
      case 'collected':
        if (row.needsReceipt) this.#collected.add(collectedKey(row, relayId))
        else store.outbox.delete(row.outboxId)
        return true
      case 'refused':
        if (outcome.code === 'too-large') {
          this.#receipts.fail(row.messageId, 'too-large')
          return true
        }
        this.#receipts.hinder(row.messageId, outcome.code)
        return false
    }
  }

  #hinder(rows: readonly OutboxRecord[], code: ErrorCode): void {
    if (code === 'cancelled') return
    this.#core.store.transaction(() => {
      for (const row of rows) this.#receipts.hinder(row.messageId, code)
    })
  }

  #noteAnswer(relayId: RelayId, answers: boolean): void {
    if (this.#paths.setRelayAnswers(relayId, answers)) this.#onPathChanged(relayId)
  }
}

function collectedKey(row: OutboxRecord, relayId: DeviceId | RelayId): string {
  return `${row.envelopeId ?? ''} ${relayId}`
}
