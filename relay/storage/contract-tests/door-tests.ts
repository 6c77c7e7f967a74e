/** Front doors, what a mailbox uses, and its end. */

import { afterEach, beforeEach, expect, test } from 'vitest'
import type { BlobId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import type { RelayStore } from '../relay-store.ts'
import {
  ALL,
  envelope,
  filled,
  heldIn,
  HOUR_MS,
  mailboxOf,
  openMailbox,
  openWithToken,
  plain,
} from './store-factory.ts'
import type { OpenedForTest, StoreFactory } from './store-factory.ts'

const mailboxId = mailboxOf(1)
const MAX_PENDING = 2

export function doorTests(factory: StoreFactory): void {
  let opened: OpenedForTest
  let store: RelayStore

  beforeEach(async () => {
    opened = await factory({ mailboxMaxEnvelopes: 600, maxMailboxes: 2 })
    store = opened.store
    await openWithToken(store)
  })

  afterEach(async () => {
    await opened.remove()
  })

  const knock = (value: number, atMs = 0) => store.depositAtDoor(envelope(value, atMs), MAX_PENDING)

  test('a stranger deposits without a token, and the owner sees no handle', async () => {
    expect(await knock(1)).toEqual({ kind: 'held', storedAtMs: 0, expiresAtMs: HOUR_MS, isNew: true })
    expect(await knock(1, 5)).toEqual({ kind: 'held', storedAtMs: 0, expiresAtMs: HOUR_MS, isNew: false })
    const [held] = await store.envelopesAfter(mailboxId, 0, ALL, 0)
    expect(plain(held?.handle)).toEqual(new Uint8Array())
    expect(await store.usage(mailboxId)).toEqual({ envelopeCount: 1, bytes: 100 })
  })

  test('only few of strangers wait; what waits already is answered for; contacts are not in the way', async () => {
    await store.deposit([envelope(10), envelope(11), envelope(12)])
    for (const value of [1, 2]) expect((await knock(value)).kind).toBe('held')
    expect((await knock(3)).kind).toBe('full')
    expect((await knock(2)).kind).toBe('held')
    await store.collect(mailboxId, [envelope(1).envelopeId], 0)
    expect((await knock(1)).kind).toBe('collected')
    expect((await knock(3)).kind).toBe('held')
  })

  test('of many at once no more than few get in', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => knock(index)))
    expect(answers.filter(({ kind }) => kind === 'held')).toHaveLength(MAX_PENDING)
  })

  test('a closed door is as a mailbox that is not there, and opens again', async () => {
    await store.setDoor(mailboxId, false)
    expect(await knock(1)).toEqual({ kind: 'no-token' })
    expect(await store.depositAtDoor({ ...envelope(1), mailboxId: mailboxOf(2) }, MAX_PENDING)).toEqual({
      kind: 'no-token',
    })
    expect((await store.deposit([envelope(5)]))[0]?.kind).toBe('held')
    await store.setDoor(mailboxId, true)
    expect((await knock(1)).kind).toBe('held')
  })

  const blob = {
    ...{ mailboxId, blobId: idFromBytes<BlobId>(filled(16, 1)), sizeBytes: 400, sha256: filled(32, 1) },
    ...{ capabilityHash: filled(32, 2), complete: false, storedAtMs: 0, expiresAtMs: HOUR_MS },
  }

  test('what a mailbox holds is told', async () => {
    await store.beginBlob(blob)
    await knock(1)
    await store.deposit([envelope(2)])
    expect(await store.holdings(mailboxId)).toEqual({ blobBytes: 400, tokens: 1, doorEnvelopes: 1, doorOpen: true })
    await store.setDoor(mailboxId, false)
    expect((await store.holdings(mailboxId)).doorOpen).toBe(false)
    expect(await store.holdings(mailboxOf(2))).toMatchObject({ tokens: 0, doorEnvelopes: 0, doorOpen: false })
  })

  test('a mailbox is closed in slices, takes nothing from the first on, and leaves nothing but its tombstones', async () => {
    await openMailbox(store, 2)
    await store.deposit(Array.from({ length: 600 }, (_, index) => ({ ...envelope(index), envelope: filled(1, 1) })))
    await store.beginBlob(blob)
    const lookupId = filled(32, 7)
    await store.putDirectory(mailboxId, { lookupId, items: [filled(9, 1)], lastResort: filled(9, 2), replace: true })
    await store.putInvite(mailboxId, { slotId: filled(32, 8), item: filled(9, 1), expiresAtMs: HOUR_MS })
    expect((await store.closeMailbox(mailboxId)).more).toBe(true)
    expect((await store.usage(mailboxId)).envelopeCount).toBe(100)
    expect((await store.deposit([envelope(9_000)]))[0]?.kind).toBe('no-token')
    expect((await knock(9_001)).kind).toBe('no-token')
    const { mailboxId: id, blobId } = blob
    expect(await store.closeMailbox(mailboxId)).toEqual({ blobs: [{ mailboxId: id, blobId }], more: false })
    expect(await heldIn(store, mailboxId)).toEqual([])
    expect(await store.takeDirectory(lookupId)).toBeNull()
    expect((await store.takeInvite(filled(32, 8), filled(16, 1), 0)).kind).toBe('unknown')
    expect(await store.blobNames()).toEqual([])
    expect(await store.closeMailbox(mailboxId)).toEqual({ blobs: [], more: false })
    // An upload whose token was looked at before.
    expect(await store.beginBlob(blob)).toBe('full')
    // Its place is free.
    expect(await openMailbox(store, 3)).toBe('open')
    expect((await store.totals()).mailboxes).toBe(2)
  })
}
