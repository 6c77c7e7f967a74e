/** Forgetting in SQL: envelopes whose time is over, marks of collected ones after 48 hours. Runs inside a commit. */

import { bytesAt, numberAt } from './sqlite-database.ts'
import type { Prepared, SqliteDatabase } from './sqlite-database.ts'
import type { SqliteMailboxes } from './sqlite-mailboxes.ts'
import { MARK_BYTES } from './tombstone-mark.ts'

const TOMBSTONE_LIFE_MS = 48 * 60 * 60 * 1000
/** Envelopes of one slice, and marks: what is changed has to be written in one go. */
const SLICE_ENVELOPES = 500
const SLICE_MARKS = 1_000
const SLICE_MAILBOXES = 500
/** A slice ends here at the latest, so that requests get their turn. */
const SLICE_MS = 10

export class SqliteExpiry {
  readonly #mailboxes: SqliteMailboxes
  readonly #sql: ReturnType<typeof statements>

  constructor(database: SqliteDatabase, mailboxes: SqliteMailboxes) {
    this.#mailboxes = mailboxes
    this.#sql = statements(database)
  }

  /** Returns whether there may be more. */
  sweep(nowMs: number): boolean {
    const untilMs = performance.now() + SLICE_MS
    const moreEnvelopes = this.#sweepEnvelopes(nowMs, untilMs)
    return this.#sweepMarks(nowMs - TOMBSTONE_LIFE_MS, untilMs) || moreEnvelopes
  }

  /** Mailboxes in which something expired. */
  due(nowMs: number): readonly number[] {
    return this.#sql.due.all(nowMs, SLICE_MAILBOXES).map((row) => numberAt(row, 0))
  }

  expired(mailbox: number, nowMs: number): readonly number[] {
    return this.#sql.expired.all(mailbox, nowMs, SLICE_ENVELOPES).map((row) => numberAt(row, 0))
  }

  deleteOne(mailbox: number, sequence: number): void {
    const mark = this.#sql.deleteEnvelope.first(sequence)
    if (mark !== undefined) this.#sql.deleteMark.run(bytesAt(mark, 0))
    this.#sql.deleteWaiting.run(mailbox, sequence)
  }

  /** What could not be deleted is tried again then. */
  postpone(mailbox: number, dueMs: number): void {
    this.#sql.setDue.run(dueMs, mailbox)
    this.#mailboxes.forget()
  }

  #sweepEnvelopes(nowMs: number, untilMs: number): boolean {
    const due = this.due(nowMs)
    let left = SLICE_ENVELOPES
    for (const mailbox of due) {
      if (left <= 0 || performance.now() > untilMs) return true
      left -= this.sweepMailbox(mailbox, nowMs, left)
    }
    return due.length === SLICE_MAILBOXES || left <= 0
  }

  /** How many went. */
  sweepMailbox(number: number, nowMs: number, limit = SLICE_ENVELOPES): number {
    const expired = this.#sql.expired.all(number, nowMs, limit)
    let bytes = 0
    for (const row of expired) {
      const sequence = numberAt(row, 0)
      bytes += numberAt(row, 1)
      this.deleteOne(number, sequence)
    }
    const next = this.#sql.nextExpiry.first(number)
    const dueMs = next === undefined || next[0] === null ? null : numberAt(next, 0)
    if (dueMs === null) this.#sql.deleteDue.run(number)
    else this.#sql.setDue.run(dueMs, number)
    const known = this.#mailboxes.ifKnown(number)
    if (known !== null) {
      known.envelopeCount -= expired.length
      known.bytes -= bytes
      known.dueMs = dueMs
    }
    return expired.length
  }

  #sweepMarks(beforeMs: number, untilMs: number): boolean {
    let left = SLICE_MARKS
    while (left > 0 && performance.now() <= untilMs) {
      const oldest = this.#sql.oldestCollected.first()
      if (oldest === undefined || numberAt(oldest, 1) > beforeMs) return false
      const marks = bytesAt(oldest, 2)
      for (let at = 0; at < marks.length; at += MARK_BYTES) {
        this.#sql.deleteLooseMark.run(marks.subarray(at, at + MARK_BYTES))
      }
      this.#sql.deleteCollected.run(numberAt(oldest, 0))
      left -= marks.length / MARK_BYTES
    }
    return true
  }
}

function statements(database: SqliteDatabase) {
  const prepared = (sql: string): Prepared => database.prepare(sql)
  return {
    due: prepared('select mailbox from due where due_ms <= ? order by due_ms limit ?'),
    setDue: prepared('update due set due_ms = ? where mailbox = ?'),
    deleteDue: prepared('delete from due where mailbox = ?'),
    expired: prepared('select sequence, size from waiting where mailbox = ? and expires_ms <= ? limit ?'),
    nextExpiry: prepared('select min(expires_ms) from waiting where mailbox = ?'),
    deleteEnvelope: prepared('delete from envelope where sequence = ? returning mark'),
    deleteWaiting: prepared('delete from waiting where mailbox = ? and sequence = ?'),
    deleteMark: prepared('delete from mark where mark = ?'),
    oldestCollected: prepared('select number, collected_ms, marks from collected order by number limit 1'),
    deleteCollected: prepared('delete from collected where number = ?'),
    // It may have been deposited again since, after an acknowledgement that came twice.
    deleteLooseMark: prepared(
      'delete from mark where mark = ? and not exists (select 1 from envelope where envelope.sequence = mark.sequence)',
    ),
  }
}
