/** Envelopes and what is remembered of collected ones, in SQL. Each function that changes something runs inside a commit. */

import type { EnvelopeId, MailboxId } from '../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../shared/model/ids.ts'
import { equalBytes } from '../../shared/wire/bytes.ts'
import type { UsageAnswer } from '../../shared/wire/relay-answers.ts'
import type { DepositItem, DepositResult, PushedName, StoredEnvelope, StoreLimits } from './relay-store.ts'
import { bytesAt, numberAt, numberOf } from './sqlite-database.ts'
import type { Cells, Prepared, SqliteDatabase } from './sqlite-database.ts'
import type { KnownMailbox, SqliteMailboxes } from './sqlite-mailboxes.ts'
import { MARK_BYTES, Marks, secretOf } from './tombstone-mark.ts'

/** Numbers of envelopes that are set aside on disk at once, so that none is used again after a crash. */
const SEQUENCE_BLOCK = 2 ** 20
/** Of a mark that was acknowledged without its envelope ever having been here. */
const NO_ENVELOPE = 0

export class SqliteEnvelopes {
  readonly #database: SqliteDatabase
  readonly #mailboxes: SqliteMailboxes
  readonly #limits: StoreLimits
  readonly #marks: Marks
  readonly #sql: ReturnType<typeof statements>
  #nextSequence = 0
  #reservedTo = 0

  constructor(database: SqliteDatabase, mailboxes: SqliteMailboxes, limits: StoreLimits) {
    this.#database = database
    this.#mailboxes = mailboxes
    this.#limits = limits
    this.#marks = new Marks(secretOf(database, 'tombstone'))
    this.#sql = statements(database)
  }

  usage(mailboxId: MailboxId): UsageAnswer {
    const mailbox = this.#mailboxes.find(mailboxId)
    if (mailbox === null) return { envelopeCount: 0, bytes: 0 }
    return { envelopeCount: mailbox.envelopeCount, bytes: mailbox.bytes }
  }

  deposit(item: DepositItem): DepositResult {
    const mailbox = this.#mailboxes.find(item.mailboxId)
    if (mailbox === null) return { kind: 'no-token' }
    const handle = this.#mailboxes.handleOf(mailbox, item.tokenHash)
    return handle === null ? { kind: 'no-token' } : this.keep(mailbox, item, handle)
  }

  /** What was let in, once. */
  keep(mailbox: KnownMailbox, item: Omit<DepositItem, 'tokenHash'>, handle: Uint8Array): DepositResult {
    const { envelope, storedAtMs, expiresAtMs } = item
    const envelopeId = idToBytes(item.envelopeId)
    const mark = this.#marks.of(mailbox.id, envelopeId)
    const sequence = this.#sequence()
    if (this.#sql.insertMark.run(mark, sequence) === 0) {
      const repeated = this.#repeated(mailbox, mark, item)
      if (repeated !== null) return repeated
      this.#sql.insertMark.run(mark, sequence)
    }
    if (this.#isFull(mailbox, envelope.length)) {
      this.#sql.deleteMark.run(mark)
      return { kind: 'full' }
    }
    this.#sql.insertEnvelope.run(sequence, mailbox.number, mark, envelopeId, handle, storedAtMs, expiresAtMs, envelope)
    this.#sql.insertWaiting.run(mailbox.number, sequence, envelope.length, expiresAtMs, handle.length === 0 ? 1 : 0)
    mailbox.envelopeCount += 1
    mailbox.bytes += envelope.length
    if (mailbox.dueMs === null || expiresAtMs < mailbox.dueMs) {
      mailbox.dueMs = expiresAtMs
      this.#sql.setDue.run(mailbox.number, expiresAtMs)
    }
    return { kind: 'held', storedAtMs, expiresAtMs, isNew: true }
  }

  /** Held, expired or collected: a deposit of it takes no more room. */
  isKnown(mailbox: KnownMailbox, envelopeId: EnvelopeId): boolean {
    return this.#sql.sequenceOfMark.first(this.#marks.of(mailbox.id, idToBytes(envelopeId))) !== undefined
  }

  #isFull({ envelopeCount, bytes }: KnownMailbox, more: number): boolean {
    return envelopeCount >= this.#limits.mailboxMaxEnvelopes || bytes + more > this.#limits.mailboxMaxBytes
  }

  /** Null: it had expired, and is gone now. */
  #repeated(mailbox: KnownMailbox, mark: Uint8Array, item: Omit<DepositItem, 'tokenHash'>): DepositResult | null {
    const known = this.#sql.envelopeOfMark.first(mark)
    if (known === undefined) return { kind: 'collected' }
    const [sequence, storedAtMs, expiresAtMs] = [numberAt(known, 0), numberAt(known, 1), numberAt(known, 2)]
    if (expiresAtMs > item.storedAtMs) {
      // A receipt is signed for this: what was damaged on the disk is made whole.
      if (!equalBytes(bytesAt(known, 3), item.envelope)) this.#sql.mend.run(item.envelope, sequence)
      return { kind: 'held', storedAtMs, expiresAtMs, isNew: false }
    }
    this.#delete(mailbox, sequence)
    this.#sql.deleteMark.run(mark)
    return null
  }

  /** Grows over restarts and crashes: an owner that is connected asks for what comes after the last one it got. */
  #sequence(): number {
    if (this.#nextSequence >= this.#reservedTo) {
      const counter = this.#database.get(
        "update counter set value = value + ? where name = 'sequence' returning value",
        SEQUENCE_BLOCK,
      )
      this.#reservedTo = numberOf(counter, 'value')
      this.#nextSequence = this.#reservedTo - SEQUENCE_BLOCK + 1
    }
    return this.#nextSequence++
  }

  /** A transaction was undone. */
  forget(): void {
    this.#nextSequence = this.#reservedTo = 0
  }

  /** False: it was not there. */
  #delete(mailbox: KnownMailbox, sequence: number): boolean {
    const waiting = this.#sql.deleteWaiting.first(mailbox.number, sequence)
    if (waiting === undefined) return false
    this.#sql.deleteEnvelope.run(sequence)
    mailbox.envelopeCount -= 1
    mailbox.bytes -= numberAt(waiting, 0)
    return true
  }

  /** A slice of all that lies in a mailbox that is closed: nothing of it is remembered. Returns whether there is more. */
  deleteSome(mailbox: KnownMailbox, limit: number): boolean {
    const rows = this.#sql.firstOf.all(mailbox.number, limit)
    for (const row of rows) {
      const sequence = numberAt(row, 0)
      const mark = this.#sql.markOfEnvelope.first(sequence)
      if (mark !== undefined) this.#sql.deleteMark.run(bytesAt(mark, 0))
      this.#delete(mailbox, sequence)
    }
    return rows.length === limit
  }

  collect(mailboxId: MailboxId, envelopeIds: readonly EnvelopeId[], nowMs: number): void {
    const mailbox = this.#mailboxes.find(mailboxId)
    if (mailbox === null) return
    const collected: Uint8Array[] = []
    for (const envelopeId of envelopeIds) {
      const mark = this.#marks.of(mailbox.id, idToBytes(envelopeId))
      const known = this.#sql.sequenceOfMark.first(mark)
      if (known === undefined) this.#sql.insertMark.run(mark, NO_ENVELOPE)
      else if (!this.#delete(mailbox, numberAt(known, 0))) continue
      collected.push(mark)
    }
    this.#remember(collected, nowMs)
  }

  /** One statement for all of them where nothing else lies between the first and the last. */
  collectPushed(mailboxId: MailboxId, pushed: readonly PushedName[], nowMs: number): void {
    const mailbox = this.#mailboxes.find(mailboxId)
    const [first, last] = [pushed[0], pushed.at(-1)]
    if (mailbox === null || first === undefined || last === undefined) return
    const range = [mailbox.number, first.sequence, last.sequence] as const
    const between = this.#sql.countBetween.first(...range) ?? [0, 0]
    if (numberAt(between, 0) !== pushed.length) {
      this.collect(
        mailboxId,
        pushed.map(({ envelopeId }) => envelopeId),
        nowMs,
      )
      return
    }
    const marks = this.#sql.deleteBetween.all(...range).map((row) => bytesAt(row, 0))
    this.#sql.deleteWaitingBetween.run(...range)
    mailbox.envelopeCount -= pushed.length
    mailbox.bytes -= numberAt(between, 1)
    this.#remember(marks, nowMs)
  }

  /** Their marks stay for 48 hours: they answer a repeated deposit. */
  #remember(marks: readonly Uint8Array[], nowMs: number): void {
    if (marks.length === 0) return
    const joined = new Uint8Array(marks.length * MARK_BYTES)
    for (const [index, mark] of marks.entries()) joined.set(mark, index * MARK_BYTES)
    this.#sql.insertCollected.run(nowMs, joined)
  }

  envelopesAfter(
    mailboxId: MailboxId,
    sequence: number,
    limits: { readonly count: number; readonly bytes: number },
    nowMs: number,
  ): readonly StoredEnvelope[] {
    const mailbox = this.#mailboxes.find(mailboxId)
    if (mailbox === null || mailbox.envelopeCount === 0) return []
    const sizes = this.#sql.sizesAfter.all(mailbox.number, sequence, nowMs, limits.count)
    const last = lastThatFits(sizes, limits.bytes)
    if (last === null) return []
    return this.#sql.envelopesAfter.all(mailbox.number, sequence, last, nowMs).map(storedEnvelope)
  }
}

function statements(database: SqliteDatabase) {
  const prepared = (sql: string): Prepared => database.prepare(sql)
  return {
    insertMark: prepared('insert or ignore into mark values (?, ?)'),
    deleteMark: prepared('delete from mark where mark = ?'),
    sequenceOfMark: prepared('select sequence from mark where mark = ?'),
    envelopeOfMark:
      prepared(`select e.sequence, e.stored_ms, e.expires_ms, e.bytes from mark m join envelope e on e.sequence = m.sequence
      where m.mark = ?`),
    markOfEnvelope: prepared('select mark from envelope where sequence = ?'),
    mend: prepared('update envelope set bytes = ? where sequence = ?'),
    firstOf: prepared('select sequence from waiting where mailbox = ? order by sequence limit ?'),
    insertEnvelope:
      prepared(`insert into envelope (sequence, mailbox, mark, envelope_id, handle, stored_ms, expires_ms, bytes)
      values (?, ?, ?, ?, ?, ?, ?, ?)`),
    insertWaiting: prepared(
      'insert into waiting (mailbox, sequence, size, expires_ms, at_door) values (?, ?, ?, ?, ?)',
    ),
    setDue: prepared('insert or replace into due values (?, ?)'),
    deleteWaiting: prepared('delete from waiting where mailbox = ? and sequence = ? returning size'),
    deleteEnvelope: prepared('delete from envelope where sequence = ?'),
    countBetween: prepared('select count(*), sum(size) from waiting where mailbox = ? and sequence between ? and ?'),
    deleteBetween: prepared(`delete from envelope where sequence in
      (select sequence from waiting where mailbox = ? and sequence between ? and ?) returning mark`),
    deleteWaitingBetween: prepared('delete from waiting where mailbox = ? and sequence between ? and ?'),
    insertCollected: prepared('insert into collected (collected_ms, marks) values (?, ?)'),
    sizesAfter: prepared(`select sequence, size from waiting where mailbox = ? and sequence > ? and expires_ms > ?
      order by sequence limit ?`),
    envelopesAfter: prepared(`select w.sequence, e.envelope_id, e.handle, e.bytes, e.stored_ms
      from waiting w join envelope e on e.sequence = w.sequence
      where w.mailbox = ? and w.sequence > ? and w.sequence <= ? and w.expires_ms > ? order by w.sequence`),
  }
}

/** The sequence number of the last one within `maxBytes`; the first always fits. */
function lastThatFits(sizes: readonly Cells[], maxBytes: number): number | null {
  let last: number | null = null
  let bytes = 0
  for (const row of sizes) {
    bytes += numberAt(row, 1)
    if (last !== null && bytes > maxBytes) break
    last = numberAt(row, 0)
  }
  return last
}

export function storedEnvelope(row: Cells): StoredEnvelope {
  return {
    sequence: numberAt(row, 0),
    envelopeId: idFromBytes<EnvelopeId>(bytesAt(row, 1)),
    handle: bytesAt(row, 2),
    envelope: bytesAt(row, 3),
    storedAtMs: numberAt(row, 4),
  }
}
