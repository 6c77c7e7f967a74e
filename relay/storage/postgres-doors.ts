/** What a mailbox uses, its front door, and its end, in SQL. */

import type { MailboxId } from '../../shared/model/ids.ts'
import { idToBytes } from '../../shared/model/ids.ts'
import { blobName } from './postgres-blobs.ts'
import { countDeleted, lockMailboxes, writeUsages } from './postgres-envelopes.ts'
import { uncountMailbox } from './postgres-mailboxes.ts'
import type { Transaction } from './postgres-transaction.ts'
import { numberOf } from './postgres-values.ts'
import type { Row } from './postgres-values.ts'
import type { BlobName, MailboxHoldings, StoreTotals } from './relay-store.ts'

/** Envelopes of one slice, while others wait. */
const CLOSE_ROWS = 500

export const STORE_TOTALS = `
  select (select coalesce(sum(mailboxes), 0)::bigint from mailbox_count) as mailboxes,
  coalesce(sum(envelopes), 0)::bigint as envelopes, coalesce(sum(bytes), 0)::bigint as bytes from mailbox_usage`

export function storeTotals(row: Row | undefined): StoreTotals {
  return {
    mailboxes: numberOf(row, 'mailboxes'),
    envelopes: numberOf(row, 'envelopes'),
    envelopeBytes: numberOf(row, 'bytes'),
  }
}

export const MAILBOX_HOLDINGS = `
  select (select coalesce(sum(size), 0)::bigint from blob b where b.mailbox_id = m.mailbox_id) as blob_bytes,
  (select count(*) from token t where t.mailbox_id = m.mailbox_id) as tokens,
  (select count(*) from envelope e where e.mailbox_id = m.mailbox_id and length(e.handle) = 0) as at_door,
  m.door_closed from mailbox m where m.mailbox_id = $1`

export function mailboxHoldings(row: Row | undefined): MailboxHoldings {
  if (row === undefined) return { blobBytes: 0, tokens: 0, doorEnvelopes: 0, doorOpen: false }
  return {
    blobBytes: numberOf(row, 'blob_bytes'),
    tokens: numberOf(row, 'tokens'),
    doorEnvelopes: numberOf(row, 'at_door'),
    doorOpen: row['door_closed'] === false,
  }
}

export async function setDoor(transaction: Transaction, mailboxId: MailboxId, open: boolean): Promise<void> {
  await transaction.all('update mailbox set door_closed = $2 where mailbox_id = $1', idToBytes(mailboxId), !open)
}

export async function closeMailbox(
  transaction: Transaction,
  id: MailboxId,
): Promise<{ readonly blobs: readonly BlobName[]; readonly more: boolean }> {
  const usages = await lockMailboxes(transaction, [{ mailboxId: id }])
  if (usages.size === 0) return { blobs: [], more: false }
  const mailboxId = idToBytes(id)
  await setDoor(transaction, id, false)
  await transaction.all('delete from token where mailbox_id = $1', mailboxId)
  const deleted = await transaction.all(
    `delete from envelope where mailbox_id = $1 and sequence in (
       select sequence from envelope where mailbox_id = $1 order by sequence limit ${CLOSE_ROWS})
     returning mailbox_id, size`,
    mailboxId,
  )
  if (deleted.length === CLOSE_ROWS) {
    countDeleted(deleted, usages)
    await writeUsages(transaction, usages)
    return { blobs: [], more: true }
  }
  const blobs = await transaction.all('delete from blob where mailbox_id = $1 returning mailbox_id, blob_id', mailboxId)
  await transaction.all(
    'delete from directory_item where lookup_id in (select lookup_id from directory where mailbox_id = $1)',
    mailboxId,
  )
  for (const table of ['directory', 'invite', 'mailbox_usage', 'mailbox']) {
    await transaction.all(`delete from ${table} where mailbox_id = $1`, mailboxId)
  }
  await uncountMailbox(transaction, mailboxId)
  return { blobs: blobs.map(blobName), more: false }
}
