import type { Database } from 'better-sqlite3'
import { guarded, storeFailure } from './failure.ts'

export type SqlValue = number | string | Uint8Array | null
/** A row as SQLite gives it: the values in the order of the selected columns. */
export type SqlRow = readonly SqlValue[]

export interface Query {
  get(...parameters: readonly SqlValue[]): SqlRow | null
  all(...parameters: readonly SqlValue[]): readonly SqlRow[]
}

export interface Command {
  /** @returns how many rows were changed */
  run(...parameters: readonly SqlValue[]): number
}

/**
 * An open database with prepared statements. Nothing is written outside `transaction`.
 * Every call: @throws disk-full | store-damaged
 */
export class Sql {
  readonly #database: Database
  readonly #commands = new Map<string, Command>()
  #afterCommit: (() => void)[] = []
  #depth = 0

  constructor(database: Database) {
    this.#database = database
  }

  query(source: string): Query {
    const statement = guarded(() => this.#database.prepare(source).raw())
    return {
      get: (...parameters) => guarded(() => statement.get(...parameters) as SqlRow | undefined) ?? null,
      all: (...parameters) => guarded(() => statement.all(...parameters) as SqlRow[]),
    }
  }

  /** Prepared once for each text. */
  command(source: string): Command {
    const known = this.#commands.get(source)
    if (known !== undefined) return known
    const statement = guarded(() => this.#database.prepare(source))
    const command: Command = {
      run: (...parameters) => {
        if (!this.#database.inTransaction) throw new Error('the store is written in a transaction only')
        return guarded(() => statement.run(...parameters)).changes
      },
    }
    this.#commands.set(source, command)
    return command
  }

  /** Several statements without parameters, for migrations. */
  execute(source: string): void {
    guarded(() => this.#database.exec(source))
  }

  /** A number that SQLite keeps outside the tables, such as `user_version`. */
  pragma(source: string): unknown {
    return guarded(() => this.#database.pragma(source, { simple: true }))
  }

  /**
   * Durable when it returns; undone when `body` throws. A nested call is undone alone when its body
   * throws and the outer one catches that; it becomes durable with the outer one.
   */
  transaction<T>(body: () => T): T {
    return this.#depth > 0 ? this.#nested(body) : this.#outermost(body)
  }

  #outermost<T>(body: () => T): T {
    this.execute('BEGIN IMMEDIATE')
    this.#depth = 1
    let result: T
    try {
      result = synchronous(body)
      // SQLite undoes a transaction by itself when the disk is full: then there is nothing to commit.
      if (!this.#database.inTransaction) throw new Error('the transaction was undone while it ran')
      this.execute('COMMIT')
    } catch (error) {
      this.#afterCommit = []
      if (this.#database.inTransaction) this.execute('ROLLBACK')
      throw storeFailure(error)
    } finally {
      this.#depth = 0
    }
    const callbacks = this.#afterCommit
    this.#afterCommit = []
    for (const callback of callbacks) callback()
    return result
  }

  #nested<T>(body: () => T): T {
    const waiting = this.#afterCommit.length
    this.execute('SAVEPOINT nested')
    this.#depth += 1
    try {
      const result = synchronous(body)
      this.execute('RELEASE nested')
      return result
    } catch (error) {
      this.#afterCommit.length = waiting
      if (this.#database.inTransaction) this.execute('ROLLBACK TO nested; RELEASE nested')
      throw error
    } finally {
      this.#depth -= 1
    }
  }

  /** Outside a transaction everything is committed already: the callback runs at once. */
  afterCommit(callback: () => void): void {
    if (this.#depth === 0) callback()
    else this.#afterCommit.push(callback)
  }

  /** Writes the log back into the database file. */
  close(): void {
    guarded(() => this.#database.close())
  }
}

function synchronous<T>(body: () => T): T {
  const result = body()
  if (result instanceof Promise) throw new Error('a transaction cannot wait')
  return result
}
