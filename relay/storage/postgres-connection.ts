/** One connection to one PostgreSQL server: prepared statements, a time limit on each, an end that waits for nobody. */

import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import pg from 'pg'
import type { PostgresConfig } from './store-config.ts'
import { parserOf } from './postgres-values.ts'
import type { Row } from './postgres-values.ts'

const CONNECT_WITHIN_MS = 3_000
const DEFAULT_PORT = 5432

/** The connection is gone, or the server no longer takes what is written. Nothing is known of a commit under way. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

export class PostgresConnection {
  readonly #client: pg.Client
  readonly #socket: Socket
  readonly #names = new Map<string, string>()
  #lost: ConnectionLost | null = null
  #unreplicated = false

  private constructor(client: pg.Client, socket: Socket) {
    this.#client = client
    this.#socket = socket
    client.on('error', (cause) => {
      this.#lost ??= new ConnectionLost('connection', { cause })
    })
    client.on('end', () => {
      this.#lost ??= new ConnectionLost('closed')
    })
    // "The transaction has already committed locally, but might not have been replicated" is a warning, and then a success.
    client.on('notice', (notice) => {
      if (notice.severity === 'WARNING') this.#unreplicated = true
    })
  }

  /** @throws ConnectionLost, or DatabaseError: the server refuses this user */
  static async open(config: PostgresConfig, host: string): Promise<PostgresConnection> {
    const socket = new Socket()
    const client = new pg.Client({ ...clientConfig(config, host), stream: () => socket })
    const connection = new PostgresConnection(client, socket)
    try {
      await client.connect()
      return connection
    } catch (error) {
      connection.destroy()
      throw error instanceof pg.DatabaseError ? error : new ConnectionLost('connect', { cause: error })
    }
  }

  get isLost(): boolean {
    return this.#lost !== null
  }

  /** A prepared statement. @throws ConnectionLost | DatabaseError */
  async query(sql: string, values: readonly unknown[], withinMs: number): Promise<readonly Row[]> {
    const known = this.#names.get(sql)
    const name = known ?? `s${this.#names.size}`
    if (known === undefined) this.#names.set(sql, name)
    const result = await this.#within(withinMs, () => this.#client.query<Row>({ name, text: sql, values: [...values] }))
    return result.rows
  }

  /** Statements without values, in one message; the rows of the last one. @throws ConnectionLost | DatabaseError */
  async script(sql: string, withinMs: number): Promise<readonly Row[]> {
    const result: unknown = await this.#within(withinMs, () => this.#client.query(sql))
    const last: unknown = Array.isArray(result) ? result.at(-1) : result
    return last instanceof Object && 'rows' in last && Array.isArray(last.rows) ? (last.rows as Row[]) : []
  }

  /** Whether the server said, since the last call, that a commit may be on no replica. */
  takeUnreplicated(): boolean {
    const was = this.#unreplicated
    this.#unreplicated = false
    return was
  }

  onNotification(hear: (payload: string) => void): void {
    this.#client.on('notification', ({ payload }) => {
      if (payload !== undefined) hear(payload)
    })
  }

  /** Calls back once, when it is lost. */
  onLost(tell: () => void): void {
    this.#socket.once('close', tell)
  }

  async #within<T>(withinMs: number, ask: () => Promise<T>): Promise<T> {
    if (this.#lost !== null) throw this.#lost
    const timer = setTimeout(() => {
      this.#lost ??= new ConnectionLost('no answer')
      this.destroy()
    }, withinMs)
    try {
      return await ask()
    } catch (error) {
      if (error instanceof pg.DatabaseError) throw error
      this.#lost ??= new ConnectionLost('connection', { cause: error })
      throw this.#lost
    } finally {
      clearTimeout(timer)
    }
  }

  /** At once: a server that does not answer is not asked. */
  destroy(): void {
    this.#lost ??= new ConnectionLost('closed')
    this.#socket.destroy()
  }

  async close(): Promise<void> {
    const timer = setTimeout(() => this.#socket.destroy(), CONNECT_WITHIN_MS)
    try {
      await this.#client.end()
    } finally {
      clearTimeout(timer)
      this.destroy()
    }
  }
}

function clientConfig(config: PostgresConfig, host: string) {
  const { database, user, tls, tlsAuthorityFile } = config
  const password = config.passwordFile === '' ? config.password : readFileSync(config.passwordFile, 'utf8').trim()
  const place = placeOf(host)
  const authority = tlsAuthorityFile === '' ? {} : { ca: readFileSync(tlsAuthorityFile, 'utf8') }
  return {
    ...place,
    ...{ database, user, password },
    ssl: tls === 'off' ? false : { ...authority, servername: place.host },
    application_name: 'parley-relay',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    keepAlive: true,
    // Statements of a transaction leave together; the server answers them one after the other.
    pipeline: true,
    types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
  }
}

/** `host`, `host:port`, `[v6]:port`, or the folder of a socket with `:port` after it. */
function placeOf(host: string): { readonly host: string; readonly port: number } {
  const [, name = host, port] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(host) ?? []
  return { host: name, port: port === undefined ? DEFAULT_PORT : Number(port) }
}
