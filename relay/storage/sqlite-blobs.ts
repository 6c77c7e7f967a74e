/** What is known of attachments' ciphertext; the bytes are files. Each function runs inside a commit. */

import type { BlobId, MailboxId } from '../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../shared/model/ids.ts'
import type { BlobName, BlobRow, StoreLimits } from './relay-store.ts'
import { bytesOf, numberOf } from './sqlite-database.ts'
import type { Row, SqliteDatabase } from './sqlite-database.ts'

const SWEEP_ROWS = 500

export class SqliteBlobs {
  readonly #database: SqliteDatabase
  readonly #limits: StoreLimits

  constructor(database: SqliteDatabase, limits: StoreLimits) {
    this.#database = database
    this.#limits = limits
  }

  begin(row: BlobRow): BlobRow | 'full' {
    const mailboxId = idToBytes(row.mailboxId)
    const blobId = idToBytes(row.blobId)
    const known = this.#database.get('select * from blob where mailbox_id = ? and blob_id = ?', mailboxId, blobId)
    if (known !== undefined) return blobRow(known)
    // It may have been closed since its token was looked at.
    const isThere = this.#database.get('select 1 from mailbox where mailbox_id = ?', mailboxId) !== undefined
    if (!isThere || this.bytesOfMailbox(row.mailboxId) + row.sizeBytes > this.#limits.mailboxMaxBlobBytes) return 'full'
    this.#database.run(
      'insert into blob values (?, ?, ?, ?, ?, 0, ?, ?)',
      mailboxId,
      blobId,
      row.sizeBytes,
      row.sha256,
      row.capabilityHash,
      row.storedAtMs,
      row.expiresAtMs,
    )
    return row
  }

  bytesOfMailbox(mailboxId: MailboxId): number {
    const sum = 'select coalesce(sum(size), 0) as n from blob where mailbox_id = ?'
    return numberOf(this.#database.get(sum, idToBytes(mailboxId)), 'n')
  }

  complete({ mailboxId, blobId }: BlobName, storedAtMs: number): void {
    this.#database.run(
      'update blob set complete = 1, stored_ms = ? where mailbox_id = ? and blob_id = ?',
      storedAtMs,
      idToBytes(mailboxId),
      idToBytes(blobId),
    )
  }

  byCapability(blobId: BlobId, capabilityHash: Uint8Array, nowMs: number): BlobRow | null {
    const row = this.#database.get(
      'select * from blob where blob_id = ? and capability_hash = ? and complete = 1 and expires_ms > ?',
      idToBytes(blobId),
      capabilityHash,
      nowMs,
    )
    return row === undefined ? null : blobRow(row)
  }

  delete({ mailboxId, blobId }: BlobName): void {
    this.#database.run('delete from blob where mailbox_id = ? and blob_id = ?', idToBytes(mailboxId), idToBytes(blobId))
  }

  names(): readonly BlobName[] {
    return this.#database.all('select mailbox_id, blob_id from blob').map(blobName)
  }

  sweep(nowMs: number): { readonly blobs: readonly BlobName[]; readonly more: boolean } {
    const blobs = this.#database
      .all(`select mailbox_id, blob_id from blob where expires_ms <= ? limit ${SWEEP_ROWS}`, nowMs)
      .map(blobName)
    for (const name of blobs) this.delete(name)
    return { blobs, more: blobs.length === SWEEP_ROWS }
  }
}

export function blobName(row: Row): BlobName {
  return {
    mailboxId: idFromBytes<MailboxId>(bytesOf(row, 'mailbox_id')),
    blobId: idFromBytes<BlobId>(bytesOf(row, 'blob_id')),
  }
}

function blobRow(row: Row): BlobRow {
  return {
    ...blobName(row),
    sizeBytes: numberOf(row, 'size'),
    sha256: bytesOf(row, 'sha256'),
    capabilityHash: bytesOf(row, 'capability_hash'),
    complete: numberOf(row, 'complete') === 1,
    storedAtMs: numberOf(row, 'stored_ms'),
    expiresAtMs: numberOf(row, 'expires_ms'),
  }
}
