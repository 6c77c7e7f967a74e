import { randomBytes } from 'node:crypto'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { MailboxId } from '../shared/model/ids.ts'
import { idFromBytes } from '../shared/model/ids.ts'
import { configSchema } from './config.ts'
import { RestoreGuard } from './restore-guard.ts'
import type { RelayStore } from './storage/relay-store.ts'
import { openRelayStore } from './storage/sqlite-relay-store.ts'

const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))
const mailboxId = idFromBytes<MailboxId>(random(32))
const lookupId = random(32)
const lastResort = random(10)

let dir: string
let store: RelayStore

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parley-restore-'))
  store = open()
  await store.openMailbox({ mailboxId, publicKey: random(32), openedAtMs: 1 }, true)
  await store.putDirectory(mailboxId, { lookupId, items: [random(9), random(9)], lastResort, replace: true })
})

afterEach(async () => {
  store.close()
  await rm(dir, { recursive: true, force: true })
})

const open = (): RelayStore => openRelayStore(join(dir, 'relay.db'), configSchema.parse({}))
const guardOf = (): RestoreGuard => new RestoreGuard(store, join(dir, 'incarnation'))

async function reopenFrom(copy: string | null): Promise<void> {
  store.erase()
  store.close()
  if (copy !== null) await copyFile(copy, join(dir, 'relay.db'))
  store = open()
}

test('a database that is the one that was left keeps its prekeys', async () => {
  const guard = guardOf()
  expect(await guard.check()).toBeNull()
  guard.markTaken()
  await guard.renew()
  await reopenFrom(null)
  expect(await guardOf().check()).toBeNull()
  expect((await store.directoryStock(mailboxId))[0]?.remaining).toBe(2)
})

test('one that was put back from a copy discards its one-time prekeys and gives out the last resort', async () => {
  const guard = guardOf()
  await guard.check()
  store.erase()
  const copy = join(dir, 'copy.db')
  await copyFile(join(dir, 'relay.db'), copy)
  await store.takeDirectory(lookupId)
  guard.markTaken()
  await guard.renew()
  await reopenFrom(copy)
  expect(await guardOf().check()).toBe(2)
  expect(await store.takeDirectory(lookupId)).toMatchObject({ item: lastResort, remaining: 0 })
  await reopenFrom(null)
  expect(await guardOf().check()).toBeNull()
})

test('a copy from before anything was handed out is as good as the original', async () => {
  const guard = guardOf()
  await guard.check()
  store.erase()
  const copy = join(dir, 'copy.db')
  await copyFile(join(dir, 'relay.db'), copy)
  await guard.renew()
  await reopenFrom(copy)
  expect(await guardOf().check()).toBeNull()
})
