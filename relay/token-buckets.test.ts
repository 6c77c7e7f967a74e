import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TokenBuckets } from './token-buckets.ts'

const MINUTE_MS = 60_000

test('so many at once, then as they come back; the wait that is told is the wait there is', () => {
  const buckets = new TokenBuckets({ burst: 3, perHour: 60 }, 10)
  expect([1, 2, 3].map(() => buckets.take('a', 0))).toEqual([0, 0, 0])
  expect(buckets.wait('a', 0)).toBe(60)
  expect(buckets.take('a', 0)).toBe(60)
  expect(buckets.take('a', 30_000)).toBe(30)
  expect(buckets.take('a', MINUTE_MS)).toBe(0)
  expect(buckets.take('a', MINUTE_MS)).toBe(60)
  expect(buckets.take('b', MINUTE_MS)).toBe(0)
})

test('a clock that is set back gives nothing and takes nothing', () => {
  const buckets = new TokenBuckets({ burst: 1, perHour: 60 }, 10)
  expect(buckets.take('a', 90 * MINUTE_MS)).toBe(0)
  expect(buckets.take('a', 0)).toBe(60)
  expect(buckets.take('a', MINUTE_MS)).toBe(0)
})

test('what was not needed is given back, and leaves nothing behind', () => {
  const buckets = new TokenBuckets({ burst: 1, perHour: 60 }, 10)
  buckets.giveBack('a')
  expect(buckets.take('a', 0)).toBe(0)
  buckets.giveBack('a')
  expect(buckets.size).toBe(0)
  expect(buckets.take('a', 0)).toBe(0)
  expect(buckets.take('a', 0)).toBe(60)
})

test('names that are done make room; where nobody is, those who come share, and nobody is forgotten', () => {
  const buckets = new TokenBuckets({ burst: 1, perHour: 60 }, 4)
  for (const name of ['a', 'b', 'c', 'd']) expect(buckets.take(name, 0)).toBe(0)
  // Sixteen of the crowd, all together.
  for (let count = 0; count < 16; count++) expect(buckets.take(`stranger ${count}`, 0)).toBe(0)
  expect(buckets.take('another', 0)).toBeGreaterThan(0)
  expect(buckets.wait('another', 0)).toBeGreaterThan(0)
  for (const name of ['a', 'b', 'c', 'd']) expect(buckets.take(name, 0)).toBeGreaterThan(0)
  expect(buckets.take('another', 2 * MINUTE_MS)).toBe(0)
  expect(buckets.take('another', 2 * MINUTE_MS)).toBeGreaterThan(0)
})

test('memory is bounded whatever comes, and no name gets more than its rate', () => {
  const asks = fc.array(
    fc.record({ name: fc.integer({ min: 0, max: 60 }), afterMs: fc.integer({ min: 0, max: 20_000 }) }),
    {
      maxLength: 400,
    },
  )
  fc.assert(
    fc.property(asks, (list) => {
      const buckets = new TokenBuckets({ burst: 2, perHour: 120 }, 8)
      const taken = new Map<number, number>()
      let nowMs = 0
      for (const { name, afterMs } of list) {
        nowMs += afterMs
        if (buckets.take(String(name), nowMs) === 0) taken.set(name, (taken.get(name) ?? 0) + 1)
        expect(buckets.size).toBeLessThanOrEqual(9)
      }
      // A share of the crowd is 16 times one's own, at most once.
      const most = 2 + 32 + (nowMs / 3_600_000) * 120 * 2 + 1
      for (const count of taken.values()) expect(count).toBeLessThanOrEqual(most)
    }),
  )
})
