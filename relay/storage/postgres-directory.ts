/** The prekey directory and the invite slots in SQL. */

import type { MailboxId } from '../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../shared/model/ids.ts'
import { equalBytes } from '../../shared/wire/bytes.ts'
import type { InviteTaken } from '../../shared/wire/relay-answers.ts'
import { MAX_DIRECTORY_ITEMS } from '../../shared/wire/relay-requests.ts'
import type { DirectoryEntry } from '../../shared/wire/relay-requests.ts'
import { holdMailbox } from './postgres-mailboxes.ts'
import type { Transaction } from './postgres-transaction.ts'
import { bytesArray, bytesOf, numberOf } from './postgres-values.ts'
import type { Row } from './postgres-values.ts'
import type { DirectoryStock, StoreLimits } from './relay-store.ts'

/** A used or expired invite is still told apart from an unknown one for this long. */
const INVITE_MEMORY_MS = 30 * 24 * 60 * 60 * 1000

async function countOf(transaction: Transaction, sql: string, ...values: readonly unknown[]): Promise<number> {
  return numberOf(await transaction.get(sql, ...values), 'n')
}

function remaining(transaction: Transaction, lookupId: Uint8Array): Promise<number> {
  return countOf(transaction, 'select count(*) as n from directory_item where lookup_id = $1', lookupId)
}

export async function putDirectory(
  transaction: Transaction,
  limits: StoreLimits,
  mailboxId: MailboxId,
  entry: DirectoryEntry,
): Promise<number | 'foreign' | 'full'> {
  const owner = idToBytes(mailboxId)
  const { lookupId } = entry
  await holdMailbox(transaction, owner)
  const known = await transaction.get('select mailbox_id from directory where lookup_id = $1', lookupId)
  if (known !== undefined && !equalBytes(bytesOf(known, 'mailbox_id'), owner)) return 'foreign'
  const counted = 'select count(*) as n from directory where mailbox_id = $1'
  if (known === undefined && (await countOf(transaction, counted, owner)) >= limits.mailboxMaxDirectories) return 'full'
  const [row] = await transaction.all(
    `insert into directory values ($1, $2, $3, 1) on conflict (lookup_id) do update
     set last_resort = excluded.last_resort where directory.mailbox_id = excluded.mailbox_id returning next_item`,
    lookupId,
    owner,
    entry.lastResort,
  )
  // Another mailbox laid it in between.
  if (row === undefined) return 'foreign'
  if (entry.replace) await transaction.all('delete from directory_item where lookup_id = $1', lookupId)
  const there = await remaining(transaction, lookupId)
  const items = entry.items.slice(0, Math.max(0, MAX_DIRECTORY_ITEMS - there))
  if (items.length > 0) await addItems(transaction, lookupId, numberOf(row, 'next_item'), items)
  return there + items.length
}

async function addItems(
  transaction: Transaction,
  lookupId: Uint8Array,
  first: number,
  items: readonly Uint8Array[],
): Promise<void> {
  await transaction.all(
    `insert into directory_item (lookup_id, sequence, item)
     select $1::bytea, $2::bigint + w.n - 1, w.item from unnest($3::bytea[]) with ordinality as w (item, n)`,
    lookupId,
    first,
    bytesArray(items),
  )
  await transaction.all('update directory set next_item = $2 where lookup_id = $1', lookupId, first + items.length)
}

/** Those who ask for the same one wait for each other at its row. */
export async function takeDirectory(transaction: Transaction, lookupId: Uint8Array, mayHaveOneTimeItem: boolean) {
  const directory = await transaction.get(
    'select mailbox_id, last_resort from directory where lookup_id = $1 for update',
    lookupId,
  )
  if (directory === undefined) return null
  const [taken] = mayHaveOneTimeItem ? await takeItem(transaction, lookupId) : []
  return {
    item: taken === undefined ? bytesOf(directory, 'last_resort') : bytesOf(taken, 'item'),
    mailboxId: idFromBytes<MailboxId>(bytesOf(directory, 'mailbox_id')),
    remaining: await remaining(transaction, lookupId),
  }
}

function takeItem(transaction: Transaction, lookupId: Uint8Array): Promise<readonly Row[]> {
  return transaction.all(
    `delete from directory_item where lookup_id = $1 and sequence =
     (select min(sequence) from directory_item where lookup_id = $1) returning item`,
    lookupId,
  )
}

export const DIRECTORY_STOCK = `
  select d.lookup_id, (select count(*) from directory_item i where i.lookup_id = d.lookup_id) as remaining
  from directory d where d.mailbox_id = $1`

export function directoryStock(row: Row): DirectoryStock {
  return { lookupId: bytesOf(row, 'lookup_id'), remaining: numberOf(row, 'remaining') }
}

/** Their owners' directories are locked as `takeDirectory` does, or one could still go out meanwhile. */
export async function discardOneTimeItems(transaction: Transaction): Promise<number> {
  await transaction.all('select lookup_id from directory order by lookup_id for update')
  return (await transaction.all('delete from directory_item returning sequence')).length
}

export async function putInvite(
  transaction: Transaction,
  limits: StoreLimits,
  mailboxId: MailboxId,
  slot: { readonly slotId: Uint8Array; readonly item: Uint8Array; readonly expiresAtMs: number },
): Promise<'stored' | 'foreign' | 'full'> {
  const owner = idToBytes(mailboxId)
  const { slotId, item, expiresAtMs } = slot
  await holdMailbox(transaction, owner)
  const whose = async (): Promise<'stored' | 'foreign' | null> => {
    const known = await transaction.get('select mailbox_id from invite where slot_id = $1 for update', slotId)
    if (known === undefined) return null
    // Laying the same slot again changes nothing: whoever has taken it keeps it.
    return equalBytes(bytesOf(known, 'mailbox_id'), owner) ? 'stored' : 'foreign'
  }
  const known = await whose()
  if (known !== null) return known
  const counted = 'select count(*) as n from invite where mailbox_id = $1 and item is not null'
  if ((await countOf(transaction, counted, owner)) >= limits.mailboxMaxInvites) return 'full'
  const laid = await transaction.all(
    'insert into invite values ($1, $2, $3, null, $4) on conflict (slot_id) do nothing returning expires_ms',
    slotId,
    owner,
    item,
    expiresAtMs,
  )
  return laid.length > 0 ? 'stored' : ((await whose()) ?? 'foreign')
}

export async function closeInvite(transaction: Transaction, mailboxId: MailboxId, slotId: Uint8Array): Promise<void> {
  await transaction.all('delete from invite where slot_id = $1 and mailbox_id = $2', slotId, idToBytes(mailboxId))
}

export async function takeInvite(
  transaction: Transaction,
  slotId: Uint8Array,
  takerNonce: Uint8Array,
  nowMs: number,
): Promise<InviteTaken> {
  const row = await transaction.get(
    'select item, taker_nonce, expires_ms from invite where slot_id = $1 for update',
    slotId,
  )
  if (row === undefined) return { kind: 'unknown' }
  const taker = row['taker_nonce'] === null ? null : bytesOf(row, 'taker_nonce')
  if (taker !== null && !equalBytes(taker, takerNonce)) return { kind: 'used' }
  if (row['item'] === null || numberOf(row, 'expires_ms') <= nowMs) return { kind: 'expired' }
  if (taker === null) await transaction.all('update invite set taker_nonce = $2 where slot_id = $1', slotId, takerNonce)
  return { kind: 'item', item: bytesOf(row, 'item') }
}

export async function sweepInvites(transaction: Transaction, nowMs: number): Promise<void> {
  await transaction.all('update invite set item = null where expires_ms <= $1 and item is not null', nowMs)
  await transaction.all('delete from invite where expires_ms <= $1', nowMs - INVITE_MEMORY_MS)
}
