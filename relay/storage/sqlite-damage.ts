/**
 * Going on around a damaged page. SQLite refuses the whole statement that meets one; here its rows are taken one by one, and
 * those that cannot be read or written are left where they are. Slow, and only run after the quick way has failed.
 */

import type { MailboxId } from '../../shared/model/ids.ts'
import { idToBytes } from '../../shared/model/ids.ts'
import type { DepositItem, DepositResult, StoredEnvelope } from './relay-store.ts'
import { isDamage, numberOf } from './sqlite-database.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { storedEnvelope } from './sqlite-envelopes.ts'
import type { SqliteEnvelopes } from './sqlite-envelopes.ts'

const SWEEP_ROWS = 500

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
  mailboxId: MailboxId,
  sequence: number,
  limits: { readonly count: number; readonly bytes: number },
  nowMs: number,
): readonly StoredEnvelope[] {
  const named = database.all(
    'select sequence from envelope indexed by envelope_by_mailbox where mailbox_id = ? and sequence > ? order by sequence',
    idToBytes(mailboxId),
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
      'select sequence, envelope_id, handle, bytes, stored_ms from envelope where sequence = ? and expires_ms > ?',
      sequence,
      nowMs,
    )
    return row === undefined ? null : storedEnvelope(row)
  } catch (error) {
    if (!isDamage(error)) throw error
    return null
  }
}

/** Returns whether there may be more. */
export async function sweepAround(
  database: SqliteDatabase,
  write: Write,
  envelopes: SqliteEnvelopes,
  nowMs: number,
): Promise<boolean> {
  const expired = database.all(`select sequence from envelope where expires_ms <= ? limit ${SWEEP_ROWS}`, nowMs)
  let deleted = 0
  for (const row of expired) {
    deleted += await aroundDamage(
      write(() => envelopes.deleteBySequence(numberOf(row, 'sequence'))),
      async () => 0,
    )
  }
  return deleted > 0 && expired.length === SWEEP_ROWS
}
