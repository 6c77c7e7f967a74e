/** Prekeys, invites, and the value that tells a restored store. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RelayStore } from '../relay-store.ts'
import { DAY_MS, filled, HOUR_MS, mailboxOf, numbered, openMailbox } from './store-factory.ts'
import type { OpenedForTest, StoreFactory } from './store-factory.ts'

const LIMITS = { mailboxMaxDirectories: 2, mailboxMaxInvites: 2 }
const mailboxId = mailboxOf(1)
const other = mailboxOf(2)
const lastResort = filled(50, 255)

const items = (count: number, from = 0) => Array.from({ length: count }, (_, index) => numbered(40, from + index))
const directory = (value: number, oneTime: readonly Uint8Array[] = [], replace = false) => ({
  ...{ lookupId: filled(32, value), items: oneTime, lastResort, replace },
})
const slot = (value: number, expiresAtMs = HOUR_MS) => ({
  ...{ slotId: filled(32, value), item: filled(10, value), expiresAtMs },
})

export function directoryTests(factory: StoreFactory): void {
  let opened: OpenedForTest
  let store: RelayStore

  beforeEach(async () => {
    opened = await factory(LIMITS)
    store = opened.store
    await openMailbox(store, 1)
    await openMailbox(store, 2)
  })

  afterEach(async () => {
    await opened.remove()
  })

  describe('the prekey directory', () => {
    test('hands out each one-time item once, in order, then the last resort again and again', async () => {
      expect(await store.putDirectory(mailboxId, directory(1, items(2)))).toBe(2)
      const [first, second] = items(2)
      expect(await store.takeDirectory(filled(32, 1))).toEqual({ item: first, mailboxId, remaining: 1 })
      expect(await store.takeDirectory(filled(32, 1))).toEqual({ item: second, mailboxId, remaining: 0 })
      for (const _ of [1, 2]) {
        expect(await store.takeDirectory(filled(32, 1))).toEqual({ item: lastResort, mailboxId, remaining: 0 })
      }
      expect(await store.takeDirectory(filled(32, 7))).toBeNull()
    })

    test('who may have no one-time item gets the last resort, and leaves them', async () => {
      await store.putDirectory(mailboxId, directory(1, items(2)))
      expect(await store.takeDirectory(filled(32, 1), false)).toEqual({ item: lastResort, mailboxId, remaining: 2 })
      expect((await store.takeDirectory(filled(32, 1), true))?.item).toEqual(items(1)[0])
    })

    test('under many takers at once no item goes out twice', async () => {
      await store.putDirectory(mailboxId, directory(1, items(60)))
      const taken = await Promise.all(Array.from({ length: 80 }, () => store.takeDirectory(filled(32, 1))))
      const names = taken.map((one) => one?.item.join())
      expect(new Set(names.filter((name) => name !== lastResort.join())).size).toBe(60)
      expect(names.filter((name) => name === lastResort.join())).toHaveLength(20)
      expect(await store.directoryStock(mailboxId)).toEqual([{ lookupId: filled(32, 1), remaining: 0 }])
    })

    test('is filled up to 200, added to or replaced, with the last resort of the last time', async () => {
      expect(await store.putDirectory(mailboxId, directory(1, items(150)))).toBe(150)
      expect(await store.putDirectory(mailboxId, directory(1, items(100, 500)))).toBe(200)
      const fresh = filled(50, 3)
      expect(await store.putDirectory(mailboxId, { ...directory(1, items(1, 900), true), lastResort: fresh })).toBe(1)
      expect((await store.takeDirectory(filled(32, 1)))?.item).toEqual(numbered(40, 900))
      expect((await store.takeDirectory(filled(32, 1)))?.item).toEqual(fresh)
    })

    test('items added later go out after those that were there', async () => {
      await store.putDirectory(mailboxId, directory(1, items(2)))
      await store.takeDirectory(filled(32, 1))
      await store.putDirectory(mailboxId, directory(1, items(1, 50)))
      const again = await opened.reopen()
      expect((await again.takeDirectory(filled(32, 1)))?.item).toEqual(numbered(40, 1))
      expect((await again.takeDirectory(filled(32, 1)))?.item).toEqual(numbered(40, 50))
    })

    test('a lookup id belongs to who laid it first, and there are only so many', async () => {
      expect(await store.putDirectory(mailboxId, directory(1))).toBe(0)
      expect(await store.putDirectory(other, directory(1))).toBe('foreign')
      expect(await store.putDirectory(mailboxId, directory(2, items(3)))).toBe(3)
      expect(await store.putDirectory(mailboxId, directory(3))).toBe('full')
      expect(await store.putDirectory(mailboxId, directory(2))).toBe(3)
      const stock = await store.directoryStock(mailboxId)
      expect(stock.map(({ remaining }) => remaining).toSorted()).toEqual([0, 3])
      expect(await store.directoryStock(other)).toEqual([])
    })

    test('a restored one discards its one-time items and keeps the last resort', async () => {
      await store.putDirectory(mailboxId, directory(1, items(3)))
      await store.putDirectory(other, directory(2, items(4)))
      expect(await store.discardOneTimeItems()).toBe(7)
      expect(await store.discardOneTimeItems()).toBe(0)
      expect(await store.takeDirectory(filled(32, 1))).toEqual({ item: lastResort, mailboxId, remaining: 0 })
    })
  })

  describe('invites', () => {
    test('the item goes to the first nonce that asks; the same one gets it again, another does not', async () => {
      await store.putInvite(mailboxId, slot(1))
      const got = { kind: 'item', item: filled(10, 1) }
      expect(await store.takeInvite(filled(32, 1), filled(16, 1), 0)).toEqual(got)
      expect(await store.takeInvite(filled(32, 1), filled(16, 2), 0)).toEqual({ kind: 'used' })
      expect(await store.takeInvite(filled(32, 1), filled(16, 1), 0)).toEqual(got)
      expect(await store.takeInvite(filled(32, 9), filled(16, 1), 0)).toEqual({ kind: 'unknown' })
    })

    test('of many that ask at once one gets it', async () => {
      await store.putInvite(mailboxId, slot(1))
      const taken = await Promise.all(
        Array.from({ length: 20 }, (_, index) => store.takeInvite(filled(32, 1), filled(16, index), 0)),
      )
      expect(taken.filter(({ kind }) => kind === 'item')).toHaveLength(1)
      expect(taken.filter(({ kind }) => kind === 'used')).toHaveLength(19)
    })

    test('a slot belongs to who laid it first; laying it again changes nothing; there are only so many', async () => {
      expect(await store.putInvite(mailboxId, slot(1))).toBe('stored')
      expect(await store.putInvite(other, slot(1))).toBe('foreign')
      expect(await store.putInvite(mailboxId, { ...slot(1), item: filled(10, 99) })).toBe('stored')
      expect(await store.putInvite(mailboxId, slot(2))).toBe('stored')
      expect(await store.putInvite(mailboxId, slot(3))).toBe('full')
      await store.closeInvite(other, filled(32, 1))
      expect(await store.takeInvite(filled(32, 1), filled(16, 1), 0)).toEqual({ kind: 'item', item: filled(10, 1) })
      await store.closeInvite(mailboxId, filled(32, 2))
      expect((await store.takeInvite(filled(32, 2), filled(16, 1), 0)).kind).toBe('unknown')
      expect(await store.putInvite(mailboxId, slot(3))).toBe('stored')
    })

    test('used and expired are remembered for 30 days after the expiry, then forgotten', async () => {
      await store.putInvite(mailboxId, slot(1))
      await store.putInvite(mailboxId, slot(2))
      await store.takeInvite(filled(32, 1), filled(16, 3), 0)
      expect((await store.takeInvite(filled(32, 2), filled(16, 3), HOUR_MS)).kind).toBe('expired')
      const late = HOUR_MS + 29 * DAY_MS
      await store.sweep(late)
      expect(await store.takeInvite(filled(32, 1), filled(16, 4), late)).toEqual({ kind: 'used' })
      expect(await store.takeInvite(filled(32, 2), filled(16, 4), late)).toEqual({ kind: 'expired' })
      const later = HOUR_MS + 30 * DAY_MS
      await store.sweep(later)
      expect(await store.takeInvite(filled(32, 1), filled(16, 4), later)).toEqual({ kind: 'unknown' })
    })
  })

  test('the incarnation is none in a new store, then what it was set to last', async () => {
    expect(await store.incarnation()).toBeNull()
    await store.setIncarnation(filled(16, 1))
    await store.setIncarnation(filled(16, 2))
    const again = await opened.reopen()
    expect(await again.incarnation()).toEqual(filled(16, 2))
  })
}
