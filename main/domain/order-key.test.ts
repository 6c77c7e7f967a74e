import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AccountId } from '../../shared/model/ids.ts'
import { idFromBytes } from '../../shared/model/ids.ts'
import { orderKey } from './order-key.ts'

const order = fc.record({
  clockMs: fc.nat({ max: 2 ** 48 - 1 }),
  clockCounter: fc.nat({ max: 0xffff }),
  counter: fc.nat({ max: 0xffffffff }),
})
const account = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => idFromBytes<AccountId>(bytes))

test('text order is the order of (clock, author, counter)', () => {
  fc.assert(
    fc.property(order, order, account, (a, b, author) => {
      const expected = a.clockMs - b.clockMs || a.clockCounter - b.clockCounter || a.counter - b.counter
      const keyA = orderKey(a, author)
      const keyB = orderKey(b, author)
      expect(keyA).toMatch(/^[0-9a-f]{56}$/)
      expect(Math.sign(keyA < keyB ? -1 : keyA > keyB ? 1 : 0)).toBe(Math.sign(expected))
    }),
  )
})

test('two authors at the same instant never share a place', () => {
  const at = { clockMs: 5, clockCounter: 0, counter: 1 }
  const one = idFromBytes<AccountId>(new Uint8Array(32).fill(1))
  const two = idFromBytes<AccountId>(new Uint8Array(32).fill(2))
  expect(orderKey(at, one) < orderKey({ ...at, counter: 0 }, two)).toBe(true)
})
