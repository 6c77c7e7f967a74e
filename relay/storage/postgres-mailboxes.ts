/** Mailboxes and delivery tokens in SQL. */

import type { MailboxId } from '../../shared/model/ids.ts'
import { idToBytes } from '../../shared/model/ids.ts'
import type { TokenEntry } from '../../shared/wire/relay-requests.ts'
import type { Transaction } from './postgres-transaction.ts'
import { bytesArray, numberOf } from './postgres-values.ts'
import type { StoreLimits } from './relay-store.ts'

/** How many mailboxes there are is counted in as many rows, so that those who open one do not wait for each other. */
const COUNT_SLOTS = 16

export async function openMailbox(
  transaction: Transaction,
  limits: StoreLimits,
  mailbox: { readonly mailboxId: MailboxId; readonly publicKey: Uint8Array; readonly openedAtMs: number },
  admits: boolean,
): Promise<'open' | 'not-admitted' | 'full'> {
  const mailboxId = idToBytes(mailbox.mailboxId)
  if ((await transaction.get('select 1 as one from mailbox where mailbox_id = $1 for update', mailboxId)) !== undefined)
    return 'open'
  if (!admits) return 'not-admitted'
  const counted = await transaction.get('select coalesce(sum(mailboxes), 0)::bigint as n from mailbox_count')
  if (numberOf(counted, 'n') >= limits.maxMailboxes) return 'full'
  const opened = await transaction.all(
    'insert into mailbox values ($1, $2, $3, false) on conflict (mailbox_id) do nothing returning created_ms',
    mailboxId,
    mailbox.publicKey,
    mailbox.openedAtMs,
  )
  if (opened.length === 0) return 'open'
  await transaction.all('insert into mailbox_usage values ($1, 0, 0, 1)', mailboxId)
  await transaction.all(
    `insert into mailbox_count values ($1, 1) on conflict (slot) do update set mailboxes = mailbox_count.mailboxes + 1`,
    (mailboxId[0] ?? 0) % COUNT_SLOTS,
  )
  return 'open'
}

export async function uncountMailbox(transaction: Transaction, mailboxId: Uint8Array): Promise<void> {
  await transaction.all(
    'update mailbox_count set mailboxes = mailboxes - 1 where slot = $1',
    (mailboxId[0] ?? 0) % COUNT_SLOTS,
  )
}

/** Whoever counts what a mailbox has holds its row, so that two cannot both be the last that fits. @throws Error: no such mailbox */
export async function holdMailbox(transaction: Transaction, mailboxId: Uint8Array): Promise<void> {
  if (!(await holdMailboxIfThere(transaction, mailboxId))) throw new Error('no such mailbox')
}

/** As above; false: it may have been closed. */
export async function holdMailboxIfThere(transaction: Transaction, mailboxId: Uint8Array): Promise<boolean> {
  const row = await transaction.get('select 1 as one from mailbox_usage where mailbox_id = $1 for update', mailboxId)
  return row !== undefined
}

export async function putTokens(
  transaction: Transaction,
  limits: StoreLimits,
  mailboxId: MailboxId,
  tokens: readonly TokenEntry[],
): Promise<'stored' | 'full'> {
  const owner = idToBytes(mailboxId)
  await holdMailbox(transaction, owner)
  const known = numberOf(await transaction.get('select count(*) as n from token where mailbox_id = $1', owner), 'n')
  const hashes = bytesArray(tokens.map(({ hash }) => hash))
  const there = numberOf(
    await transaction.get(
      `select count(*) as n from unnest($2::bytea[]) as w (hash)
       join token t on t.mailbox_id = $1 and t.hash = w.hash`,
      owner,
      hashes,
    ),
    'n',
  )
  if (known + tokens.length - there > limits.mailboxMaxTokens) return 'full'
  await transaction.all(
    `insert into token (mailbox_id, hash, handle) select $1::bytea, w.hash, w.handle
     from unnest($2::bytea[], $3::bytea[]) as w (hash, handle) on conflict (mailbox_id, hash) do nothing`,
    owner,
    hashes,
    bytesArray(tokens.map(({ handle }) => handle)),
  )
  return 'stored'
}

export async function revokeTokens(
  transaction: Transaction,
  mailboxId: MailboxId,
  hashes: readonly Uint8Array[],
): Promise<void> {
  await transaction.all(
    'delete from token t using unnest($2::bytea[]) as w (hash) where t.mailbox_id = $1 and t.hash = w.hash',
    idToBytes(mailboxId),
    bytesArray(hashes),
  )
}
