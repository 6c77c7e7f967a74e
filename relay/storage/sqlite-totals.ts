/** How much lies in the whole store, counted over the narrow rows of what waits. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StoreTotals } from './relay-store.ts'
import { numberAt, numberOf } from './sqlite-database.ts'
import type { SqliteDatabase } from './sqlite-database.ts'

/** Some milliseconds of counting. */
const SLICE_ROWS = 5_000

export async function totalsOf(database: SqliteDatabase): Promise<StoreTotals> {
  const mailboxes = numberOf(database.get("select value from counter where name = 'mailboxes'"), 'value')
  const totals = { mailboxes, envelopes: 0, envelopeBytes: 0 }
  const slice = database.prepare(
    `select mailbox, sequence, size from waiting where (mailbox, sequence) > (?, ?)
     order by mailbox, sequence limit ${SLICE_ROWS}`,
  )
  let [mailbox, sequence] = [0, 0]
  for (let more = true; more && database.isOpen;) {
    const rows = slice.all(mailbox, sequence)
    for (const row of rows) {
      mailbox = numberAt(row, 0)
      sequence = numberAt(row, 1)
      totals.envelopes += 1
      totals.envelopeBytes += numberAt(row, 2)
    }
    more = rows.length === SLICE_ROWS
    await nextTurn()
  }
  return totals
}
