import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { EnvelopeId, MailboxId } from '../shared/model/ids.ts'
import { idFromBytes } from '../shared/model/ids.ts'
import { configSchema } from './config.ts'
import { measuredStore } from './measured-store.ts'
import { COMMIT_BUCKETS_SECONDS, Meter } from './metrics.ts'
import type { RelayStore } from './storage/relay-store.ts'
import { openRelayStore } from './storage/sqlite-relay-store.ts'

const NOW_MS = 1_700_000_000_000
const bytes = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value)
const mailboxId = idFromBytes<MailboxId>(bytes(32, 1))

let dir: string
let store: RelayStore
let meter: Meter
let timeMs: number

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parley-measured-'))
  timeMs = 0
  meter = new Meter(() => timeMs)
  store = measuredStore(openRelayStore(join(dir, 'relay.db'), configSchema.parse({})), meter)
  await store.openMailbox({ mailboxId, publicKey: bytes(32, 2), openedAtMs: NOW_MS }, true)
  await store.putTokens(mailboxId, [{ hash: bytes(32, 3), handle: bytes(4, 4) }])
})

afterEach(async () => {
  store.close()
  await rm(dir, { recursive: true, force: true })
})

const item = (value: number, tokenHash = bytes(32, 3)) => ({
  ...{ mailboxId, tokenHash, envelopeId: idFromBytes<EnvelopeId>(bytes(16, value)), envelope: bytes(100, value) },
  ...{ storedAtMs: NOW_MS, expiresAtMs: NOW_MS + 60_000 },
})

test('deposits that were newly stored are counted: no repeated ones, no refused ones', async () => {
  const results = await store.deposit([item(1), item(2), item(1), item(3, bytes(32, 9))])
  expect(results.map(({ kind }) => kind)).toEqual(['held', 'held', 'held', 'no-token'])
  expect([meter.total('deposits'), meter.total('depositBytes')]).toEqual([2, 200])
})

test('pushes, drains, prekeys and totals', async () => {
  await store.deposit([item(1), item(2)])
  expect(await store.totals()).toEqual({ mailboxes: 1, envelopes: 2, envelopeBytes: 200 })
  const pushed = await store.envelopesAfter(mailboxId, 0, { count: 10, bytes: 10_000 }, NOW_MS)
  expect([pushed.length, meter.total('pushes'), meter.total('pushBytes')]).toEqual([2, 2, 200])
  await store.collect(
    mailboxId,
    pushed.map(({ envelopeId }) => envelopeId),
    NOW_MS,
  )
  expect(meter.total('drains')).toBe(2)
  expect(await store.totals()).toEqual({ mailboxes: 1, envelopes: 0, envelopeBytes: 0 })
  const lookupId = bytes(32, 7)
  expect(await store.takeDirectory(lookupId)).toBe(null)
  expect(meter.total('prekeysTaken')).toBe(0)
  await store.putDirectory(mailboxId, { lookupId, items: [bytes(9, 1)], lastResort: bytes(9, 2), replace: true })
  await store.takeDirectory(lookupId)
  expect(meter.total('prekeysTaken')).toBe(1)
})

test('a write is under way until it is durable, and its time falls into a bucket', async () => {
  const depositing = store.deposit([item(1)])
  expect(meter.writesUnderWay).toBe(1)
  timeMs = 3
  await depositing
  expect(meter.writesUnderWay).toBe(0)
  const at = COMMIT_BUCKETS_SECONDS.indexOf(0.004)
  expect(meter.commits.counts[at]).toBe(1)
  expect(meter.commits.seconds).toBeCloseTo(0.003)
  const slow = meter.writing()
  timeMs = 60_000
  slow()
  expect(meter.commits.counts.at(-1)).toBe(1)
})

test('a write that fails is no longer under way, and the failure passes through', async () => {
  const broken = { deposit: () => Promise.reject(new Error('disk')) } as unknown as RelayStore
  await expect(measuredStore(broken, meter).deposit([item(1)])).rejects.toThrow('disk')
  expect(meter.writesUnderWay).toBe(0)
  expect(meter.total('deposits')).toBe(0)
})

test('a store of private fields works behind it, and a method stays the same one', () => {
  class Own {
    readonly #value = 7
    incarnation(): number {
      return this.#value
    }
  }
  const measured = measuredStore(new Own() as unknown as RelayStore, meter)
  expect(measured.incarnation()).toBe(7)
  // Taken by its name, so that it is compared and not called.
  expect(Reflect.get(measured, 'incarnation')).toBe(Reflect.get(measured, 'incarnation'))
})
