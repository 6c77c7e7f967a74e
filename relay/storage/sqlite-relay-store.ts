/** The embedded engine: SQLite with WAL, `synchronous=FULL`, and pages wiped on delete. */

import { createHmac, randomBytes } from 'node:crypto'
import Database from 'better-sqlite3'
import { idFromBytes, idToBytes } from '../../shared/model/ids.ts'
import type { BlobId, EnvelopeId, MailboxId } from '../../shared/model/ids.ts'
import { equalBytes } from '../../shared/wire/bytes.ts'
import type { InviteTaken } from '../../shared/wire/relay-frames.ts'
import { RELAY_MIGRATIONS } from './migrations.ts'
import type { BlobRow, NewEnvelope, RelayStore, StoredEnvelope } from './relay-store.ts'

const TOMBSTONE_LIFE_MS = 48 * 60 * 60 * 1000
/** A used or expired invite is still told apart from an unknown one for this long. */
const INVITE_MEMORY_MS = 30 * 24 * 60 * 60 * 1000
const SWEEP_ROWS = 5_000

type Row = Record<string, unknown>

const bytesOf = (row: Row, column: string): Uint8Array => {
  const value = row[column]
  if (!(value instanceof Uint8Array)) throw new Error(`${column} is not bytes`)
  return new Uint8Array(value)
}

const numberOf = (row: Row | undefined, column: string): number => {
  const value = row?.[column]
  if (typeof value !== 'number') throw new Error(`${column} is not a number`)
  return value
}

/** @throws Error when the file was written by a newer version */
export function openRelayStore(path: string, nativeBinding?: string): RelayStore {
  const database = new Database(path, nativeBinding === undefined ? {} : { nativeBinding })
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma('foreign_keys = ON')
  database.pragma('secure_delete = ON')
  database.pragma('busy_timeout = 5000')
  migrate(database)
  return new SqliteRelayStore(database)
}

function migrate(database: Database.Database): void {
  const version = numberOf(
    database.prepare('select user_version as version from pragma_user_version').get() as Row,
    'version',
  )
  if (version > RELAY_MIGRATIONS.length) {
    throw new Error(
      `The relay's database was written by a newer version (${version}); this one knows ${RELAY_MIGRATIONS.length}.`,
    )
  }
  for (const [index, script] of RELAY_MIGRATIONS.entries()) {
    if (index < version) continue
    database.transaction(() => {
      database.exec(script)
      database.pragma(`user_version = ${index + 1}`)
    })()
  }
}

class SqliteRelayStore implements RelayStore {
  readonly #database: Database.Database
  readonly #statements = new Map<string, Database.Statement>()
  readonly #tombstoneKey: Uint8Array

  constructor(database: Database.Database) {
    this.#database = database
    this.#tombstoneKey = this.#secret('tombstone')
  }

  #secret(name: string): Uint8Array {
    const row = this.#get('select value from secret where name = ?', name)
    if (row !== undefined) return bytesOf(row, 'value')
    const value = new Uint8Array(randomBytes(32))
    this.#run('insert into secret (name, value) values (?, ?)', name, value)
    return value
  }

  #prepare(sql: string): Database.Statement {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  #run(sql: string, ...values: readonly unknown[]): number {
    return this.#prepare(sql).run(...values).changes
  }

  #get(sql: string, ...values: readonly unknown[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined
  }

  #all(sql: string, ...values: readonly unknown[]): readonly Row[] {
    return this.#prepare(sql).all(...values) as Row[]
  }

  transaction<T>(body: () => T): T {
    return this.#database.transaction(body).immediate()
  }

  hasMailbox(mailboxId: MailboxId): boolean {
    return this.#get('select 1 from mailbox where mailbox_id = ?', idToBytes(mailboxId)) !== undefined
  }

  mailboxCount(): number {
    return numberOf(this.#get('select count(*) as n from mailbox'), 'n')
  }

  addMailbox(mailboxId: MailboxId, publicKey: Uint8Array, nowMs: number): void {
    this.#run('insert into mailbox values (?, ?, ?)', idToBytes(mailboxId), publicKey, nowMs)
    this.#run('insert into mailbox_usage values (?, 0, 0)', idToBytes(mailboxId))
  }

  putTokens(mailboxId: MailboxId, tokens: readonly { readonly hash: Uint8Array; readonly handle: Uint8Array }[]): void {
    for (const { hash, handle } of tokens) {
      this.#run('insert or replace into token values (?, ?, ?)', idToBytes(mailboxId), hash, handle)
    }
  }

  revokeTokens(mailboxId: MailboxId, hashes: readonly Uint8Array[]): void {
    for (const hash of hashes)
      this.#run('delete from token where mailbox_id = ? and hash = ?', idToBytes(mailboxId), hash)
  }

  handleOf(mailboxId: MailboxId, tokenHash: Uint8Array): Uint8Array | null {
    const row = this.#get('select handle from token where mailbox_id = ? and hash = ?', idToBytes(mailboxId), tokenHash)
    return row === undefined ? null : bytesOf(row, 'handle')
  }

  usage(mailboxId: MailboxId) {
    const row = this.#get('select envelopes, bytes from mailbox_usage where mailbox_id = ?', idToBytes(mailboxId))
    return row === undefined
      ? { envelopeCount: 0, bytes: 0 }
      : { envelopeCount: numberOf(row, 'envelopes'), bytes: numberOf(row, 'bytes') }
  }

  envelopeTimes(mailboxId: MailboxId, envelopeId: EnvelopeId) {
    const row = this.#get(
      'select stored_ms, expires_ms from envelope where mailbox_id = ? and envelope_id = ?',
      idToBytes(mailboxId),
      idToBytes(envelopeId),
    )
    return row === undefined
      ? null
      : { storedAtMs: numberOf(row, 'stored_ms'), expiresAtMs: numberOf(row, 'expires_ms') }
  }

  /** A keyed hash: the table alone says nothing of which envelopes there were. */
  #mark(mailboxId: MailboxId, envelopeId: EnvelopeId): Uint8Array {
    const hmac = createHmac('sha256', this.#tombstoneKey).update(idToBytes(mailboxId)).update(idToBytes(envelopeId))
    return new Uint8Array(hmac.digest().subarray(0, 16))
  }

  wasCollected(mailboxId: MailboxId, envelopeId: EnvelopeId): boolean {
    return this.#get('select 1 from tombstone where mark = ?', this.#mark(mailboxId, envelopeId)) !== undefined
  }

  addEnvelope(entry: NewEnvelope): void {
    this.#run(
      'insert into envelope (mailbox_id, envelope_id, handle, bytes, stored_ms, expires_ms) values (?, ?, ?, ?, ?, ?)',
      idToBytes(entry.mailboxId),
      idToBytes(entry.envelopeId),
      entry.handle,
      entry.envelope,
      entry.storedAtMs,
      entry.expiresAtMs,
    )
    this.#addUsage(idToBytes(entry.mailboxId), 1, entry.envelope.length)
  }

  #addUsage(mailboxId: Uint8Array, envelopes: number, bytes: number): void {
    this.#run(
      'update mailbox_usage set envelopes = envelopes + ?, bytes = bytes + ? where mailbox_id = ?',
      envelopes,
      bytes,
      mailboxId,
    )
  }

  envelopesAfter(mailboxId: MailboxId, sequence: number, limit: number): readonly StoredEnvelope[] {
    return this.#all(
      `select sequence, envelope_id, handle, bytes, stored_ms from envelope
       where mailbox_id = ? and sequence > ? order by sequence limit ?`,
      idToBytes(mailboxId),
      sequence,
      limit,
    ).map((row) => ({
      sequence: numberOf(row, 'sequence'),
      envelopeId: idFromBytes<EnvelopeId>(bytesOf(row, 'envelope_id')),
      handle: bytesOf(row, 'handle'),
      envelope: bytesOf(row, 'bytes'),
      storedAtMs: numberOf(row, 'stored_ms'),
    }))
  }

  collect(mailboxId: MailboxId, envelopeIds: readonly EnvelopeId[], nowMs: number): void {
    for (const envelopeId of envelopeIds) {
      const row = this.#get(
        'delete from envelope where mailbox_id = ? and envelope_id = ? returning length(bytes) as n',
        idToBytes(mailboxId),
        idToBytes(envelopeId),
      )
      if (row !== undefined) this.#addUsage(idToBytes(mailboxId), -1, -numberOf(row, 'n'))
      this.#run('insert or replace into tombstone values (?, ?)', this.#mark(mailboxId, envelopeId), nowMs)
    }
  }

  ownsDirectory(mailboxId: MailboxId, lookupId: Uint8Array): boolean {
    const row = this.#get('select mailbox_id from directory where lookup_id = ?', lookupId)
    return row === undefined || equalBytes(bytesOf(row, 'mailbox_id'), idToBytes(mailboxId))
  }

  putDirectory(
    mailboxId: MailboxId,
    lookupId: Uint8Array,
    entry: { readonly replace: boolean; readonly items: readonly Uint8Array[]; readonly lastResort: Uint8Array },
  ): number {
    if (entry.replace) this.#run('delete from directory_item where lookup_id = ?', lookupId)
    this.#run(
      'insert into directory values (?, ?, ?) on conflict (lookup_id) do update set last_resort = excluded.last_resort',
      lookupId,
      idToBytes(mailboxId),
      entry.lastResort,
    )
    for (const item of entry.items)
      this.#run('insert into directory_item (lookup_id, item) values (?, ?)', lookupId, item)
    return this.#remaining(lookupId)
  }

  #remaining(lookupId: Uint8Array): number {
    return numberOf(this.#get('select count(*) as n from directory_item where lookup_id = ?', lookupId), 'n')
  }

  takeDirectory(lookupId: Uint8Array) {
    const directory = this.#get('select mailbox_id, last_resort from directory where lookup_id = ?', lookupId)
    if (directory === undefined) return null
    const taken = this.#get(
      `delete from directory_item where sequence =
       (select min(sequence) from directory_item where lookup_id = ?) returning item`,
      lookupId,
    )
    return {
      item: taken === undefined ? bytesOf(directory, 'last_resort') : bytesOf(taken, 'item'),
      mailboxId: idFromBytes<MailboxId>(bytesOf(directory, 'mailbox_id')),
      remaining: this.#remaining(lookupId),
    }
  }

  putInvite(mailboxId: MailboxId, slotId: Uint8Array, item: Uint8Array, expiresAtMs: number): void {
    this.#run('insert or ignore into invite values (?, ?, ?, null, ?)', slotId, idToBytes(mailboxId), item, expiresAtMs)
  }

  closeInvite(mailboxId: MailboxId, slotId: Uint8Array): void {
    this.#run('delete from invite where slot_id = ? and mailbox_id = ?', slotId, idToBytes(mailboxId))
  }

  takeInvite(slotId: Uint8Array, takerNonce: Uint8Array, nowMs: number): InviteTaken {
    const row = this.#get('select item, taker_nonce, expires_ms from invite where slot_id = ?', slotId)
    if (row === undefined) return { kind: 'unknown' }
    const taker = row['taker_nonce'] === null ? null : bytesOf(row, 'taker_nonce')
    if (taker !== null && !equalBytes(taker, takerNonce)) return { kind: 'used' }
    if (row['item'] === null || numberOf(row, 'expires_ms') <= nowMs) return { kind: 'expired' }
    if (taker === null) this.#run('update invite set taker_nonce = ? where slot_id = ?', takerNonce, slotId)
    return { kind: 'item', item: bytesOf(row, 'item') }
  }

  blob(mailboxId: MailboxId, blobId: BlobId): BlobRow | null {
    return blobRow(
      this.#get('select * from blob where mailbox_id = ? and blob_id = ?', idToBytes(mailboxId), idToBytes(blobId)),
    )
  }

  blobByCapability(blobId: BlobId, capabilityHash: Uint8Array): BlobRow | null {
    return blobRow(
      this.#get(
        'select * from blob where blob_id = ? and capability_hash = ? and complete = 1',
        idToBytes(blobId),
        capabilityHash,
      ),
    )
  }

  blobBytes(mailboxId: MailboxId): number {
    return numberOf(
      this.#get('select coalesce(sum(size), 0) as n from blob where mailbox_id = ?', idToBytes(mailboxId)),
      'n',
    )
  }

  putBlob(row: BlobRow): void {
    this.#run(
      'insert or replace into blob values (?, ?, ?, ?, ?, ?, ?, ?)',
      idToBytes(row.mailboxId),
      idToBytes(row.blobId),
      row.sizeBytes,
      row.sha256,
      row.capabilityHash,
      row.complete ? 1 : 0,
      row.storedAtMs,
      row.expiresAtMs,
    )
  }

  completeBlob(mailboxId: MailboxId, blobId: BlobId, storedAtMs: number): void {
    this.#run(
      'update blob set complete = 1, stored_ms = ? where mailbox_id = ? and blob_id = ?',
      storedAtMs,
      idToBytes(mailboxId),
      idToBytes(blobId),
    )
  }

  deleteBlob(mailboxId: MailboxId, blobId: BlobId): void {
    this.#run('delete from blob where mailbox_id = ? and blob_id = ?', idToBytes(mailboxId), idToBytes(blobId))
  }

  sweep(nowMs: number): readonly Pick<BlobRow, 'mailboxId' | 'blobId'>[] {
    const expired = this.#all(
      `delete from envelope where sequence in (select sequence from envelope where expires_ms <= ? limit ${SWEEP_ROWS})
       returning mailbox_id, length(bytes) as n`,
      nowMs,
    )
    for (const row of expired) this.#addUsage(bytesOf(row, 'mailbox_id'), -1, -numberOf(row, 'n'))
    this.#run('delete from tombstone where collected_ms <= ?', nowMs - TOMBSTONE_LIFE_MS)
    this.#run('update invite set item = null where expires_ms <= ?', nowMs)
    this.#run('delete from invite where expires_ms <= ?', nowMs - INVITE_MEMORY_MS)
    return this.#all('delete from blob where expires_ms <= ? returning mailbox_id, blob_id', nowMs).map((row) => ({
      mailboxId: idFromBytes<MailboxId>(bytesOf(row, 'mailbox_id')),
      blobId: idFromBytes<BlobId>(bytesOf(row, 'blob_id')),
    }))
  }

  erase(): void {
    this.#database.pragma('wal_checkpoint(TRUNCATE)')
  }

  close(): void {
    this.#database.close()
  }
}

function blobRow(row: Row | undefined): BlobRow | null {
  if (row === undefined) return null
  return {
    mailboxId: idFromBytes<MailboxId>(bytesOf(row, 'mailbox_id')),
    blobId: idFromBytes<BlobId>(bytesOf(row, 'blob_id')),
    sizeBytes: numberOf(row, 'size'),
    sha256: bytesOf(row, 'sha256'),
    capabilityHash: bytesOf(row, 'capability_hash'),
    complete: numberOf(row, 'complete') === 1,
    storedAtMs: numberOf(row, 'stored_ms'),
    expiresAtMs: numberOf(row, 'expires_ms'),
  }
}
