/** A look over the whole file, for an operator who asks: it reads every page, so a start does not do it. */

import Database from 'better-sqlite3'
import { idFromBytes } from '../../shared/model/ids.ts'
import type { EnvelopeId } from '../../shared/model/ids.ts'
import { envelopeIdOf } from '../hashes.ts'
import { bytesOf, isDamage, numberOf } from './sqlite-database.ts'
import type { Row } from './sqlite-database.ts'

const MAX_PROBLEMS = 20
const ROWS_A_STEP = 256

export interface DatabaseCheck {
  /** SQLite's own words on pages and indexes that are wrong; none when all is well. At most 20. */
  readonly problems: readonly string[]
  /** Envelopes whose bytes are not what their id says. */
  readonly damagedEnvelopes: number
}

/** Of a database that no relay has open, or that one has: it is only read. */
export function checkDatabase(path: string): DatabaseCheck {
  const database = new Database(path)
  try {
    database.pragma('query_only = ON')
    const rows = database.prepare(`pragma integrity_check(${MAX_PROBLEMS})`).all() as Row[]
    const said = rows.map((row) => String(row['integrity_check']))
    const problems = said.filter((line) => line !== 'ok')
    if (problems.length > 0) return { problems, damagedEnvelopes: 0 }
    return { problems, damagedEnvelopes: damagedEnvelopes(database) }
  } catch (error) {
    if (!isDamage(error)) throw error
    return { problems: ['database disk image is malformed'], damagedEnvelopes: 0 }
  } finally {
    database.close()
  }
}

function damagedEnvelopes(database: InstanceType<typeof Database>): number {
  const page = database.prepare(
    `select sequence, envelope_id, bytes from envelope where sequence > ? order by sequence limit ${ROWS_A_STEP}`,
  )
  let damaged = 0
  for (let after = 0, more = true; more;) {
    const rows = page.all(after) as Row[]
    for (const row of rows) {
      const named = idFromBytes<EnvelopeId>(bytesOf(row, 'envelope_id'))
      if (envelopeIdOf(bytesOf(row, 'bytes')) !== named) damaged += 1
      after = numberOf(row, 'sequence')
    }
    more = rows.length === ROWS_A_STEP
  }
  return damaged
}
