/** Mailboxes, delivery tokens, envelopes and tombstones in SQL. Each function runs inside a commit. */

import { createHmac, randomBytes } from 'node:crypto'
import type { EnvelopeId, MailboxId } from '../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../shared/model/ids.ts'
import { equalBytes } from '../../shared/wire/bytes.ts'
import type { UsageAnswer } from '../../shared/wire/relay-answers.ts'
import type { TokenEntry } from '../../shared/wire/relay-requests.ts'
import type { DepositItem, DepositResult, PushedName, StoredEnvelope, StoreLimits } from './relay-store.ts'
import { bytesOf, numberOf } from './sqlite-database.ts'
import type { Row, SqliteDatabase } from './sqlite-database.ts'

const TOMBSTONE_LIFE_MS = 48 * 60 * 60 * 1000
const SWEEP_ROWS = 2_000
const MARK_BYTES = 16

export class SqliteEnvelopes {
  readonly #database: SqliteDatabase
  readonly #limits: StoreLimits
  readonly #tombstoneKey: Uint8Array

  constructor(database: SqliteDatabase, limits: StoreLimits) {
    this.#database = database
    this.#limits = limits
    this.#tombstoneKey = this.#secret('tombstone')
  }

  #secret(name: string): Uint8Array {
    const row = this.#database.get('select value from secret where name = ?', name)
    if (row !== undefined) return bytesOf(row, 'value')
    const value = new Uint8Array(randomBytes(32))
    this.#database.run('insert into secret (name, value) values (?, ?)', name, value)
    return value
  }

  openMailbox(
    mailbox: { readonly mailboxId: MailboxId; readonly publicKey: Uint8Array; readonly openedAtMs: number },
    admits: boolean,
  ): 'open' | 'not-admitted' | 'full' {
    const mailboxId = idToBytes(mailbox.mailboxId)
    if (this.#database.get('select 1 from mailbox where mailbox_id = ?', mailboxId) !== undefined) return 'open'
    if (!admits) return 'not-admitted'
    const count = numberOf(this.#database.get('select count(*) as n from mailbox'), 'n')
    if (count >= this.#limits.maxMailboxes) return 'full'
    this.#database.run(
      'insert into mailbox (mailbox_id, public_key, created_ms) values (?, ?, ?)',
      mailboxId,
      mailbox.publicKey,
      mailbox.openedAtMs,
    )
    this.#database.run('insert into mailbox_usage values (?, 0, 0)', mailboxId)
    return 'open'
  }

  usage(mailboxId: MailboxId): UsageAnswer {
    return this.#usage(idToBytes(mailboxId))
  }

  #usage(mailboxId: Uint8Array): UsageAnswer {
    const row = this.#database.get('select envelopes, bytes from mailbox_usage where mailbox_id = ?', mailboxId)
    return row === undefined
      ? { envelopeCount: 0, bytes: 0 }
      : { envelopeCount: numberOf(row, 'envelopes'), bytes: numberOf(row, 'bytes') }
  }

  #addUsage(mailboxId: Uint8Array, envelopes: number, bytes: number): void {
    this.#database.run(
      'update mailbox_usage set envelopes = envelopes + ?, bytes = bytes + ? where mailbox_id = ?',
      envelopes,
      bytes,
      mailboxId,
    )
  }

  putTokens(mailboxId: MailboxId, tokens: readonly TokenEntry[]): 'stored' | 'full' {
    const owner = idToBytes(mailboxId)
    const known = numberOf(this.#database.get('select count(*) as n from token where mailbox_id = ?', owner), 'n')
    const added = tokens.filter(({ hash }) => this.#handleOf(owner, hash) === null)
    if (known + added.length > this.#limits.mailboxMaxTokens) return 'full'
    for (const { hash, handle } of added) {
      this.#database.run('insert or ignore into token values (?, ?, ?)', owner, hash, handle)
    }
    return 'stored'
  }

  revokeTokens(mailboxId: MailboxId, hashes: readonly Uint8Array[]): void {
    for (const hash of hashes) {
      this.#database.run('delete from token where mailbox_id = ? and hash = ?', idToBytes(mailboxId), hash)
    }
  }

  hasToken(mailboxId: MailboxId, tokenHash: Uint8Array): boolean {
    return this.#handleOf(idToBytes(mailboxId), tokenHash) !== null
  }

  #handleOf(mailboxId: Uint8Array, tokenHash: Uint8Array): Uint8Array | null {
    const row = this.#database.get('select handle from token where mailbox_id = ? and hash = ?', mailboxId, tokenHash)
    return row === undefined ? null : bytesOf(row, 'handle')
  }

  deposit(item: DepositItem): DepositResult {
    const handle = this.#handleOf(idToBytes(item.mailboxId), item.tokenHash)
    return handle === null ? { kind: 'no-token' } : this.keep(item, handle)
  }

  /** What was let in, once. */
  keep(item: Omit<DepositItem, 'tokenHash'>, handle: Uint8Array): DepositResult {
    const mailboxId = idToBytes(item.mailboxId)
    const envelopeId = idToBytes(item.envelopeId)
    const known = this.#database.get(
      'select bytes, stored_ms, expires_ms from envelope where mailbox_id = ? and envelope_id = ?',
      mailboxId,
      envelopeId,
    )
    if (known !== undefined && numberOf(known, 'expires_ms') > item.storedAtMs) {
      // A receipt is signed for this: what was damaged on the disk is made whole.
      if (!equalBytes(bytesOf(known, 'bytes'), item.envelope)) this.#mend(mailboxId, item)
      const [storedAtMs, expiresAtMs] = [numberOf(known, 'stored_ms'), numberOf(known, 'expires_ms')]
      return { kind: 'held', storedAtMs, expiresAtMs, isNew: false }
    }
    if (known !== undefined) this.#delete(mailboxId, envelopeId)
    if (this.#wasCollected(mailboxId, envelopeId)) return { kind: 'collected' }
    const usage = this.#usage(mailboxId)
    const full =
      usage.envelopeCount >= this.#limits.mailboxMaxEnvelopes ||
      usage.bytes + item.envelope.length > this.#limits.mailboxMaxBytes
    if (full) return { kind: 'full' }
    const { envelope, storedAtMs, expiresAtMs } = item
    this.#database.run(
      'insert into envelope (mailbox_id, envelope_id, handle, bytes, stored_ms, expires_ms) values (?, ?, ?, ?, ?, ?)',
      mailboxId,
      envelopeId,
      handle,
      envelope,
      storedAtMs,
      expiresAtMs,
    )
    this.#addUsage(mailboxId, 1, envelope.length)
    return { kind: 'held', storedAtMs, expiresAtMs, isNew: true }
  }

  #mend(mailboxId: Uint8Array, { envelopeId, envelope }: Pick<DepositItem, 'envelopeId' | 'envelope'>): void {
    this.#database.run(
      'update envelope set bytes = ? where mailbox_id = ? and envelope_id = ?',
      envelope,
      mailboxId,
      idToBytes(envelopeId),
    )
  }

  #delete(mailboxId: Uint8Array, envelopeId: Uint8Array): void {
    const row = this.#database.get(
      'delete from envelope where mailbox_id = ? and envelope_id = ? returning length(bytes) as n',
      mailboxId,
      envelopeId,
    )
    if (row !== undefined) this.#addUsage(mailboxId, -1, -numberOf(row, 'n'))
  }

  /** How many went: it may be gone. */
  deleteBySequence(sequence: number): number {
    const row = this.#database.get(
      'delete from envelope where sequence = ? returning mailbox_id, length(bytes) as n',
      sequence,
    )
    if (row === undefined) return 0
    this.#addUsage(bytesOf(row, 'mailbox_id'), -1, -numberOf(row, 'n'))
    return 1
  }

  /** A keyed hash: the table alone says nothing of which envelopes there were. */
  #mark(mailboxId: Uint8Array, envelopeId: Uint8Array): Uint8Array {
    const digest = createHmac('sha256', this.#tombstoneKey).update(mailboxId).update(envelopeId).digest()
    return new Uint8Array(digest.subarray(0, MARK_BYTES))
  }

  #wasCollected(mailboxId: Uint8Array, envelopeId: Uint8Array): boolean {
    const mark = this.#mark(mailboxId, envelopeId)
    return this.#database.get('select 1 from tombstone where mark = ?', mark) !== undefined
  }

  collect(mailboxId: MailboxId, envelopeIds: readonly EnvelopeId[], nowMs: number): void {
    const owner = idToBytes(mailboxId)
    for (const id of envelopeIds) {
      const envelopeId = idToBytes(id)
      this.#delete(owner, envelopeId)
      this.#database.run('insert or replace into tombstone values (?, ?)', this.#mark(owner, envelopeId), nowMs)
    }
  }

  collectPushed(mailboxId: MailboxId, pushed: readonly PushedName[], nowMs: number): void {
    const owner = idToBytes(mailboxId)
    let [count, bytes] = [0, 0]
    for (const { sequence, envelopeId, sizeBytes } of pushed) {
      if (this.#database.run('delete from envelope where sequence = ? and mailbox_id = ?', sequence, owner) === 0)
        continue
      count += 1
      bytes += sizeBytes
      const mark = this.#mark(owner, idToBytes(envelopeId))
      this.#database.run('insert or replace into tombstone values (?, ?)', mark, nowMs)
    }
    if (count > 0) this.#addUsage(owner, -count, -bytes)
  }

  envelopesAfter(
    mailboxId: MailboxId,
    sequence: number,
    limits: { readonly count: number; readonly bytes: number },
    nowMs: number,
  ): readonly StoredEnvelope[] {
    const sizes = this.#database.all(
      `select sequence, length(bytes) as n from envelope where mailbox_id = ? and sequence > ? and expires_ms > ?
       order by sequence limit ?`,
      idToBytes(mailboxId),
      sequence,
      nowMs,
      limits.count,
    )
    const last = lastThatFits(sizes, limits.bytes)
    if (last === null) return []
    return this.#database
      .all(
        `select sequence, envelope_id, handle, bytes, stored_ms from envelope
         where mailbox_id = ? and sequence > ? and sequence <= ? and expires_ms > ? order by sequence`,
        idToBytes(mailboxId),
        sequence,
        last,
        nowMs,
      )
      .map(storedEnvelope)
  }

  /** Returns whether there may be more. */
  sweep(nowMs: number): boolean {
    const expired = this.#database.all(
      `delete from envelope where sequence in (select sequence from envelope where expires_ms <= ? limit ${SWEEP_ROWS})
       returning mailbox_id, length(bytes) as n`,
      nowMs,
    )
    for (const row of expired) this.#addUsage(bytesOf(row, 'mailbox_id'), -1, -numberOf(row, 'n'))
    const marks = this.#database.run(
      `delete from tombstone where mark in (select mark from tombstone where collected_ms <= ? limit ${SWEEP_ROWS})`,
      nowMs - TOMBSTONE_LIFE_MS,
    )
    return expired.length === SWEEP_ROWS || marks === SWEEP_ROWS
  }
}

/** The sequence number of the last one within `maxBytes`; the first always fits. */
function lastThatFits(sizes: readonly Row[], maxBytes: number): number | null {
  let last: number | null = null
  let bytes = 0
  for (const row of sizes) {
    bytes += numberOf(row, 'n')
    if (last !== null && bytes > maxBytes) break
    last = numberOf(row, 'sequence')
  }
  return last
}

export function storedEnvelope(row: Row): StoredEnvelope {
  return {
    sequence: numberOf(row, 'sequence'),
    envelopeId: idFromBytes<EnvelopeId>(bytesOf(row, 'envelope_id')),
    handle: bytesOf(row, 'handle'),
    envelope: bytesOf(row, 'bytes'),
    storedAtMs: numberOf(row, 'stored_ms'),
  }
}
