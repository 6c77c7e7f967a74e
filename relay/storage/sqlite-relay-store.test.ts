import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import Database from 'better-sqlite3'
import type { EnvelopeId, MailboxId } from '../../shared/model/ids.ts'
import { idFromBytes } from '../../shared/model/ids.ts'
import { configSchema } from '../config.ts'
import { RELAY_MIGRATIONS } from './migrations.ts'
import type { DepositItem, RelayStore } from './relay-store.ts'
import { SqliteDatabase } from './sqlite-database.ts'
import { openRelayStore } from './sqlite-relay-store.ts'

const filled = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value)
const mailboxId = idFromBytes<MailboxId>(filled(32, 1))
const HOUR_MS = 60 * 60 * 1000

let dir: string
let store: RelayStore

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-relay-store-'))
  store = openRelayStore(join(dir, 'relay.db'), configSchema.parse({ mailboxMaxInvites: 2, mailboxMaxDirectories: 2 }))
})

afterEach(() => {
  store.close()
  rmSync(dir, { recursive: true, force: true })
})

const envelope = (value: number, atMs: number, lifeMs = HOUR_MS): DepositItem => ({
  mailboxId,
  tokenHash: filled(32, 9),
  envelopeId: idFromBytes<EnvelopeId>(filled(16, value)),
  envelope: filled(100, value),
  storedAtMs: atMs,
  expiresAtMs: atMs + lifeMs,
})

async function openMailbox(): Promise<void> {
  await store.openMailbox({ mailboxId, publicKey: filled(32, 2), openedAtMs: 0 }, true)
  await store.putTokens(mailboxId, [{ hash: filled(32, 9), handle: filled(4, 8) }])
}

test('a database of a newer version is refused and left as it is', () => {
  store.close()
  const path = join(dir, 'relay.db')
  const newer = new Database(path)
  newer.pragma(`user_version = ${RELAY_MIGRATIONS.length + 1}`)
  newer.close()
  expect(() => openRelayStore(path, configSchema.parse({}))).toThrow('newer version')
  const after = new Database(path)
  expect(after.prepare('select count(*) as n from mailbox').get()).toEqual({ n: 0 })
  after.pragma(`user_version = ${RELAY_MIGRATIONS.length}`)
  after.close()
  store = openRelayStore(path, configSchema.parse({}))
})

test('a tombstone answers for 48 hours, then the envelope may come again', async () => {
  await openMailbox()
  await store.deposit([envelope(3, 0)])
  await store.collect(mailboxId, [envelope(3, 0).envelopeId], 0)
  expect(await store.deposit([envelope(3, 1)])).toEqual([{ kind: 'collected' }])
  await store.sweep(48 * HOUR_MS - 1)
  expect(await store.deposit([envelope(3, 1)])).toEqual([{ kind: 'collected' }])
  await store.sweep(48 * HOUR_MS)
  expect(await store.deposit([envelope(3, 1)])).toMatchObject([{ kind: 'held', isNew: true }])
})

test('an envelope that expired and was not swept yet is taken anew', async () => {
  await openMailbox()
  await store.deposit([envelope(3, 0, 1_000)])
  expect(await store.deposit([envelope(3, 2_000)])).toEqual([
    { kind: 'held', storedAtMs: 2_000, expiresAtMs: 2_000 + HOUR_MS, isNew: true },
  ])
  expect(await store.usage(mailboxId)).toEqual({ envelopeCount: 1, bytes: 100 })
})

test('a sweep goes in slices and says when there is more', async () => {
  await openMailbox()
  const items = Array.from({ length: 2_500 }, (_, index) => {
    const item = envelope(3, 0)
    const envelopeId = filled(16, 0)
    new DataView(envelopeId.buffer).setUint32(0, index)
    return { ...item, envelopeId: idFromBytes<EnvelopeId>(envelopeId) }
  })
  await store.deposit(items)
  expect((await store.sweep(HOUR_MS)).more).toBe(true)
  expect((await store.usage(mailboxId)).envelopeCount).toBeGreaterThanOrEqual(2_000)
  while ((await store.sweep(HOUR_MS)).more);
  expect(await store.usage(mailboxId)).toEqual({ envelopeCount: 0, bytes: 0 })
})

test('invites and directories of one mailbox are counted; those of another are out of reach', async () => {
  await openMailbox()
  const other = idFromBytes<MailboxId>(filled(32, 5))
  await store.openMailbox({ mailboxId: other, publicKey: filled(32, 6), openedAtMs: 0 }, true)
  const slot = (value: number) => ({ slotId: filled(32, value), item: filled(10, value), expiresAtMs: HOUR_MS })
  expect(await store.putInvite(mailboxId, slot(1))).toBe('stored')
  expect(await store.putInvite(other, slot(1))).toBe('foreign')
  expect(await store.putInvite(mailboxId, slot(2))).toBe('stored')
  expect(await store.putInvite(mailboxId, slot(3))).toBe('full')
  await store.closeInvite(other, filled(32, 1))
  expect((await store.takeInvite(filled(32, 1), filled(16, 1), 0)).kind).toBe('item')
  const directory = (value: number) => ({
    lookupId: filled(32, value),
    items: [],
    lastResort: filled(5, 1),
    replace: true,
  })
  expect(await store.putDirectory(mailboxId, directory(1))).toBe(0)
  expect(await store.putDirectory(mailboxId, directory(2))).toBe(0)
  expect(await store.putDirectory(mailboxId, directory(3))).toBe('full')
  expect(await store.putDirectory(other, directory(1))).toBe('foreign')
})

test('used and expired are remembered for 30 days after the expiry, then forgotten', async () => {
  await openMailbox()
  const [used, missed] = [filled(32, 1), filled(32, 2)]
  await store.putInvite(mailboxId, { slotId: used, item: filled(10, 1), expiresAtMs: HOUR_MS })
  await store.putInvite(mailboxId, { slotId: missed, item: filled(10, 1), expiresAtMs: HOUR_MS })
  await store.takeInvite(used, filled(16, 3), 0)
  const late = HOUR_MS + 29 * 24 * HOUR_MS
  await store.sweep(late)
  expect(await store.takeInvite(used, filled(16, 4), late)).toEqual({ kind: 'used' })
  expect(await store.takeInvite(missed, filled(16, 4), late)).toEqual({ kind: 'expired' })
  const later = HOUR_MS + 30 * 24 * HOUR_MS
  await store.sweep(later)
  expect(await store.takeInvite(used, filled(16, 4), later)).toEqual({ kind: 'unknown' })
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
    const row = [owner, filled(16, value), filled(4, 8), filled(100, value), 1_000, HOUR_MS]
    insert(
      'insert into envelope (mailbox_id, envelope_id, handle, bytes, stored_ms, expires_ms) values (?, ?, ?, ?, ?, ?)',
      ...row,
    )
  }
  const secret = filled(32, 77)
  insert("insert into secret values ('tombstone', ?)", secret)
  const mark = createHmac('sha256', secret).update(owner).update(filled(16, 4)).digest().subarray(0, 16)
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
