/** Mailboxes, tokens, deposits, acknowledgements. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RelayStore } from '../relay-store.ts'
import {
  ALL,
  DAY_MS,
  envelope,
  filled,
  HANDLE,
  heldIn,
  HOUR_MS,
  mailboxOf,
  numbered,
  openMailbox,
  openWithToken,
  plain,
  TOKEN_HASH,
} from './store-factory.ts'
import type { OpenedForTest, StoreFactory } from './store-factory.ts'

const LIMITS = { maxMailboxes: 3, mailboxMaxEnvelopes: 3_000, mailboxMaxBytes: 400_000, mailboxMaxTokens: 3 }
const mailboxId = mailboxOf(1)

export function envelopeTests(factory: StoreFactory): void {
  let opened: OpenedForTest
  let store: RelayStore

  beforeEach(async () => {
    opened = await factory(LIMITS)
    store = opened.store
  })

  afterEach(async () => {
    await opened.remove()
  })

  describe('mailboxes', () => {
    test('one is opened where it is admitted, and then it is open whoever asks', async () => {
      expect(await openMailbox(store, 1, false)).toBe('not-admitted')
      expect(await openMailbox(store, 1)).toBe('open')
      expect(await openMailbox(store, 1, false)).toBe('open')
      expect(await store.usage(mailboxId)).toEqual({ envelopeCount: 0, bytes: 0 })
    })

    test('there are as many as the operator lets there be', async () => {
      for (const value of [1, 2, 3]) expect(await openMailbox(store, value)).toBe('open')
      expect(await openMailbox(store, 4)).toBe('full')
      expect(await openMailbox(store, 3)).toBe('open')
    })

    test('opened by two at once it is one', async () => {
      expect(await Promise.all([1, 2, 3, 4].map(() => openMailbox(store)))).toEqual(['open', 'open', 'open', 'open'])
      expect(await openMailbox(store, 2)).toBe('open')
      expect(await openMailbox(store, 3)).toBe('open')
      expect(await openMailbox(store, 4)).toBe('full')
    })

    test('an unknown one uses nothing, holds nothing and takes nothing', async () => {
      expect(await store.usage(mailboxId)).toEqual({ envelopeCount: 0, bytes: 0 })
      expect(await heldIn(store, mailboxId)).toEqual([])
      expect(await store.directoryStock(mailboxId)).toEqual([])
      expect(await store.deposit([envelope(1)])).toEqual([{ kind: 'no-token' }])
    })
  })

  describe('tokens', () => {
    test('a token opens its own mailbox alone, until it is revoked', async () => {
      await openWithToken(store)
      await openMailbox(store, 2)
      expect(await store.hasToken(mailboxId, TOKEN_HASH)).toBe(true)
      expect(await store.hasToken(mailboxOf(2), TOKEN_HASH)).toBe(false)
      const elsewhere = { ...envelope(1), mailboxId: mailboxOf(2) }
      const unknown = { ...envelope(1), tokenHash: filled(32, 77) }
      expect((await store.deposit([elsewhere, unknown, envelope(1)])).map(({ kind }) => kind)).toEqual([
        'no-token',
        'no-token',
        'held',
      ])
      await store.revokeTokens(mailboxId, [TOKEN_HASH, filled(32, 78)])
      expect(await store.hasToken(mailboxId, TOKEN_HASH)).toBe(false)
      expect(await store.deposit([envelope(2)])).toEqual([{ kind: 'no-token' }])
      // Not even what lies there already is told.
      expect(await store.deposit([envelope(1)])).toEqual([{ kind: 'no-token' }])
      expect(await heldIn(store, mailboxId)).toHaveLength(1)
    })

    test('a known one keeps its handle; more than fit are refused together', async () => {
      await openWithToken(store)
      const token = (value: number) => ({ hash: filled(32, value), handle: filled(4, value) })
      expect(await store.putTokens(mailboxId, [{ hash: TOKEN_HASH, handle: filled(4, 1) }, token(1)])).toBe('stored')
      expect(await store.putTokens(mailboxId, [token(2), token(3)])).toBe('full')
      expect(await store.hasToken(mailboxId, token(2).hash)).toBe(false)
      expect(await store.putTokens(mailboxId, [token(1), token(2)])).toBe('stored')
      await store.deposit([envelope(1)])
      expect(plain((await store.envelopesAfter(mailboxId, 0, ALL, 0))[0]?.handle)).toEqual(HANDLE)
    })

    test('those of two requests at once do not both fit when together they do not', async () => {
      await openWithToken(store)
      const two = (value: number) => [value, value + 1].map((n) => ({ hash: filled(32, n), handle: filled(4, n) }))
      const answers = await Promise.all([store.putTokens(mailboxId, two(20)), store.putTokens(mailboxId, two(30))])
      expect(answers.toSorted()).toEqual(['full', 'stored'])
    })
  })

  describe('deposits', () => {
    test('come out as they went in, in their order, after a sequence number, and also after a restart', async () => {
      await openWithToken(store)
      const items = [5, 3, 9, 1].map((value) => envelope(value, value))
      expect(await store.deposit(items.slice(0, 2))).toEqual(
        items
          .slice(0, 2)
          .map(({ storedAtMs, expiresAtMs }) => ({ kind: 'held', storedAtMs, expiresAtMs, isNew: true })),
      )
      await store.deposit(items.slice(2))
      const held = await store.envelopesAfter(mailboxId, 0, ALL, 0)
      expect(
        held.map(({ sequence: _sequence, handle, envelope: bytes, ...rest }) => ({
          ...rest,
          handle: plain(handle),
          envelope: plain(bytes),
        })),
      ).toEqual(
        items.map(({ envelopeId, envelope: bytes, storedAtMs }) => ({
          ...{ envelopeId, envelope: bytes, storedAtMs },
          handle: HANDLE,
        })),
      )
      const third = held[2]?.sequence ?? 0
      expect(await heldIn(store, mailboxId, third)).toEqual([items[3]?.envelopeId])
      const again = await opened.reopen()
      expect(await heldIn(again, mailboxId)).toEqual(items.map(({ envelopeId }) => envelopeId))
      expect(await again.usage(mailboxId)).toEqual({ envelopeCount: 4, bytes: 400 })
    })

    test('every byte value survives, as does the largest envelope', async () => {
      await openWithToken(store)
      const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => (index * 7 + (index >> 8)) % 256)
      await store.deposit([{ ...envelope(1), envelope: bytes }])
      expect(plain((await store.envelopesAfter(mailboxId, 0, ALL, 0))[0]?.envelope)).toEqual(bytes)
    })

    test('one result a deposit, in order, whatever becomes of each, over many mailboxes', async () => {
      for (const value of [1, 2, 3]) await openWithToken(store, value)
      const items = Array.from({ length: 60 }, (_, index) => ({
        ...envelope(index),
        mailboxId: mailboxOf(1 + (index % 4)),
      }))
      const kinds = (await store.deposit(items)).map(({ kind }) => kind)
      expect(kinds).toEqual(items.map((_item, index) => (index % 4 === 3 ? 'no-token' : 'held')))
      const second = items.filter(({ mailboxId: id }) => id === mailboxOf(2)).map(({ envelopeId }) => envelopeId)
      expect(await heldIn(store, mailboxOf(2))).toEqual(second)
    })

    test('the same again is stored once and gets the times of the first, also within one request', async () => {
      await openWithToken(store)
      const first = { kind: 'held', storedAtMs: 10, expiresAtMs: 10 + HOUR_MS }
      const twice = [envelope(1, 10), envelope(1, 20)]
      expect(await store.deposit(twice)).toEqual([
        { ...first, isNew: true },
        { ...first, isNew: false },
      ])
      expect(await store.deposit([envelope(1, 30)])).toEqual([{ ...first, isNew: false }])
      expect(await store.usage(mailboxId)).toEqual({ envelopeCount: 1, bytes: 100 })
    })

    test('the same many times at once is stored once', async () => {
      await openWithToken(store)
      const results = await Promise.all(Array.from({ length: 20 }, () => store.deposit([envelope(1, 10)])))
      expect(results.flat().filter((result) => result.kind === 'held' && result.isNew)).toHaveLength(1)
      expect(results.flat().every((result) => result.kind === 'held' && result.storedAtMs === 10)).toBe(true)
      expect(await heldIn(store, mailboxId)).toHaveLength(1)
    })

    test('many at once: each is held, in the order in which one sender gave them, under numbers of its own', async () => {
      for (const value of [1, 2, 3]) await openWithToken(store, value)
      const batch = (sender: number) =>
        Array.from({ length: 30 }, (_, index) => ({
          ...envelope(sender * 1_000 + index),
          mailboxId: mailboxOf(1 + (index % 3)),
        }))
      const batches = Array.from({ length: 16 }, (_, sender) => batch(sender))
      const results = await Promise.all(batches.map((items) => store.deposit(items)))
      expect(results.flat().every((result) => result.kind === 'held' && result.isNew)).toBe(true)
      for (const value of [1, 2, 3]) {
        const held = await store.envelopesAfter(mailboxOf(value), 0, ALL, 0)
        expect(new Set(held.map(({ sequence }) => sequence)).size).toBe(160)
        for (const items of batches) {
          const sent = items.filter(({ mailboxId: id }) => id === mailboxOf(value)).map(({ envelopeId }) => envelopeId)
          expect(held.map(({ envelopeId }) => envelopeId).filter((id) => sent.includes(id))).toEqual(sent)
        }
      }
    })

    test('a mailbox is full by number and by bytes, and has room again when its owner took something', async () => {
      await openWithToken(store)
      const large = (value: number) => ({ ...envelope(value), envelope: filled(150_000, value) })
      const answers = await store.deposit([large(1), large(2), large(3), envelope(4)])
      expect(answers.map(({ kind }) => kind)).toEqual(['held', 'held', 'full', 'held'])
      // What lies there is answered for, full or not.
      expect((await store.deposit([large(1)]))[0]).toMatchObject({ kind: 'held', isNew: false })
      await store.collect(mailboxId, [large(1).envelopeId], 0)
      expect((await store.deposit([large(3)]))[0]).toMatchObject({ kind: 'held', isNew: true })
    })

    test('full by number', async () => {
      await openWithToken(store)
      const items = Array.from({ length: 3_001 }, (_, index) => ({ ...envelope(index), envelope: filled(1, 1) }))
      const kinds = (await store.deposit(items)).map(({ kind }) => kind)
      expect(kinds.slice(0, 3_000).every((kind) => kind === 'held')).toBe(true)
      expect(kinds[3_000]).toBe('full')
    })

    test('reads end at the count and at the bytes asked for, and one always fits', async () => {
      await openWithToken(store)
      await store.deposit([1, 2, 3, 4].map((value) => envelope(value)))
      const read = async (count: number, bytes: number) =>
        (await store.envelopesAfter(mailboxId, 0, { count, bytes }, 0)).length
      expect(await read(3, 1_000)).toBe(3)
      expect(await read(10, 299)).toBe(2)
      expect(await read(10, 300)).toBe(3)
      expect(await read(10, 1)).toBe(1)
    })

    test('the mailbox of a new store has nothing in it, and the store counts what lies in all of them', async () => {
      await openWithToken(store)
      await openMailbox(store, 2)
      await store.deposit([envelope(1), envelope(2)])
      expect(await store.totals()).toEqual({ mailboxes: 2, envelopes: 2, envelopeBytes: 200 })
    })

    test('what expired is not handed out, and may be deposited anew', async () => {
      await openWithToken(store)
      await store.deposit([envelope(3, 0, 1_000), envelope(4, 0)])
      expect(await heldIn(store, mailboxId, 0, 999)).toHaveLength(2)
      expect(await heldIn(store, mailboxId, 0, 1_000)).toEqual([envelope(4).envelopeId])
      expect(await store.deposit([envelope(3, 2_000), envelope(3, 2_001)])).toEqual([
        { kind: 'held', storedAtMs: 2_000, expiresAtMs: 2_000 + HOUR_MS, isNew: true },
        { kind: 'held', storedAtMs: 2_000, expiresAtMs: 2_000 + HOUR_MS, isNew: false },
      ])
      expect(await store.usage(mailboxId)).toEqual({ envelopeCount: 2, bytes: 200 })
    })

    test('one that comes after a read has a higher number than all that were read', async () => {
      await openWithToken(store)
      const read = new Set<string>()
      let after = 0
      const deposits = Promise.all(
        Array.from({ length: 40 }, async (_, sender) => {
          for (let index = 0; index < 5; index += 1) await store.deposit([envelope(sender * 100 + index)])
        }),
      ).then(() => true)
      let done = false
      void deposits.then(() => (done = true))
      for (let last = false; !last;) {
        await new Promise(setImmediate)
        last = done
        for (const { sequence, envelopeId } of await store.envelopesAfter(
          mailboxId,
          after,
          { count: 7, bytes: 1e6 },
          0,
        )) {
          expect(sequence).toBeGreaterThan(after)
          after = sequence
          read.add(envelopeId)
          last = false
        }
      }
      expect(read.size).toBe(200)
    })
  })

  describe('acknowledgements', () => {
    test('delete, say "collected" to the same envelope for 48 hours, and leave the others', async () => {
      await openWithToken(store)
      await store.deposit([envelope(3), envelope(4)])
      await store.collect(mailboxId, [envelope(3).envelopeId], 0)
      expect(await heldIn(store, mailboxId)).toEqual([envelope(4).envelopeId])
      expect(await store.usage(mailboxId)).toEqual({ envelopeCount: 1, bytes: 100 })
      expect(await store.deposit([envelope(3, 1)])).toEqual([{ kind: 'collected' }])
      await store.sweep(2 * DAY_MS - 1)
      expect(await store.deposit([envelope(3, 1)])).toEqual([{ kind: 'collected' }])
      await store.sweep(2 * DAY_MS)
      expect(await store.deposit([envelope(3, 1)])).toMatchObject([{ kind: 'held', isNew: true }])
    })

    test('twice, for what was never there, and for another mailbox change nothing else', async () => {
      await openWithToken(store)
      await openWithToken(store, 2)
      await store.deposit([envelope(3), { ...envelope(3), mailboxId: mailboxOf(2) }])
      await store.collect(mailboxOf(2), [envelope(3).envelopeId, envelope(5).envelopeId], 0)
      await store.collect(mailboxOf(2), [envelope(3).envelopeId, envelope(3).envelopeId], 10)
      expect(await heldIn(store, mailboxId)).toEqual([envelope(3).envelopeId])
      expect(await store.usage(mailboxOf(2))).toEqual({ envelopeCount: 0, bytes: 0 })
      // What came another way before it came here is collected already.
      expect(await store.deposit([{ ...envelope(5), mailboxId: mailboxOf(2) }])).toEqual([{ kind: 'collected' }])
    })

    test('by the numbers under which they were pushed do the same', async () => {
      await openWithToken(store)
      await store.deposit([1, 2, 3].map((value) => envelope(value)))
      const pushed = (await store.envelopesAfter(mailboxId, 0, ALL, 0)).slice(0, 2)
      const names = pushed.map(({ sequence, envelopeId, envelope: bytes }) => ({
        ...{ sequence, envelopeId, sizeBytes: bytes.length },
      }))
      await store.collectPushed(mailboxId, names, 0)
      await store.collectPushed(mailboxId, names, 0)
      expect(await heldIn(store, mailboxId)).toEqual([envelope(3).envelopeId])
      expect(await store.usage(mailboxId)).toEqual({ envelopeCount: 1, bytes: 100 })
      expect((await store.deposit([envelope(1), envelope(2)])).map(({ kind }) => kind)).toEqual([
        'collected',
        'collected',
      ])
    })

    test('the numbers of what comes later go on after those of what was collected, also after a restart', async () => {
      await openWithToken(store)
      await store.deposit([1, 2, 3].map((value) => envelope(value)))
      const last = (await store.envelopesAfter(mailboxId, 0, ALL, 0)).at(-1)?.sequence ?? 0
      await store.collect(
        mailboxId,
        [1, 2, 3].map((value) => envelope(value).envelopeId),
        0,
      )
      const again = await opened.reopen()
      await again.deposit([envelope(4)])
      expect(await heldIn(again, mailboxId, last)).toEqual([envelope(4).envelopeId])
    })

    test('deposits and acknowledgements of many at once keep the books', async () => {
      await openWithToken(store)
      await Promise.all(
        Array.from({ length: 20 }, async (_, sender) => {
          const items = Array.from({ length: 10 }, (__, index) => envelope(sender * 100 + index))
          await store.deposit(items)
          await store.collect(
            mailboxId,
            items.slice(0, 6).map(({ envelopeId }) => envelopeId),
            0,
          )
        }),
      )
      expect(await heldIn(store, mailboxId)).toHaveLength(80)
      expect(await store.usage(mailboxId)).toEqual({ envelopeCount: 80, bytes: 8_000 })
    })
  })

  describe('sweeps', () => {
    test('go in slices, say when there is more, and keep the books', async () => {
      await openWithToken(store)
      const items = Array.from({ length: 2_500 }, (_, index) => ({ ...envelope(index), envelope: numbered(4, index) }))
      await store.deposit([...items, envelope(9_999, 0, 2 * HOUR_MS)])
      expect((await store.sweep(HOUR_MS)).more).toBe(true)
      expect((await store.usage(mailboxId)).envelopeCount).toBeGreaterThan(1)
      while ((await store.sweep(HOUR_MS)).more);
      expect(await store.usage(mailboxId)).toEqual({ envelopeCount: 1, bytes: 100 })
    })
  })
}
