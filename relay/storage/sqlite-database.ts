/** One SQLite file: WAL, `synchronous=FULL`, pages wiped on delete; statements prepared once; many requests a commit. */

import Database from 'better-sqlite3'
import { ParleyError } from '../../shared/errors.ts'

export type Row = Readonly<Record<string, unknown>>

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

interface Statement {
  run(...values: readonly unknown[]): { readonly changes: number }
  get(...values: readonly unknown[]): unknown
  all(...values: readonly unknown[]): unknown[]
}

interface Connection {
  readonly inTransaction: boolean
  prepare(sql: string): Statement
  exec(sql: string): unknown
  pragma(source: string): unknown
  close(): unknown
}

interface Waiting {
  readonly run: () => () => void
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
/** Another process writes for a moment: an invite of the operator. */
const BUSY_TIMEOUT_MS = 5_000

export class SqliteDatabase {
  readonly #database: Connection
  readonly #statements = new Map<string, Statement>()
  readonly #queue: Waiting[] = []
  readonly #onDamage: () => void
  readonly #disk: Room
  #scheduled = false
  #closed = false

  /** @throws Error when the file was written by a newer version */
  constructor(
    path: string,
    migrations: readonly string[],
    { onDamage = () => undefined, disk = NO_ROOM }: SqliteOptions = {},
  ) {
    this.#onDamage = onDamage
    this.#disk = disk
    this.#database = new Database(path)
    this.#database.pragma('journal_mode = WAL')
    this.#database.pragma('synchronous = FULL')
    this.#database.pragma('foreign_keys = ON')
    this.#database.pragma('secure_delete = ON')
    this.#migrate(migrations)
    disk.reuses(() => this.#freeBytes())
  }

  #freeBytes(): number {
    const row = this.get('select freelist_count * page_size as n from pragma_freelist_count, pragma_page_size')
    return numberOf(row, 'n')
  }

  #migrate(migrations: readonly string[]): void {
    const version = numberOf(this.get('select user_version as version from pragma_user_version'), 'version')
    if (version > migrations.length) {
      throw new Error(
        `The relay's database was written by a newer version (${version}); this one knows ${migrations.length}.`,
      )
    }
    for (const [index, script] of migrations.entries()) {
      if (index < version) continue
      this.#transact(() => {
        this.#database.exec(script)
        this.#database.pragma(`user_version = ${index + 1}`)
      })
    }
  }

  #transact<T>(body: () => T): T {
    this.run('begin immediate')
    try {
      const value = body()
      this.run('commit')
      return value
    } catch (error) {
      // A full disk may have rolled it back already.
      if (this.#database.inTransaction) this.run('rollback')
      throw error
    }
  }

  #prepare(sql: string): Statement {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  run(sql: string, ...values: readonly unknown[]): number {
    return this.#prepare(sql).run(...values).changes
  }

  get(sql: string, ...values: readonly unknown[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined
  }

  all(sql: string, ...values: readonly unknown[]): readonly Row[] {
    return this.#prepare(sql).all(...values) as Row[]
  }

  /**
   * Resolves with what `body` returned once that is durable: whatever is queued when the event loop comes round shares one
   * transaction and one flush. Where that fails, each is carried out again by itself: a full disk or a damaged page that
   * one of them meets is not the others' failure.
   * @throws relay-full: the disk is, or a page is damaged
   */
  commit<T>(body: () => T, need: Need = 'grows'): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#queue.push({
        run: () => {
          const value = body()
          return () => {
            resolve(value)
          }
        },
        fail: reject,
        need,
      })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    const group = this.#queue.splice(0, MAX_GROUP)
    if (this.#queue.length > 0) this.#schedule()
    if (this.#settle(group) === null) return
    for (const waiting of group) {
      const failure = this.#settle([waiting])
      if (failure !== null) this.#settleAgain(waiting, failure)
    }
  }

  /** Null: it is done and everybody was told. Otherwise nothing was done and nobody told. */
  #settle(group: readonly Waiting[]): { readonly error: unknown } | null {
    try {
      const settle = this.#transact(() => group.map((waiting) => waiting.run()))
      for (const resolve of settle) resolve()
      return null
    } catch (error) {
      return { error }
    }
  }

  #settleAgain(waiting: Waiting, { error }: { readonly error: unknown }): void {
    const isFull = codeOf(error) === 'SQLITE_FULL'
    if (isFull) this.#disk.filled()
    const tryAgain = isFull && waiting.need === 'goes-on' && this.#madeRoom()
    const failure = tryAgain ? this.#settle([waiting]) : { error }
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

  close(): void {
    this.#closed = true
    this.#database.close()
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
