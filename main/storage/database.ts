/** Opening the encrypted database of a profile (docs/protocol/store.md, "Database"). */

import Sqlite from 'better-sqlite3'
import type { Database } from 'better-sqlite3'
import { ParleyError } from '../../shared/errors.ts'
import { guarded } from './failure.ts'
import { MIGRATIONS } from './migrations/index.ts'
import type { Migration } from './migrations/migration.ts'
import { Sql } from './sql.ts'

export const STORE_KEY_BYTES = 32

/** "PARL": tells a store of Parley from any other database that the key might open. */
const APPLICATION_ID = 0x5041524c

/** How long an engine that takes over waits for one that is just dying, in milliseconds. */
const BUSY_MS = 500

/** Up to this size (4 MiB) every page is read at the start; beyond it only the ends of each table. */
const FULL_CHECK_PAGES = 1_024

export interface DatabaseOptions {
  readonly path: string
  /** 32 bytes, used as they are: no derivation in SQLCipher's way. */
  readonly key: Uint8Array
  /** The SQLite add-on where it is not the packaged one. */
  readonly nativeBinding: string | null
  /** `new`: the file must be absent or empty; `existing`: it must be there, so that nothing ever starts empty by mistake. */
  readonly mode: 'new' | 'existing'
  readonly migrations?: readonly Migration[]
}

/** @throws store-newer | store-damaged (also for a wrong key) | disk-full | profile-open; the file is then as it was */
export function openDatabase(options: DatabaseOptions): Sql {
  const migrations = options.migrations ?? MIGRATIONS
  const database = connect(options)
  try {
    if (options.mode === 'existing') checkStore(database, migrations.at(-1)?.version ?? 0)
    guarded(() => {
      keepDurable(database)
    })
    const sql = new Sql(database)
    migrate(sql, migrations)
    return sql
  } catch (error) {
    database.close()
    throw error
  }
}

function connect({ path, key, nativeBinding, mode }: DatabaseOptions): Database {
  if (key.length !== STORE_KEY_BYTES) throw new RangeError('a store key has 32 bytes')
  const database = guarded(
    () =>
      new Sqlite(path, {
        fileMustExist: mode === 'existing',
        timeout: BUSY_MS,
        ...(nativeBinding === null ? {} : { nativeBinding }),
      }),
  )
  database.pragma("cipher = 'sqlcipher'")
  database.pragma('legacy = 4')
  // The key goes in as bytes, not in a statement: statements end up in error messages.
  database.key(Buffer.from(`x'${Buffer.from(key).toString('hex')}'`))
  // Only this process ever reads it: no shared memory file, and a second engine is refused here too.
  database.pragma('locking_mode = EXCLUSIVE')
  // Sorting must never spill plaintext into a temporary file.
  database.pragma('temp_store = MEMORY')
  database.pragma('cell_size_check = ON')
  database.pragma('trusted_schema = OFF')
  return database
}

function keepDurable(database: Database): void {
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma('fullfsync = ON')
  database.pragma('checkpoint_fullfsync = ON')
  database.pragma('foreign_keys = ON')
  database.pragma('secure_delete = ON')
  database.pragma('journal_size_limit = 16777216')
}

function numberPragma(database: Database, name: string): number {
  const value = guarded(() => database.pragma(name, { simple: true }))
  if (typeof value !== 'number') throw new ParleyError('store-damaged', name)
  return value
}

/** Reads only. A page that is damaged elsewhere is found when it is read: each carries its authentication code. */
function checkStore(database: Database, newestVersion: number): void {
  const version = numberPragma(database, 'user_version')
  if (numberPragma(database, 'application_id') !== APPLICATION_ID || version === 0) {
    throw new ParleyError('store-damaged', 'not a store')
  }
  if (version > newestVersion) throw new ParleyError('store-newer', `version ${version}, known ${newestVersion}`)
  if (numberPragma(database, 'page_count') <= FULL_CHECK_PAGES) {
    const found = guarded(() => database.pragma('quick_check(1)', { simple: true }))
    if (found !== 'ok') throw new ParleyError('store-damaged', 'quick check')
    return
  }
  guarded(() => {
    readEnds(database)
  })
}

/** From the root to the first and the last entry of every table and index. */
function readEnds(database: Database): void {
  const tables = database
    .prepare<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all()
  for (const { name } of tables) {
    const columns = database
      .prepare<{ name: string }>('SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk')
      .all(name)
    const key = columns.map((column) => `"${column.name}"`)
    database.prepare(`SELECT 1 FROM "${name}" ORDER BY ${key.join(', ')} LIMIT 1`).get()
    database
      .prepare(`SELECT 1 FROM "${name}" ORDER BY ${key.map((column) => `${column} DESC`).join(', ')} LIMIT 1`)
      .get()
  }
}

/** All missing steps in one transaction: after a kill the store has the old version or the newest. */
function migrate(sql: Sql, migrations: readonly Migration[]): void {
  const version = sql.pragma('user_version')
  const missing = migrations.filter((migration) => migration.version > Number(version))
  const newest = missing.at(-1)
  if (newest === undefined) return
  sql.transaction(() => {
    sql.execute(`PRAGMA application_id = ${APPLICATION_ID}`)
    for (const migration of missing) sql.execute(migration.sql)
    sql.execute(`PRAGMA user_version = ${newest.version}`)
  })
}
