/** A PostgreSQL server of the test's own: a data folder that is removed again, a socket in it, no port. Debian's package `postgresql`. */

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { storeSchema } from '../storage/store-config.ts'
import type { PostgresConfig } from '../storage/store-config.ts'

const DEBIAN = '/usr/lib/postgresql'
const PORT = 5432
const START_WITHIN_MS = 20_000

/** The newest that is installed. @throws Error: none is */
export function postgresPrograms(): string {
  const versions = readdirSync(DEBIAN).map(Number).filter(Number.isFinite)
  if (versions.length === 0) throw new Error('PostgreSQL is not installed')
  return join(DEBIAN, String(Math.max(...versions)), 'bin')
}

/** The server refuses to run as root: there it is the user that Debian's package makes. */
export function asPostgres(): { readonly uid: number; readonly gid: number } | Record<string, never> {
  if (process.getuid?.() !== 0) return {}
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

/** A folder that the server may use. */
export function serverFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'parley-postgres-'))
  const { uid, gid } = asPostgres()
  if (uid !== undefined && gid !== undefined) chownSync(dir, uid, gid)
  return dir
}

export class LocalPostgres {
  readonly dir: string
  #server: ChildProcess | null = null
  #databases = 0

  private constructor(dir: string) {
    this.dir = dir
  }

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<LocalPostgres> {
    const postgres = new LocalPostgres(serverFolder())
    execFileSync(
      join(postgresPrograms(), 'initdb'),
      ['-D', postgres.#data, '-U', 'parley', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
      { ...asPostgres(), cwd: postgres.dir, stdio: 'pipe' },
    )
    await postgres.run(settings)
    return postgres
  }

  get #data(): string {
    return join(this.dir, 'data')
  }

  get #host(): string {
    return `${this.dir}:${PORT}`
  }

  /** Resolves when it takes connections. */
  async run(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const all = { listen_addresses: '', unix_socket_directories: this.dir, port: String(PORT), ...settings }
    const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    this.#server = spawn(join(postgresPrograms(), 'postgres'), ['-D', this.#data, ...flags], {
      ...asPostgres(),
      cwd: this.dir,
      stdio: 'ignore',
    })
    process.once('exit', this.#kill)
    const giveUpAtMs = performance.now() + START_WITHIN_MS
    while (!(await this.#answers())) {
      if (performance.now() > giveUpAtMs) throw new Error('PostgreSQL did not start')
      await delay(50)
    }
  }

  readonly #kill = (): void => {
    this.#server?.kill('SIGQUIT')
  }

  async #answers(): Promise<boolean> {
    try {
      await this.query('select 1')
      return true
    } catch {
      return false
    }
  }

  /** On a connection of its own. */
  async query(sql: string, database = 'postgres'): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const client = new pg.Client({ host: this.dir, port: PORT, user: 'parley', database })
    // It may be ended from the server's side.
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query<Readonly<Record<string, unknown>>>(sql)).rows
    } finally {
      await client.end()
    }
  }

  /** A new, empty database. */
  async newDatabase(settings: Partial<PostgresConfig> = {}): Promise<PostgresConfig> {
    this.#databases += 1
    const database = `test_${this.#databases}`
    await this.query(`create database ${database}`)
    const config = storeSchema.parse({
      ...{ kind: 'postgres', hosts: [this.#host], database, user: 'parley', tls: 'off' },
      ...{ requireReplica: false, partitions: 2, connections: 2 },
      ...settings,
    })
    if (config.kind !== 'postgres') throw new Error('another store')
    return config
  }

  /** Deletes every row but those of front ends that may still run. */
  async empty({ database }: PostgresConfig): Promise<void> {
    const tables = await this.query(
      `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname not in ('schema_version', 'front_end_list', 'front_end', 'secret')`,
      database,
    )
    if (tables.length === 0) return
    const deletes = tables.map(({ name }) => `delete from ${String(name)}`)
    const others = ["delete from secret where name <> 'tombstone'", 'update front_end set incarnation = null']
    await this.query([...deletes, ...others].join(';'), database)
  }

  signal(signal: NodeJS.Signals): void {
    this.#server?.kill(signal)
  }

  /** SIGINT ends it in order, SIGQUIT as a crash does. */
  async end(signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server === null || server.exitCode !== null) return
    const ended = once(server, 'exit')
    server.kill(signal)
    await ended
    process.off('exit', this.#kill)
  }

  async remove(): Promise<void> {
    await this.end()
    await rm(this.dir, { recursive: true, force: true })
  }
}
