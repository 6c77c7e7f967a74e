/**
 * One SQLite file: WAL, pages wiped on delete; statements prepared once; many requests a commit. A commit is answered after its
 * log is flushed, as with `synchronous=FULL`; but the flush runs beside the event loop, and one flush may carry several commits.
 */

import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs'
import Database from 'better-sqlite3'
import { ParleyError } from '../../shared/errors.ts'

export type Row = Readonly<Record<string, unknown>>
/** Columns in the order of the statement. */
export type Cells = readonly unknown[]

export function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column]
  if (!(value instanceof Uint8Array)) throw new Error(`${column} is not bytes`)
  return new Uint8Array(value)
}

export function numberOf(row: Row | undefined, column: string): number {
  const value = row?.[column]
  if (typeof value !== 'number') throw new Error(`${column} is not a number`)
  return value
}

export function numberAt(cells: Cells, at: number): number {
  const value = cells[at]
  if (typeof value !== 'number') throw new Error(`column ${at} is not a number`)
  return value
}

/** Without a copy. */
export function bytesAt(cells: Cells, at: number): Uint8Array {
  const value = cells[at]
  if (!(value instanceof Uint8Array)) throw new Error(`column ${at} is not bytes`)
  return value
}

interface Statement {
  run(...values: readonly unknown[]): { readonly changes: number }
  get(...values: readonly unknown[]): unknown
  all(...values: readonly unknown[]): unknown[]
  raw(): Statement
}

interface Connection {
  readonly inTransaction: boolean
  prepare(sql: string): Statement
  exec(sql: string): unknown
  pragma(source: string): unknown
  close(): unknown
}

/** What a migration that is more than SQL may do; it runs inside a transaction. */
export interface MigratingDatabase {
  get(sql: string, ...values: readonly unknown[]): Row | undefined
  run(sql: string, ...values: readonly unknown[]): number
  all(sql: string, ...values: readonly unknown[]): readonly Row[]
  script(sql: string): void
}

export type Migration = string | ((database: MigratingDatabase) => void)

/** A prepared statement whose rows are arrays: for what runs thousands of times a second. */
export class Prepared {
  readonly #statement: Statement
  readonly #rows: Statement | null

  constructor(connection: Connection, sql: string) {
    this.#statement = connection.prepare(sql)
    this.#rows = /^\s*select|returning/i.test(sql) ? this.#statement.raw() : null
  }

  /** How many rows it changed. */
  run(...values: readonly unknown[]): number {
    return this.#statement.run(...values).changes
  }

  first(...values: readonly unknown[]): Cells | undefined {
    return this.#rows?.get(...values) as Cells | undefined
  }

  all(...values: readonly unknown[]): readonly Cells[] {
    return (this.#rows?.all(...values) ?? []) as readonly Cells[]
  }
}

interface Waiting {
  readonly run: () => void
  readonly settle: () => void
  readonly fail: (error: unknown) => void
  readonly need: Need
}

const NO_ROOM: Room = { filled: () => undefined, release: () => false, reuses: () => undefined }

/** What the disk has left. */
export interface Room {
  /** It takes no more. */
  filled(): void
  /** Makes some room for what must go on. False: there is none to make. */
  release(): boolean
  /** Asked for what lies free inside of the file, which never shrinks. */
  reuses(freeBytes: () => number): void
}

/** Whether a request takes room for good, or must go on when there is none: what it writes is soon free again. */
export type Need = 'grows' | 'goes-on'

export interface SqliteOptions {
  readonly disk?: Room
  /** A page of the file does not hold what it should. */
  readonly onDamage?: () => void
}

/** Requests of one transaction: bounds how long the first of them waits. */
const MAX_GROUP = 512
/** So many requests in the last group: it pays to let the next one fill while the disk is busy. */
const BUSY_GROUP = 4
const CACHE_KIB = 64 * 1024
/** Pages of 4 KiB in the log before they are moved into the database. */
const CHECKPOINT_PAGES = 4_000
/** Another process writes for a moment: an invite of the operator. */
const BUSY_TIMEOUT_MS = 5_000

export class SqliteDatabase {
  readonly #path: string
  readonly #database: Connection
  readonly #statements = new Map<string, Statement>()
  readonly #queue: Waiting[] = []
  readonly #onDamage: () => void
  readonly #disk: Room
  #scheduled = false
  #lastGroup = 0
  /** Committed, and not known to be flushed. */
  #unflushed: Waiting[] = []
  #flushing: Promise<void> | null = null
  #log: number | null = null
  #closed = false
  /** A flush failed: what the disk holds is not known, and a later flush that succeeds would prove nothing. */
  #broken: Error | null = null
  /** What is kept in memory of the database is wrong after this. */
  onRollback: () => void = () => undefined

  /** @throws Error when the file was written by a newer version */
  constructor(
    path: string,
    migrations: readonly Migration[],
    { onDamage = () => undefined, disk = NO_ROOM }: SqliteOptions = {},
  ) {
    this.#onDamage = onDamage
    this.#disk = disk
    this.#path = path
    this.#database = new Database(path)
    this.#database.pragma('journal_mode = WAL')
    this.#database.pragma('synchronous = FULL')
    this.#database.pragma('foreign_keys = ON')
    this.#database.pragma('secure_delete = ON')
    this.#database.pragma(`cache_size = -${CACHE_KIB}`)
    this.#database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    this.#migrate(migrations)
    // From here on the flush after each commit is our own.
    this.#database.pragma('synchronous = NORMAL')
    disk.reuses(() => this.#freeBytes())
  }

  #freeBytes(): number {
    const row = this.get('select freelist_count * page_size as n from pragma_freelist_count, pragma_page_size')
    return numberOf(row, 'n')
  }

  #migrate(migrations: readonly Migration[]): void {
    const version = numberOf(this.get('select user_version as version from pragma_user_version'), 'version')
    if (version > migrations.length) {
      throw new Error(
        `The relay's database was written by a newer version (${version}); this one knows ${migrations.length}.`,
      )
    }
    for (const [index, migration] of migrations.entries()) {
      if (index < version) continue
      this.transact(() => {
        if (typeof migration === 'string') this.#database.exec(migration)
        else migration(this.#migrating())
        this.#database.pragma(`user_version = ${index + 1}`)
      })
    }
  }

  #migrating(): MigratingDatabase {
    return {
      get: (sql, ...values) => this.get(sql, ...values),
      run: (sql, ...values) => this.run(sql, ...values),
      all: (sql, ...values) => this.all(sql, ...values),
      script: (sql) => this.#database.exec(sql),
    }
  }

  /** At once and not flushed: for the start. */
  transact<T>(body: () => T): T {
    this.run('begin immediate')
    try {
      const value = body()
      this.run('commit')
      return value
    } catch (error) {
      // A full disk may have rolled it back already.
      if (this.#database.inTransaction) this.run('rollback')
      this.onRollback()
      throw error
    }
  }

  prepare(sql: string): Prepared {
    return new Prepared(this.#database, sql)
  }

  #prepared(sql: string): Statement {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  run(sql: string, ...values: readonly unknown[]): number {
    return this.#prepared(sql).run(...values).changes
  }

  get(sql: string, ...values: readonly unknown[]): Row | undefined {
    return this.#prepared(sql).get(...values) as Row | undefined
  }

  all(sql: string, ...values: readonly unknown[]): readonly Row[] {
    return this.#prepared(sql).all(...values) as Row[]
  }

  /**
   * Resolves with what `body` returned once that is durable: whatever is queued when the event loop comes round shares one
   * transaction and one flush. Where that fails, each is carried out again by itself: a full disk or a damaged page that
   * one of them meets is not the others' failure.
   * @throws relay-full: the disk is, or a page is damaged
   */
  commit<T>(body: () => T, need: Need = 'grows'): Promise<T> {
    return new Promise((resolve, reject) => {
      let value: T
      this.#queue.push({
        run: () => {
          value = body()
        },
        settle: () => {
          resolve(value)
        },
        fail: reject,
        need,
      })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled) return
    // Under load a group fills while the one before it is flushed; a lone request is committed at once.
    if (this.#flushing !== null && this.#lastGroup >= BUSY_GROUP && this.#queue.length < MAX_GROUP) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#commitGroup()
    })
  }

  #commitGroup(): void {
    const group = this.#queue.splice(0, MAX_GROUP)
    this.#lastGroup = group.length
    if (group.length > 0 && this.#carryOut(group) !== null) {
      for (const waiting of group) {
        const failure = this.#carryOut([waiting])
        if (failure !== null) this.#carryOutAgain(waiting, failure)
      }
    }
    if (this.#unflushed.length > 0) this.#flushing ??= this.#flushAll()
    if (this.#queue.length > 0) this.#schedule()
  }

  /** Null: it is done, and told after the flush. Otherwise nothing was done and nobody told. */
  #carryOut(group: readonly Waiting[]): { readonly error: unknown } | null {
    try {
      if (this.#broken !== null) throw this.#broken
      this.transact(() => {
        for (const waiting of group) waiting.run()
      })
      this.#unflushed.push(...group)
      return null
    } catch (error) {
      return { error }
    }
  }

  async #flushAll(): Promise<void> {
    while (this.#unflushed.length > 0) {
      const flushed = this.#unflushed
      this.#unflushed = []
      this.#broken ??= await this.#flush()
      const broken = this.#closed ? null : this.#broken
      for (const waiting of flushed) {
        if (broken === null) waiting.settle()
        else waiting.fail(broken)
      }
      // What filled up meanwhile: its flush is the next one.
      if (this.#queue.length > 0 && !this.#scheduled) this.#commitGroup()
    }
    this.#flushing = null
  }

  /** Null: a database in memory, as tests have it, has no log. */
  #logFile(): number | null {
    if (this.#path === ':memory:') return null
    this.#log ??= openSync(`${this.#path}-wal`, 'r+')
    return this.#log
  }

  /** The log up to the last commit is on the disk. */
  #flush(): Promise<Error | null> {
    const log = this.#logFile()
    if (log === null) return Promise.resolve(null)
    return new Promise((resolve) => {
      fdatasync(log, resolve)
    })
  }

  #carryOutAgain(waiting: Waiting, { error }: { readonly error: unknown }): void {
    const isFull = codeOf(error) === 'SQLITE_FULL'
    if (isFull) this.#disk.filled()
    const tryAgain = isFull && waiting.need === 'goes-on' && this.#madeRoom()
    const failure = tryAgain ? this.#carryOut([waiting]) : { error }
    if (failure !== null) waiting.fail(this.#asExpected(failure.error))
  }

  /** The log takes most of the room that is missing: what stands in it moves to where it belongs. */
  #madeRoom(): boolean {
    if (!this.#disk.release()) return false
    this.#database.pragma('wal_checkpoint(TRUNCATE)')
    return true
  }

  /** @throws relay-full: a page is damaged */
  async read<T>(body: () => T): Promise<T> {
    try {
      return body()
    } catch (error) {
      throw this.#asExpected(error)
    }
  }

  #asExpected(error: unknown): unknown {
    if (codeOf(error) === 'SQLITE_FULL') return new ParleyError('relay-full', 'disk', { cause: error })
    if (!isDamage(error)) return error
    this.#onDamage()
    return new ParleyError('relay-full', 'a damaged page', { cause: error })
  }

  get isOpen(): boolean {
    return !this.#closed
  }

  /** @throws Error when the disk is full */
  erase(): void {
    // A backup in another process may be reading: nobody waits for it here, the next round erases.
    this.#database.pragma('busy_timeout = 0')
    try {
      this.#database.pragma('wal_checkpoint(TRUNCATE)')
    } catch (error) {
      if (codeOf(error) !== 'SQLITE_FULL' || !this.#madeRoom()) throw error
    } finally {
      this.#database.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
    }
  }

  /** Commits what is queued, and flushes it. */
  close(): void {
    while (this.#queue.length > 0) this.#commitGroup()
    const log = this.#unflushed.length > 0 || this.#flushing !== null ? this.#logFile() : this.#log
    if (log !== null) fdatasyncSync(log)
    this.#closed = true
    this.#database.close()
    if (log === null) return
    void (this.#flushing ?? Promise.resolve()).then(() => {
      closeSync(log)
    })
  }
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

/** Of SQLite itself, or of what `commit` and `read` make of it. */
export function isDamage(error: unknown): boolean {
  const code = codeOf(error instanceof ParleyError ? error.cause : error) ?? ''
  return code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB'
}
