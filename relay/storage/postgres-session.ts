/** The connections to the server that is the primary now, and the proof that it still is. */

import type { PostgresConfig } from './store-config.ts'
import { ConnectionLost, PostgresConnection } from './postgres-connection.ts'
import type { FoundPrimary } from './postgres-primary.ts'
import { transact } from './postgres-transaction.ts'
import type { Transaction } from './postgres-transaction.ts'
import type { Row } from './postgres-values.ts'

/**
 * After a commit that a replica has flushed, nobody else can have been made primary for this long: Patroni promotes when
 * `ttl` - `loop_wait` seconds have passed at the earliest, and that has to be more than this.
 */
export const LEASE_MS = 6_000
const READ_WITHIN_MS = 5_000
/** Beside those that deposits and acknowledgements have for themselves. */
const OTHER_WRITERS = 2

/** Key lookups of one row each, whatever the statistics of a table that was empty a minute ago say. */
const SETTINGS = `
  set synchronous_commit = on;
  set plan_cache_mode = force_generic_plan;
  set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off;
  set statement_timeout = 0; set idle_in_transaction_session_timeout = 60000`

export interface SessionParts {
  readonly config: PostgresConfig
  readonly found: FoundPrimary
  /** Names this front end. */
  readonly frontEndId: string
}

export class PostgresSession {
  readonly found: FoundPrimary
  /** For what wants no transaction: signs of life, and notices from the other front ends. */
  readonly watcher: PostgresConnection
  readonly #parts: SessionParts
  readonly #lanes: readonly PostgresConnection[]
  readonly #others: readonly PostgresConnection[]
  readonly #pulse: PostgresConnection
  readonly #readers: readonly PostgresConnection[]
  readonly #tails = new Map<PostgresConnection, Promise<unknown>>()
  #turn = 0
  #provenAtMs = Number.NEGATIVE_INFINITY
  #onProven: (() => void)[] = []

  private constructor(parts: SessionParts, connections: readonly PostgresConnection[]) {
    this.#parts = parts
    this.found = parts.found
    const [watcher, pulse, ...rest] = connections
    if (watcher === undefined || pulse === undefined) throw new Error('too few connections')
    this.watcher = watcher
    this.#pulse = pulse
    this.#others = rest.slice(0, OTHER_WRITERS)
    this.#lanes = rest.slice(OTHER_WRITERS, OTHER_WRITERS + parts.config.connections)
    this.#readers = rest.slice(OTHER_WRITERS + parts.config.connections)
  }

  static async open(parts: SessionParts, onLost: () => void): Promise<PostgresSession> {
    const { config, found } = parts
    const wanted = 2 + OTHER_WRITERS + 2 * config.connections
    const opened = await Promise.allSettled(
      Array.from({ length: wanted }, () => PostgresConnection.open(config, found.host)),
    )
    const connections = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    const session = connections.length === wanted ? new PostgresSession(parts, connections) : null
    try {
      const failed = opened.find((result) => result.status === 'rejected')
      if (session === null) throw failed?.reason instanceof Error ? failed.reason : new Error('too few connections')
      if (found.genuine) await Promise.all(connections.map((one) => one.script(SETTINGS, READ_WITHIN_MS)))
      await session.#nameLanes()
      for (const connection of connections) connection.onLost(onLost)
      return session
    } catch (error) {
      for (const connection of connections) connection.destroy()
      throw error
    }
  }

  /** As `pg_stat_activity` shows them: it is the lanes that an operator looks for when deposits take long. */
  async #nameLanes(): Promise<void> {
    const named = this.#lanes.map((connection, lane) =>
      connection.script(`set application_name = 'parley-relay ${this.#parts.frontEndId} lane ${lane}'`, READ_WITHIN_MS),
    )
    await Promise.all(named)
  }

  /** Of the mailboxes whose share of the work has that number. */
  onLane<T>(lane: number, body: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#transact(this.#lanes[lane], body)
  }

  /** One after the other on each of a few connections. */
  onOther<T>(body: (transaction: Transaction) => Promise<T>): Promise<T> {
    this.#turn += 1
    const connection = this.#others[this.#turn % this.#others.length]
    return this.#inTurn(connection, () => this.#transact(connection, body))
  }

  /** The regular one, which shows that this server still commits. */
  onPulse<T>(body: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#transact(this.#pulse, body)
  }

  /** The time that an answer may take begins when it is asked for, and not while others are answered. */
  async #inTurn<T>(connection: PostgresConnection | undefined, work: () => Promise<T>): Promise<T> {
    if (connection === undefined) throw new Error('no such connection')
    const before = this.#tails.get(connection) ?? Promise.resolve()
    const mine = before.then(work)
    this.#tails.set(
      connection,
      mine.catch(() => undefined),
    )
    return mine
  }

  async #transact<T>(
    connection: PostgresConnection | undefined,
    body: (transaction: Transaction) => Promise<T>,
  ): Promise<T> {
    if (connection === undefined) throw new Error('no such connection')
    const { config, found } = this.#parts
    const { requireReplica } = config
    const { value, sentAtMs } = await transact({ connection, requireReplica, genuine: found.genuine }, body)
    if (sentAtMs > this.#provenAtMs) this.#provenAtMs = sentAtMs
    for (const tell of this.#onProven.splice(0)) tell()
    return value
  }

  /**
   * Rows as a primary has them that was still the primary when they came: an old one that was frozen and woken would show
   * what was acknowledged elsewhere since. @throws ConnectionLost | DatabaseError
   */
  async read(sql: string, values: readonly unknown[]): Promise<readonly Row[]> {
    for (;;) {
      if (!this.#isProven()) await this.#proof()
      this.#turn += 1
      const reader = this.#readers[this.#turn % this.#readers.length] ?? this.watcher
      const rows = await this.#inTurn(reader, () => reader.query(sql, values, READ_WITHIN_MS))
      if (this.#isProven()) return rows
    }
  }

  #isProven(): boolean {
    return !this.#parts.config.requireReplica || performance.now() - this.#provenAtMs < LEASE_MS
  }

  async #proof(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onProven.push(resolve)
    })
    if (this.watcher.isLost) throw new ConnectionLost('closed')
  }

  /** Fails what is under way. */
  destroy(): void {
    for (const connection of this.#connections()) connection.destroy()
    for (const tell of this.#onProven.splice(0)) tell()
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#connections().map((connection) => connection.close()))
    this.destroy()
  }

  #connections(): readonly PostgresConnection[] {
    return [this.watcher, this.#pulse, ...this.#others, ...this.#lanes, ...this.#readers]
  }
}
