/**
 * Deposits and acknowledgements in SQL, a group at a time: a handful of statements over arrays, whatever the group's size.
 * A mailbox's row in `mailbox_usage` is locked for as long as its envelopes are changed, so its sequence numbers become
 * visible in order: no reader passes one that is still to come.
 */

import { hash } from 'node:crypto'
import type { EnvelopeId, MailboxId } from '../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../shared/model/ids.ts'
import { concatBytes } from '../../shared/wire/bytes.ts'
import { count, decideDeposits } from './deposit-decisions.ts'
import type { DepositFacts, Incoming, Insert, MailboxUsage } from './deposit-decisions.ts'
import type { Transaction } from './postgres-transaction.ts'
import { bytesArray, bytesOf, numberArray, numberOf } from './postgres-values.ts'
import type { Row } from './postgres-values.ts'
import type { DepositItem, DepositResult, StoredEnvelope, StoreLimits } from './relay-store.ts'

const MARK_BYTES = 16
/** Of strangers: no token, so no handle. */
const NO_HANDLE = new Uint8Array()
const SWEEP_ROWS = 2_000
const TOMBSTONE_LIFE_MS = 48 * 60 * 60 * 1000

type Usages = Map<MailboxId, MailboxUsage>

export interface CollectItem {
  readonly mailboxId: MailboxId
  readonly envelopeId: EnvelopeId
  readonly collectedAtMs: number
}

export class PostgresEnvelopes {
  readonly #limits: StoreLimits
  readonly #tombstoneKey: Uint8Array

  constructor(limits: StoreLimits, tombstoneKey: Uint8Array) {
    this.#limits = limits
    this.#tombstoneKey = tombstoneKey
  }

  async carryOut(
    transaction: Transaction,
    deposits: readonly DepositItem[],
    collects: readonly CollectItem[],
  ): Promise<readonly DepositResult[]> {
    // Both leave together; the second sees what was committed by whoever held the rows before.
    const locking = lockMailboxes(transaction, [...deposits, ...collects])
    const finding = this.#factsOf(transaction, deposits)
    finding.catch(() => undefined)
    const usages = await locking
    const decided = decideDeposits(deposits, await finding, usages, this.#limits)
    await Promise.all([
      deleteExpired(transaction, decided.deletes),
      insert(transaction, decided.inserts),
      this.#collect(transaction, collects, usages),
    ])
    await writeUsages(transaction, usages)
    return decided.results
  }

  /** From a stranger, where the door is open. */
  async atDoor(transaction: Transaction, item: Incoming, maxPending: number): Promise<DepositResult> {
    const usages = await lockMailboxes(transaction, [item])
    const row = await transaction.get(
      `select (select count(*) from envelope d where d.mailbox_id = m.mailbox_id and length(d.handle) = 0) as pending,
       e.stored_ms, e.expires_ms, e.size, t.mark is not null as collected
       from mailbox m left join envelope e on e.mailbox_id = m.mailbox_id and e.envelope_id = $2
       left join tombstone t on t.mark = $3 where m.mailbox_id = $1 and not m.door_closed`,
      idToBytes(item.mailboxId),
      idToBytes(item.envelopeId),
      this.#mark(item),
    )
    if (row === undefined) return { kind: 'no-token' }
    const facts = { ...factsOf({ ...row, handle: null }), handle: NO_HANDLE }
    if (facts.known === null && !facts.collected && numberOf(row, 'pending') >= maxPending) return { kind: 'full' }
    const { results, inserts, deletes } = decideDeposits([item], [facts], usages, this.#limits)
    await Promise.all([deleteExpired(transaction, deletes), insert(transaction, inserts)])
    await writeUsages(transaction, usages)
    return results[0] ?? { kind: 'no-token' }
  }

  async #factsOf(transaction: Transaction, items: readonly DepositItem[]): Promise<readonly DepositFacts[]> {
    if (items.length === 0) return []
    const rows = await transaction.all(
      `select w.n, t.handle, e.stored_ms, e.expires_ms, e.size, m.mark is not null as collected
       from unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[]) with ordinality
         as w (mailbox_id, hash, envelope_id, mark, n)
       left join token t on t.mailbox_id = w.mailbox_id and t.hash = w.hash
       left join envelope e on e.mailbox_id = w.mailbox_id and e.envelope_id = w.envelope_id
       left join tombstone m on m.mark = w.mark`,
      bytesArray(items.map(({ mailboxId }) => idToBytes(mailboxId))),
      bytesArray(items.map(({ tokenHash }) => tokenHash)),
      bytesArray(items.map(({ envelopeId }) => idToBytes(envelopeId))),
      bytesArray(items.map((item) => this.#mark(item))),
    )
    const byNumber = new Map(rows.map((row) => [numberOf(row, 'n'), row]))
    return items.map((_item, index) => factsOf(byNumber.get(index + 1)))
  }

  /**
   * A hash with a secret before what is hashed, cut short: the table alone says nothing of which envelopes there were, nor
   * whose. All parts have one length each; an HMAC would take several times as long here.
   */
  #mark({ mailboxId, envelopeId }: Pick<CollectItem, 'mailboxId' | 'envelopeId'>): Uint8Array {
    const named = concatBytes(this.#tombstoneKey, idToBytes(mailboxId), idToBytes(envelopeId))
    return new Uint8Array(hash('sha256', named, 'buffer').subarray(0, MARK_BYTES))
  }

  async #collect(transaction: Transaction, items: readonly CollectItem[], usages: Usages): Promise<void> {
    if (items.length === 0) return
    const marks = new Map(items.map((item) => [`${item.mailboxId} ${item.envelopeId}`, item]))
    const [deleted] = await Promise.all([
      transaction.all(
        `delete from envelope e using unnest($1::bytea[], $2::bytea[]) as w (mailbox_id, envelope_id)
         where e.mailbox_id = w.mailbox_id and e.envelope_id = w.envelope_id returning e.mailbox_id, e.size`,
        bytesArray(items.map(({ mailboxId }) => idToBytes(mailboxId))),
        bytesArray(items.map(({ envelopeId }) => idToBytes(envelopeId))),
      ),
      transaction.all(
        `insert into tombstone (mark, collected_ms) select * from unnest($1::bytea[], $2::int8[])
         on conflict (mark) do update set collected_ms = excluded.collected_ms`,
        bytesArray([...marks.values()].map((item) => this.#mark(item))),
        numberArray([...marks.values()].map(({ collectedAtMs }) => collectedAtMs)),
      ),
    ])
    countDeleted(deleted, usages)
  }

  async sweepEnvelopes(transaction: Transaction, nowMs: number): Promise<boolean> {
    const expired = await transaction.all(
      `select mailbox_id, sequence from envelope where expires_ms <= $1 order by expires_ms limit ${SWEEP_ROWS}`,
      nowMs,
    )
    if (expired.length === 0) return false
    const usages = await lockMailboxes(
      transaction,
      expired.map((row) => ({ mailboxId: idFromBytes<MailboxId>(bytesOf(row, 'mailbox_id')) })),
    )
    const deleted = await transaction.all(
      `delete from envelope e using unnest($1::bytea[], $2::int8[]) as w (mailbox_id, sequence)
       where e.mailbox_id = w.mailbox_id and e.sequence = w.sequence and e.expires_ms <= $3
       returning e.mailbox_id, e.size`,
      bytesArray(expired.map((row) => bytesOf(row, 'mailbox_id'))),
      numberArray(expired.map((row) => numberOf(row, 'sequence'))),
      nowMs,
    )
    countDeleted(deleted, usages)
    await writeUsages(transaction, usages)
    return expired.length === SWEEP_ROWS
  }

  async sweepTombstones(transaction: Transaction, nowMs: number): Promise<boolean> {
    const deleted = await transaction.all(
      `delete from tombstone where mark in (
         select mark from tombstone where collected_ms <= $1 limit ${SWEEP_ROWS} for update skip locked)
       returning collected_ms`,
      nowMs - TOMBSTONE_LIFE_MS,
    )
    return deleted.length === SWEEP_ROWS
  }
}

function factsOf(row: Row | undefined): DepositFacts {
  if (row === undefined) throw new Error('a deposit of which nothing is known')
  const known =
    row['stored_ms'] === null
      ? null
      : {
          storedAtMs: numberOf(row, 'stored_ms'),
          expiresAtMs: numberOf(row, 'expires_ms'),
          sizeBytes: numberOf(row, 'size'),
        }
  return { handle: row['handle'] === null ? null : bytesOf(row, 'handle'), known, collected: row['collected'] === true }
}

/** In one order for everybody, so that nobody waits in a circle. */
export async function lockMailboxes(
  transaction: Transaction,
  items: readonly { readonly mailboxId: MailboxId }[],
): Promise<Usages> {
  const mailboxIds = [...new Set(items.map(({ mailboxId }) => mailboxId))]
  const rows = await transaction.all(
    `select u.mailbox_id, u.envelopes, u.bytes, u.next_sequence
     from unnest($1::bytea[]) as w (mailbox_id) join mailbox_usage u on u.mailbox_id = w.mailbox_id
     order by u.mailbox_id for update of u`,
    bytesArray(mailboxIds.map(idToBytes)),
  )
  return new Map(rows.map((row) => [idFromBytes<MailboxId>(bytesOf(row, 'mailbox_id')), usageOf(row)]))
}

function usageOf(row: Row): MailboxUsage {
  return {
    envelopes: numberOf(row, 'envelopes'),
    bytes: numberOf(row, 'bytes'),
    nextSequence: numberOf(row, 'next_sequence'),
    changed: false,
  }
}

async function deleteExpired(
  transaction: Transaction,
  items: readonly Omit<CollectItem, 'collectedAtMs'>[],
): Promise<void> {
  if (items.length === 0) return
  await transaction.all(
    `delete from envelope e using unnest($1::bytea[], $2::bytea[]) as w (mailbox_id, envelope_id)
     where e.mailbox_id = w.mailbox_id and e.envelope_id = w.envelope_id`,
    bytesArray(items.map(({ mailboxId }) => idToBytes(mailboxId))),
    bytesArray(items.map(({ envelopeId }) => idToBytes(envelopeId))),
  )
}

async function insert(transaction: Transaction, inserts: readonly Insert[]): Promise<void> {
  if (inserts.length === 0) return
  const items = inserts.map(({ item }) => item)
  await transaction.all(
    `insert into envelope (mailbox_id, sequence, envelope_id, handle, size, bytes, stored_ms, expires_ms)
     select * from unnest($1::bytea[], $2::int8[], $3::bytea[], $4::bytea[], $5::int8[], $6::bytea[], $7::int8[], $8::int8[])`,
    bytesArray(items.map(({ mailboxId }) => idToBytes(mailboxId))),
    numberArray(inserts.map(({ sequence }) => sequence)),
    bytesArray(items.map(({ envelopeId }) => idToBytes(envelopeId))),
    bytesArray(inserts.map(({ handle }) => handle)),
    numberArray(items.map(({ envelope }) => envelope.length)),
    bytesArray(items.map(({ envelope }) => envelope)),
    numberArray(items.map(({ storedAtMs }) => storedAtMs)),
    numberArray(items.map(({ expiresAtMs }) => expiresAtMs)),
  )
}

export function countDeleted(rows: readonly Row[], usages: Usages): void {
  for (const row of rows) {
    const usage = usages.get(idFromBytes<MailboxId>(bytesOf(row, 'mailbox_id')))
    if (usage !== undefined) count(usage, -1, -numberOf(row, 'size'))
  }
}

export async function writeUsages(transaction: Transaction, usages: Usages): Promise<void> {
  const changed = [...usages].filter(([, usage]) => usage.changed)
  if (changed.length === 0) return
  await transaction.all(
    `update mailbox_usage u set envelopes = w.envelopes, bytes = w.bytes, next_sequence = w.next_sequence
     from unnest($1::bytea[], $2::int8[], $3::int8[], $4::int8[]) as w (mailbox_id, envelopes, bytes, next_sequence)
     where u.mailbox_id = w.mailbox_id`,
    bytesArray(changed.map(([mailboxId]) => idToBytes(mailboxId))),
    numberArray(changed.map(([, { envelopes }]) => envelopes)),
    numberArray(changed.map(([, { bytes }]) => bytes)),
    numberArray(changed.map(([, { nextSequence }]) => nextSequence)),
  )
}

/** The first one always fits. */
export const ENVELOPES_AFTER = `
  select sequence, envelope_id, handle, bytes, stored_ms from (
    select sequence, envelope_id, handle, bytes, stored_ms, size, sum(size) over (order by sequence) as total
    from envelope where mailbox_id = $1 and sequence > $2 and expires_ms > $3 order by sequence limit $4
  ) e where total <= $5::int8 or total = size order by sequence`

export function storedEnvelope(row: Row): StoredEnvelope {
  return {
    sequence: numberOf(row, 'sequence'),
    envelopeId: idFromBytes<EnvelopeId>(bytesOf(row, 'envelope_id')),
    handle: bytesOf(row, 'handle'),
    envelope: bytesOf(row, 'bytes'),
    storedAtMs: numberOf(row, 'stored_ms'),
  }
}
