/** The value by which a front end tells the store that it left from one that was put back: one for each front end. */

import type { PostgresDatabase } from './postgres-database.ts'
import { bytesOf } from './postgres-values.ts'

/** A front end that is this long silent says nothing of whether the store is the one that was used last. */
const SEEN_WITHIN_MS = 60_000

/**
 * Null for a front end that is new among others that run. One that is new and finds none running gets the value of another,
 * which it cannot have: whether that store was put back, nobody there knows.
 */
export async function incarnation(database: PostgresDatabase, frontEndId: string): Promise<Uint8Array | null> {
  const rows = await database.read(
    `select front_end_id, incarnation, seen_ms > (extract(epoch from now()) * 1000)::bigint - ${SEEN_WITHIN_MS} as runs
     from front_end where incarnation is not null order by seen_ms desc`,
  )
  const own = rows.find((row) => row['front_end_id'] === frontEndId)
  if (own !== undefined) return bytesOf(own, 'incarnation')
  const [latest] = rows
  return latest === undefined || rows.some((row) => row['runs'] === true) ? null : bytesOf(latest, 'incarnation')
}

export async function setIncarnation(database: PostgresDatabase, frontEndId: string, value: Uint8Array): Promise<void> {
  await database.write(async (transaction) => {
    await transaction.all('update front_end set incarnation = $2 where front_end_id = $1', frontEndId, value)
  })
}
