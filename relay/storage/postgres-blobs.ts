/** What is known of attachments' ciphertext, in SQL; the bytes are files. */

import type { BlobId, MailboxId } from '../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../shared/model/ids.ts'
import { holdMailboxIfThere } from './postgres-mailboxes.ts'
import type { Transaction } from './postgres-transaction.ts'
import { bytesOf, numberOf } from './postgres-values.ts'
import type { Row } from './postgres-values.ts'
import type { BlobName, BlobRow, StoreLimits } from './relay-store.ts'

const SWEEP_ROWS = 500

export async function beginBlob(
  transaction: Transaction,
  limits: StoreLimits,
  row: BlobRow,
): Promise<BlobRow | 'full'> {
  const mailboxId = idToBytes(row.mailboxId)
  const blobId = idToBytes(row.blobId)
  // It may have been closed since its token was looked at.
  if (!(await holdMailboxIfThere(transaction, mailboxId))) return 'full'
  const known = await transaction.get('select * from blob where mailbox_id = $1 and blob_id = $2', mailboxId, blobId)
  if (known !== undefined) return blobRow(known)
  const held = numberOf(
    await transaction.get('select coalesce(sum(size), 0)::bigint as n from blob where mailbox_id = $1', mailboxId),
    'n',
  )
  if (held + row.sizeBytes > limits.mailboxMaxBlobBytes) return 'full'
  await transaction.all(
    'insert into blob values ($1, $2, $3, $4, $5, false, $6, $7)',
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

export async function completeBlob(
  transaction: Transaction,
  { mailboxId, blobId }: BlobName,
  storedAtMs: number,
): Promise<void> {
  await transaction.all(
    'update blob set complete = true, stored_ms = $3 where mailbox_id = $1 and blob_id = $2',
    idToBytes(mailboxId),
    idToBytes(blobId),
    storedAtMs,
  )
}

export const BLOB_BY_CAPABILITY =
  'select * from blob where blob_id = $1 and capability_hash = $2 and complete and expires_ms > $3'

export async function deleteBlob(transaction: Transaction, { mailboxId, blobId }: BlobName): Promise<void> {
  await transaction.all(
    'delete from blob where mailbox_id = $1 and blob_id = $2',
    idToBytes(mailboxId),
    idToBytes(blobId),
  )
}

export async function sweepBlobs(
  transaction: Transaction,
  nowMs: number,
): Promise<{ readonly blobs: readonly BlobName[]; readonly more: boolean }> {
  const deleted = await transaction.all(
    `delete from blob where (mailbox_id, blob_id) in (
       select mailbox_id, blob_id from blob where expires_ms <= $1 limit ${SWEEP_ROWS} for update skip locked)
     returning mailbox_id, blob_id`,
    nowMs,
  )
  return { blobs: deleted.map(blobName), more: deleted.length === SWEEP_ROWS }
}

export function blobName(row: Row): BlobName {
  return {
    mailboxId: idFromBytes<MailboxId>(bytesOf(row, 'mailbox_id')),
    blobId: idFromBytes<BlobId>(bytesOf(row, 'blob_id')),
  }
}

export function blobRow(row: Row): BlobRow {
  return {
    ...blobName(row),
    sizeBytes: numberOf(row, 'size'),
    sha256: bytesOf(row, 'sha256'),
    capabilityHash: bytesOf(row, 'capability_hash'),
    complete: row['complete'] === true,
    storedAtMs: numberOf(row, 'stored_ms'),
    expiresAtMs: numberOf(row, 'expires_ms'),
  }
}
