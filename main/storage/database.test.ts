import { copyFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  chatIdOf,
  contactIdOf,
  messageIdOf,
  sampleBytes,
  sampleChat,
  sampleContact,
  sampleMessage,
  sampleOutbox,
} from '../ports/contract-tests/sample-records.ts'
import type { Store } from '../ports/store/store.ts'
import { MIGRATIONS } from './migrations/index.ts'
import { allFiles, codeOf, openIn } from './testing/store-files.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const PAGE_BYTES = 4096

function putChat(store: Store): void {
  store.transaction(() => {
    store.contacts.insert(sampleContact(1))
    store.chats.insert(sampleChat(1))
  })
}

function putMessages(store: Store, first: number, last: number): void {
  store.transaction(() => {
    for (let number = first; number <= last; number += 1) store.messages.insert(sampleMessage(number))
  })
}

/** A closed store with `count` messages: the path of its file. */
function closedStore(folder: string, count: number): string {
  const { store } = openIn(folder, 'new')
  putChat(store)
  putMessages(store, 1, count)
  store.close()
  return join(folder, 'store.db')
}

describe('what is refused leaves the file as it was', () => {
  test('another key', async () => {
    const folder = temporaryFolder()
    const path = closedStore(folder, 10)
    const before = readFileSync(path)
    expect(await codeOf(() => openIn(folder, 'existing', { key: sampleBytes(9, 9) }))).toBe('store-damaged')
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('another key, while the log still holds the newest commits', async () => {
    const folder = temporaryFolder()
    const { store } = openIn(folder, 'new')
    putChat(store)
    putMessages(store, 1, 10)
    const left = temporaryFolder()
    for (const name of ['store.db', 'store.db-wal']) copyFileSync(join(folder, name), join(left, name))
    store.close()
    expect(await codeOf(() => openIn(left, 'existing', { key: sampleBytes(9, 9) }))).toBe('store-damaged')
    const { store: reopened } = openIn(left, 'existing')
    expect(reopened.messages.page(chatIdOf(1), null, 50)).toHaveLength(10)
    reopened.close()
  })

  test.each([0, 1, 2, 40])('one damaged byte in page %i', async (page) => {
    const folder = temporaryFolder()
    const path = closedStore(folder, 500)
    const bytes = readFileSync(path)
    const at = page * PAGE_BYTES + 700
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
    writeFileSync(path, bytes)
    expect(await codeOf(() => openIn(folder, 'existing'))).toBe('store-damaged')
    expect(readFileSync(path).equals(bytes)).toBe(true)
  })

  test('a file that was cut off', async () => {
    const folder = temporaryFolder()
    const path = closedStore(folder, 500)
    truncateSync(path, 20 * PAGE_BYTES)
    const before = readFileSync(path)
    expect(await codeOf(() => openIn(folder, 'existing'))).toBe('store-damaged')
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('a file that is empty or gone is never taken for a new store', async () => {
    const folder = temporaryFolder()
    expect(await codeOf(() => openIn(folder, 'existing'))).not.toBe('none')
    expect(existsSync(join(folder, 'store.db'))).toBe(false)
    writeFileSync(join(folder, 'store.db'), '')
    expect(await codeOf(() => openIn(folder, 'existing'))).toBe('store-damaged')
  })

  test('a store of a newer version', async () => {
    const folder = temporaryFolder()
    const newer = { version: MIGRATIONS.length + 1, sql: 'CREATE TABLE later (one INTEGER) STRICT' }
    openIn(folder, 'new', { migrations: [...MIGRATIONS, newer] }).store.close()
    const before = readFileSync(join(folder, 'store.db'))
    expect(await codeOf(() => openIn(folder, 'existing'))).toBe('store-newer')
    expect(readFileSync(join(folder, 'store.db')).equals(before)).toBe(true)
  })

  test('a store that is open already', async () => {
    const folder = temporaryFolder()
    const { store } = openIn(folder, 'new')
    expect(await codeOf(() => openIn(folder, 'existing'))).toBe('profile-open')
    store.close()
  })
})

test('in a large store a damaged page is found when it is read, and the rest can be used', async () => {
  const folder = temporaryFolder()
  const { store, sql } = openIn(folder, 'new')
  putChat(store)
  const text = 'x'.repeat(60_000)
  store.transaction(() => {
    for (let number = 1; number <= 100; number += 1) {
      store.messages.insert(sampleMessage(number, { body: { kind: 'text', text } }))
    }
  })
  expect(sql.pragma('page_count')).toBeGreaterThan(1_024)
  store.close()
  const path = join(folder, 'store.db')
  const bytes = readFileSync(path)
  const at = 800 * PAGE_BYTES + 99
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(path, bytes)

  const { store: damaged } = openIn(folder, 'existing')
  expect(damaged.messages.get(messageIdOf(100))?.messageId).toBe(messageIdOf(100))
  expect(await codeOf(() => damaged.messages.page(chatIdOf(1), null, 100))).toBe('store-damaged')
  damaged.close()
})

describe('a full disk', () => {
  test('undoes the transaction, says so, and what was there stays usable', async () => {
    const { store, sql } = openIn(temporaryFolder(), 'new')
    putChat(store)
    putMessages(store, 1, 5)
    sql.pragma(`max_page_count = ${Number(sql.pragma('page_count')) + 4}`)
    expect(await codeOf(() => putMessages(store, 6, 500))).toBe('disk-full')
    expect(store.messages.page(chatIdOf(1), null, 50)).toHaveLength(5)
    sql.pragma('max_page_count = 100000')
    putMessages(store, 6, 10)
    expect(store.messages.page(chatIdOf(1), null, 50)).toHaveLength(10)
    store.close()
  })

  test('also when the body hides the failure: a half transaction is never committed', async () => {
    const { store, sql } = openIn(temporaryFolder(), 'new')
    putChat(store)
    sql.pragma(`max_page_count = ${Number(sql.pragma('page_count')) + 4}`)
    const hide = (): void => {
      store.contacts.update(contactIdOf(1), { alias: 'half' })
      try {
        for (let number = 1; number < 500; number += 1) store.messages.insert(sampleMessage(number))
      } catch {
        store.outbox.insert(sampleOutbox(1))
      }
    }
    expect(() => store.transaction(hide)).toThrow()
    expect(store.contacts.get(contactIdOf(1))?.alias).toBe('')
    expect(store.messages.page(chatIdOf(1), null, 50)).toEqual([])
    expect(store.outbox.all()).toEqual([])
    store.close()
  })
})

test('nothing that was written can be read in any file', () => {
  const folder = temporaryFolder()
  const { store } = openIn(folder, 'new')
  putChat(store)
  putMessages(store, 1, 200)
  const texts = ['Message 1', 'Contact 1', 'SQLite format', 'CREATE TABLE', 'messages']
  const secret = Buffer.from(sampleContact(1).ownDeliverySecret)
  const search = (): void => {
    const files = allFiles(folder)
    expect(files.length).toBeGreaterThan(0)
    for (const [name, bytes] of files) {
      for (const needle of [...texts, secret]) expect([name, bytes.includes(needle)]).toEqual([name, false])
    }
  }
  search()
  store.close()
  search()
})

test('a store keeps the settings that durability rests on', () => {
  const { sql, store } = openIn(temporaryFolder(), 'new')
  expect(sql.pragma('journal_mode')).toBe('wal')
  expect(sql.pragma('synchronous')).toBe(2)
  expect(sql.pragma('foreign_keys')).toBe(1)
  expect(sql.pragma('secure_delete')).toBe(1)
  expect(sql.pragma('temp_store')).toBe(2)
  expect(sql.pragma('cell_size_check')).toBe(1)
  store.close()
})
