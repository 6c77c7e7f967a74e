import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { configSchema } from '../config.ts'
import { asPostgres, LocalPostgres, postgresPrograms } from '../testing/local-postgres.ts'
import {
  envelope,
  filled,
  heldIn,
  mailboxOf,
  numbered,
  openMailbox,
  openWithToken,
} from './contract-tests/store-factory.ts'
import { postgresMigrations } from './postgres-migrations.ts'
import { openPostgresStore } from './postgres-relay-store.ts'
import type { PostgresStore, PostgresStoreOptions } from './postgres-relay-store.ts'
import type { PostgresConfig } from './store-config.ts'

type StoreEvent = Parameters<PostgresStoreOptions['onEvent']>[0]

const directory = { lookupId: filled(32, 1), items: [1, 2, 3].map((n) => numbered(40, n)), lastResort: filled(9, 9) }

let postgres: LocalPostgres
let config: PostgresConfig
let stores: PostgresStore[]
let events: StoreEvent[]
let discarded: number[]
let onEvent: () => void

beforeAll(async () => {
  postgres = await LocalPostgres.start()
  config = await postgres.newDatabase()
})

beforeEach(async () => {
  await postgres.empty(config)
  stores = []
  events = []
  discarded = []
  onEvent = () => undefined
})

afterEach(async () => {
  for (const store of stores) {
    store.close()
    await store.ended()
  }
})

afterAll(async () => {
  await postgres.remove()
})

async function open(frontEndId: string, settings: Partial<PostgresConfig> = {}): Promise<PostgresStore> {
  const store = await openPostgresStore({
    ...{ config: { ...config, ...settings }, limits: configSchema.parse({}), frontEndId },
    onEvent: (event) => {
      events.push(event)
      onEvent()
    },
    onWentBack: (count) => {
      discarded.push(count)
    },
  })
  stores.push(store)
  return store
}

/** Asks the server until it has something to say. */
async function rowsOf(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  for (;;) {
    const rows = await postgres.query(sql, config.database)
    if (rows.length > 0) return rows
  }
}

async function untilEvent(event: StoreEvent): Promise<void> {
  while (!events.includes(event)) {
    await new Promise<void>((resolve) => {
      onEvent = resolve
    })
  }
}

function dropConnections(): Promise<unknown> {
  return postgres.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'parley-relay%'",
    config.database,
  )
}

describe('a server that lets go of everybody', () => {
  test('costs nothing but time: what was under way is done once, and what comes is done', async () => {
    const store = await open('one')
    await openWithToken(store)
    const items = Array.from({ length: 400 }, (_, index) => envelope(index))
    const deposits = items.map((item) => store.deposit([item]))
    await dropConnections()
    const results = (await Promise.all(deposits)).flat()
    expect(results.every(({ kind }) => kind === 'held')).toBe(true)
    await store.collect(
      mailboxOf(1),
      items.slice(0, 399).map(({ envelopeId }) => envelopeId),
      0,
    )
    expect(await heldIn(store, mailboxOf(1))).toEqual([items[399]?.envelopeId])
    expect(await store.usage(mailboxOf(1))).toEqual({ envelopeCount: 1, bytes: 100 })
    expect(events).toContain('store-lost')
  })

  test('one that crashed and came back has everything', async () => {
    const store = await open('one')
    await openWithToken(store)
    await store.deposit([envelope(1)])
    await postgres.end('SIGQUIT')
    await postgres.run()
    expect(await heldIn(store, mailboxOf(1))).toEqual([envelope(1).envelopeId])
  })

  test('what cannot be repeated is refused, with when to ask again, when nobody knows whether it was done', async () => {
    const store = await open('one')
    await openMailbox(store)
    // Its commit is sent and answered by nobody: the trigger ends the connection in the middle of it.
    await postgres.query(
      `create function hang_up() returns trigger language plpgsql as $$ begin
         perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
       create constraint trigger hang_up after insert on directory_item deferrable initially deferred
         for each row execute function hang_up()`,
      config.database,
    )
    const laid = store.putDirectory(mailboxOf(1), { ...directory, replace: false })
    await expect(laid).rejects.toMatchObject({ code: 'unreachable', retryAfterSeconds: 5 })
    await postgres.query('drop trigger hang_up on directory_item; drop function hang_up', config.database)
    expect(await store.putDirectory(mailboxOf(1), { ...directory, replace: false })).toBe(3)
  })

  test('a full disk of the server is told as such', async () => {
    const store = await open('one')
    await openWithToken(store)
    await postgres.query(
      `create function no_space() returns trigger language plpgsql as $$ begin
         raise exception 'could not extend file' using errcode = '53100'; end $$;
       create trigger no_space before insert on envelope for each row execute function no_space()`,
      config.database,
    )
    await expect(store.deposit([envelope(1)])).rejects.toMatchObject({ code: 'relay-full', retryAfterSeconds: 600 })
    await postgres.query('drop trigger no_space on envelope; drop function no_space', config.database)
    expect((await store.deposit([envelope(1)]))[0]?.kind).toBe('held')
  })
})

describe('a store that was put back from a copy', () => {
  test('is noticed by a front end that ran on: it knows of later signs of life than the store', async () => {
    const store = await open('one')
    await openMailbox(store)
    await store.putDirectory(mailboxOf(1), { ...directory, replace: true })
    await postgres.query('update front_end set beats = 0', config.database)
    await dropConnections()
    expect((await store.takeDirectory(directory.lookupId))?.item).toEqual(directory.lastResort)
    expect(discarded).toEqual([3])
  })

  test('one that only moved to another server is not taken for one', async () => {
    const store = await open('one')
    await openMailbox(store)
    await store.putDirectory(mailboxOf(1), { ...directory, replace: true })
    await dropConnections()
    expect((await store.takeDirectory(directory.lookupId))?.item).toEqual(directory.items[0])
    expect(discarded).toEqual([])
  })

  test('nor is one that lost a sign of life whose commit was never confirmed', async () => {
    const store = await open('one')
    await openMailbox(store)
    await store.putDirectory(mailboxOf(1), { ...directory, replace: true })
    events.length = 0
    await postgres.query(
      `create sequence pulses;
       create function hang_up() returns trigger language plpgsql as $$ begin
         if nextval('pulses') = 1 then raise exception 'once' using errcode = '57P01'; end if; return null; end $$;
       create constraint trigger hang_up after update on front_end deferrable initially deferred
         for each row execute function hang_up()`,
      config.database,
    )
    await untilEvent('store-lost')
    await untilEvent('store-connected')
    await postgres.query(
      'drop trigger hang_up on front_end; drop function hang_up; drop sequence pulses',
      config.database,
    )
    expect((await store.takeDirectory(directory.lookupId))?.item).toEqual(directory.items[0])
    expect(discarded).toEqual([])
  })

  test('each front end has its own mark; a new one among running ones has none yet', async () => {
    const [one, two] = [await open('one'), await open('two')]
    await one.setIncarnation(filled(16, 1))
    expect(await one.incarnation()).toEqual(filled(16, 1))
    expect(await two.incarnation()).toBeNull()
    await two.setIncarnation(filled(16, 2))
    expect(await one.incarnation()).toEqual(filled(16, 1))
  })

  test('a new one that finds nobody running finds a mark that it cannot have', async () => {
    const one = await open('one')
    await one.setIncarnation(filled(16, 1))
    one.close()
    await one.ended()
    await postgres.query('update front_end set seen_ms = seen_ms - 120000', config.database)
    expect(await (await open('two')).incarnation()).toEqual(filled(16, 1))
  })
})

describe('a schema', () => {
  const VERSION = postgresMigrations(1).length

  test('of a newer version is refused and left as it is', async () => {
    await open('one')
    await postgres.query('update schema_version set version = 1000', config.database)
    await expect(open('two')).rejects.toThrow('newer version')
    await postgres.query(`update schema_version set version = ${VERSION}`, config.database)
  })

  test('is made once by front ends that start together', async () => {
    const fresh = await postgres.newDatabase({ partitions: 1 })
    const opened = await Promise.all(
      ['one', 'two', 'three'].map((id) => open(id, { database: fresh.database, partitions: 1 })),
    )
    for (const store of opened) expect(await openMailbox(store)).toBe('open')
    expect(await postgres.query('select version::int from schema_version', fresh.database)).toEqual([
      { version: VERSION },
    ])
  })
})

/** What PostgreSQL takes for a replica: it receives the log, and says when it has flushed it. */
class LogReceiver {
  readonly #child: ChildProcess

  constructor(dir: string) {
    this.#child = spawn(
      join(postgresPrograms(), 'pg_receivewal'),
      ['-h', dir, '-U', 'parley', '-D', dir, '--synchronous', '--no-loop'],
      { ...asPostgres(), cwd: dir, stdio: 'ignore' },
    )
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async end(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}

describe('a synchronous replica', () => {
  let replica: LogReceiver

  beforeEach(async () => {
    replica = new LogReceiver(postgres.dir)
    await rowsOf('select 1 as one from pg_stat_replication')
    await standbys('pg_receivewal')
    await rowsOf("select 1 as one from pg_stat_replication where sync_state = 'sync'")
  })

  afterEach(async () => {
    await standbys('')
    await replica.end()
  })

  async function standbys(names: string): Promise<void> {
    await postgres.query(`alter system set synchronous_standby_names = '${names}'`)
    await postgres.query('select pg_reload_conf()')
    await rowsOf(`select 1 as one where current_setting('synchronous_standby_names') = '${names}'`)
  }

  const waiting = (frontEndId: string) =>
    `select pid from pg_stat_activity where wait_event = 'SyncRep' and application_name like 'parley-relay ${frontEndId} lane%'`

  test('a deposit is answered when it has flushed it, and not when somebody breaks off the wait', async () => {
    const store = await open('one', { requireReplica: true })
    await openWithToken(store)
    replica.signal('SIGSTOP')
    let answered = false
    const deposit = store.deposit([envelope(1)]).finally(() => (answered = true))
    await rowsOf(waiting('one'))
    // The server then says that it is committed, with a warning.
    await postgres.query(`select pg_cancel_backend(pid) from (${waiting('one')}) w`, config.database)
    await untilEvent('store-lost')
    expect(answered).toBe(false)
    replica.signal('SIGCONT')
    expect(await deposit).toMatchObject([{ kind: 'held' }])
  })

  test('nor is another front end answered that finds it there and has nothing to write', async () => {
    const [one, two] = [await open('one', { requireReplica: true }), await open('two', { requireReplica: true })]
    await openWithToken(one)
    replica.signal('SIGSTOP')
    const first = one.deposit([envelope(1)])
    await rowsOf(waiting('one'))
    await postgres.query(`select pg_cancel_backend(pid) from (${waiting('one')}) w`, config.database)
    await rowsOf('select 1 as one from envelope')
    let answered = false
    const again = two.deposit([envelope(1)]).finally(() => (answered = true))
    await Promise.race([again, rowsOf(waiting('two'))])
    expect(answered).toBe(false)
    replica.signal('SIGCONT')
    expect(await again).toMatchObject([{ kind: 'held', isNew: false }])
    expect(await first).toMatchObject([{ kind: 'held' }])
  })

  test('when the server is told to go on without one, nothing more is answered', async () => {
    const store = await open('one', { requireReplica: true })
    await openWithToken(store)
    await standbys('')
    await untilEvent('store-unfit')
    await standbys('pg_receivewal')
    expect((await store.deposit([envelope(1)]))[0]?.kind).toBe('held')
  })
})
