/** How much lies in the whole store, counted over the usage rows of its mailboxes. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StoreTotals } from './relay-store.ts'
import { bytesOf, numberOf } from './sqlite-database.ts'
import type { SqliteDatabase } from './sqlite-database.ts'

/** Some milliseconds of counting. */
const SLICE_ROWS = 5_000

export async function totalsOf(database: SqliteDatabase): Promise<StoreTotals> {
  const totals = { mailboxes: 0, envelopes: 0, envelopeBytes: 0 }
  for (let after: Uint8Array | null = new Uint8Array(); after !== null && database.isOpen;) {
    const row = database.get(
      `select count(*) as mailboxes, ifnull(sum(envelopes), 0) as envelopes, ifnull(sum(bytes), 0) as bytes,
         ifnull(max(mailbox_id), x'') as last
       from (select * from mailbox_usage where mailbox_id > ? order by mailbox_id limit ${SLICE_ROWS})`,
      after,
    )
    totals.mailboxes += numberOf(row, 'mailboxes')
    totals.envelopes += numberOf(row, 'envelopes')
    totals.envelopeBytes += numberOf(row, 'bytes')
    after = row !== undefined && numberOf(row, 'mailboxes') === SLICE_ROWS ? bytesOf(row, 'last') : null
    await nextTurn()
  }
  return totals
}
