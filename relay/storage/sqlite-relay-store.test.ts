import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import Database from 'better-sqlite3'
import { configSchema } from '../config.ts'
import type { RelayStore } from './relay-store.ts'
import { relayStoreContract } from './contract-tests/relay-store.ts'
import { envelope, filled, HOUR_MS, mailboxOf, numbered, openWithToken } from './contract-tests/store-factory.ts'
import { RELAY_MIGRATIONS } from './migrations.ts'
import { SqliteDatabase } from './sqlite-database.ts'
import { openRelayStore } from './sqlite-relay-store.ts'

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'parley-relay-store-'))

relayStoreContract('SQLite', async (limits = {}) => {
  const folder = newFolder()
  const open = () => openRelayStore(join(folder, 'relay.db'), configSchema.parse(limits))
  let store = open()
  return {
    store,
    reopen: async () => {
      store.close()
      store = open()
      return store
    },
    remove: async () => {
      store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
})

const mailboxId = mailboxOf(1)

let dir: string
let store: RelayStore

const openMailbox = () => openWithToken(store)

beforeEach(() => {
  dir = newFolder()
  store = openRelayStore(join(dir, 'store.db'), configSchema.parse({}))
})

afterEach(() => {
  store.close()
  rmSync(dir, { recursive: true, force: true })
})

test('a database of a newer version is refused and left as it is', () => {
  const path = join(dir, 'relay.db')
  openRelayStore(path, configSchema.parse({})).close()
  const newer = new Database(path)
  newer.pragma(`user_version = ${RELAY_MIGRATIONS.length + 1}`)
  newer.close()
  expect(() => openRelayStore(path, configSchema.parse({}))).toThrow('newer version')
  const after = new Database(path)
  expect(after.prepare('select count(*) as n from mailbox').get()).toEqual({ n: 0 })
  after.close()
})

test('a request that does not fit the disk is told so, and fails alone of its group', async () => {
  const database = new SqliteDatabase(join(dir, 'small.db'), ['create table t (x blob)'])
  await database.commit(() => database.run('pragma max_page_count = 20'))
  const small = database.commit(() => database.run('insert into t values (?)', filled(10, 1)))
  const large = database.commit(() => database.run('insert into t values (?)', filled(200_000, 1)))
  await expect(large).rejects.toMatchObject({ code: 'relay-full' })
  await small
  expect(database.get('select count(*) as n from t')).toEqual({ n: 1 })
  await database.commit(() => database.run('insert into t values (?)', filled(10, 1)))
  expect(database.get('select count(*) as n from t')).toEqual({ n: 2 })
  database.close()
})

test('a database of version 1 keeps its envelopes, tokens, tombstones and order', async () => {
  const path = join(dir, 'first.db')
  const [first] = RELAY_MIGRATIONS
  if (typeof first !== 'string') throw new Error('version 1 is SQL')
  const old = new Database(path)
  old.exec(first)
  old.pragma('user_version = 1')
  const insert = (sql: string, ...values: readonly unknown[]) => old.prepare(sql).run(...values)
  const owner = filled(32, 1)
  insert('insert into mailbox values (?, ?, 0)', owner, filled(32, 2))
  insert('insert into mailbox_usage values (?, 2, 200)', owner)
  insert('insert into token values (?, ?, ?)', owner, filled(32, 9), filled(4, 8))
  for (const value of [6, 5]) {
    const row = [owner, numbered(16, value), filled(4, 8), filled(100, value), 1_000, HOUR_MS]
    insert(
      'insert into envelope (mailbox_id, envelope_id, handle, bytes, stored_ms, expires_ms) values (?, ?, ?, ?, ?, ?)',
      ...row,
    )
  }
  const secret = filled(32, 77)
  insert("insert into secret values ('tombstone', ?)", secret)
  const mark = createHmac('sha256', secret).update(owner).update(numbered(16, 4)).digest().subarray(0, 16)
  insert('insert into tombstone values (?, ?)', mark, 500)
  old.close()

  const migrated = openRelayStore(path, configSchema.parse({}))
  const waiting = await migrated.envelopesAfter(mailboxId, 0, { count: 10, bytes: 10_000 }, 2_000)
  expect(waiting.map(({ sequence, envelope: bytes }) => [sequence, bytes[0]])).toEqual([
    [1, 6],
    [2, 5],
  ])
  expect(await migrated.usage(mailboxId)).toEqual({ envelopeCount: 2, bytes: 200 })
  const results = await migrated.deposit([envelope(5, 2_000), envelope(4, 2_000), envelope(3, 2_000)])
  expect(results).toEqual([
    { kind: 'held', storedAtMs: 1_000, expiresAtMs: HOUR_MS, isNew: false },
    { kind: 'collected' },
    { kind: 'held', storedAtMs: 2_000, expiresAtMs: 2_000 + HOUR_MS, isNew: true },
  ])
  const [added] = await migrated.envelopesAfter(mailboxId, 2, { count: 10, bytes: 10_000 }, 2_000)
  expect(added?.envelope[0]).toBe(3)
  while ((await migrated.sweep(500 + 48 * HOUR_MS)).more);
  expect(await migrated.deposit([envelope(4, 49 * HOUR_MS)])).toMatchObject([{ kind: 'held', isNew: true }])
  migrated.close()
})

test('what was pushed goes in one piece, whatever lies between, and is answered as collected', async () => {
  await openMailbox()
  await store.deposit([envelope(1, 0), envelope(2, 0, 10), envelope(3, 0), envelope(4, 0)])
  const waiting = await store.envelopesAfter(mailboxId, 0, { count: 10, bytes: 10_000 }, 1_000)
  expect(waiting.map(({ envelope: bytes }) => bytes[0])).toEqual([1, 3, 4])
  const pushed = waiting.map(({ sequence, envelopeId, envelope: bytes }) => ({
    ...{ sequence, envelopeId },
    sizeBytes: bytes.length,
  }))
  await store.collectPushed(mailboxId, pushed.slice(0, 2), 1_000)
  expect(await store.usage(mailboxId)).toEqual({ envelopeCount: 2, bytes: 200 })
  await store.collectPushed(mailboxId, pushed.slice(2), 1_000)
  // It came twice.
  await store.collectPushed(mailboxId, pushed, 1_000)
  expect(await store.usage(mailboxId)).toEqual({ envelopeCount: 1, bytes: 100 })
  const again = await store.deposit([envelope(1, 2_000), envelope(3, 2_000), envelope(4, 2_000)])
  expect(again.map(({ kind }) => kind)).toEqual(['collected', 'collected', 'collected'])
})
