/**
 * Going on around a damaged page. SQLite refuses the whole statement that meets one; here its rows are taken one by one, and
 * those that cannot be read or written are left where they are. Slow, and only run after the quick way has failed.
 */

import type { MailboxId } from '../../shared/model/ids.ts'
import type { DepositItem, DepositResult, StoredEnvelope } from './relay-store.ts'
import { isDamage, numberOf } from './sqlite-database.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { storedEnvelope } from './sqlite-envelopes.ts'
import type { SqliteEnvelopes } from './sqlite-envelopes.ts'
import type { SqliteExpiry } from './sqlite-expiry.ts'
import type { SqliteMailboxes } from './sqlite-mailboxes.ts'

/** What lies on a damaged page is tried again after this. */
const TRY_AGAIN_MS = 60 * 60 * 1000

type Write = <T>(body: () => T) => Promise<T>

/** @throws whatever is no damage */
export async function aroundDamage<T>(quick: Promise<T>, careful: () => Promise<T>): Promise<T> {
  try {
    return await quick
  } catch (error) {
    if (!isDamage(error)) throw error
    return careful()
  }
}

/** A mailbox whose pages are damaged takes nothing; the sender is told to try again, or has another relay. */
export function depositAlone(write: Write, envelopes: SqliteEnvelopes, item: DepositItem): Promise<DepositResult> {
  return aroundDamage<DepositResult>(
    write(() => envelopes.deposit(item)),
    async () => ({ kind: 'full' }),
  )
}

/** As many as can be read of those that an index names. */
export function envelopesAround(
  database: SqliteDatabase,
  mailboxes: SqliteMailboxes,
  mailboxId: MailboxId,
  sequence: number,
  limits: { readonly count: number; readonly bytes: number },
  nowMs: number,
): readonly StoredEnvelope[] {
  const mailbox = mailboxes.find(mailboxId)
  if (mailbox === null) return []
  const named = database.all(
    'select sequence from waiting where mailbox = ? and sequence > ? order by sequence',
    mailbox.number,
    sequence,
  )
  const found: StoredEnvelope[] = []
  let bytes = 0
  for (const row of named) {
    const envelope = readable(database, numberOf(row, 'sequence'), nowMs)
    if (envelope === null) continue
    bytes += envelope.envelope.length
    if (found.length > 0 && bytes > limits.bytes) break
    found.push(envelope)
    if (found.length === limits.count) break
  }
  return found
}

/** Null: it cannot be read, or it expired. */
function readable(database: SqliteDatabase, sequence: number, nowMs: number): StoredEnvelope | null {
  try {
    const row = database.get(
      'select envelope_id, handle, bytes, stored_ms from envelope where sequence = ? and expires_ms > ?',
      sequence,
      nowMs,
    )
    if (row === undefined) return null
    return storedEnvelope([sequence, row['envelope_id'], row['handle'], row['bytes'], row['stored_ms']])
  } catch (error) {
    if (!isDamage(error)) throw error
    return null
  }
}

/** Returns whether there may be more. */
export async function sweepAround(write: Write, expiry: SqliteExpiry, nowMs: number): Promise<boolean> {
  const due = await write(() => expiry.due(nowMs))
  for (const mailbox of due) {
    await aroundDamage(
      write(() => expiry.sweepMailbox(mailbox, nowMs)),
      () => sweepOneByOne(write, expiry, mailbox, nowMs),
    )
  }
  return due.length > 0
}

/** How many could be tried. */
async function sweepOneByOne(write: Write, expiry: SqliteExpiry, mailbox: number, nowMs: number): Promise<number> {
  const expired = await write(() => expiry.expired(mailbox, nowMs))
  for (const sequence of expired) {
    await aroundDamage(
      write(() => {
        expiry.deleteOne(mailbox, sequence)
      }),
      () => Promise.resolve(),
    )
  }
  await write(() => {
    expiry.postpone(mailbox, nowMs + TRY_AGAIN_MS)
  })
  return expired.length
}
