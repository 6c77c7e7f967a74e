/** Brings the schema to this version's: one front end at a time, each step whole or not at all. */

import { postgresMigrations } from './postgres-migrations.ts'
import type { PostgresSession } from './postgres-session.ts'
import type { Transaction } from './postgres-transaction.ts'
import { numberOf } from './postgres-values.ts'

/** Of the advisory lock: a number that nobody else takes. */
const LOCK = 7_305_808_869_229_538_405n

/** @throws Error when the schema was written by a newer version */
export async function migrate(session: PostgresSession, partitions: number): Promise<void> {
  const migrations = postgresMigrations(partitions)
  let version = 0
  while (version < migrations.length) {
    version = await session.onPulse(async (transaction) => {
      await transaction.all('select pg_advisory_xact_lock($1) as held', LOCK.toString())
      const there = await versionOf(transaction)
      if (there > migrations.length) {
        throw new Error(
          `The relay's database was written by a newer version (${there}); this one knows ${migrations.length}.`,
        )
      }
      const script = migrations[there]
      if (script === undefined) return there
      for (const statement of script.split(';\n')) await transaction.all(statement)
      await transaction.all('update schema_version set version = $1', there + 1)
      return there + 1
    })
  }
}

async function versionOf(transaction: Transaction): Promise<number> {
  await transaction.all('create table if not exists schema_version (version bigint not null)')
  const row = await transaction.get('select version from schema_version')
  if (row !== undefined) return numberOf(row, 'version')
  await transaction.all('insert into schema_version values (0)')
  return 0
}
