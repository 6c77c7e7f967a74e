import { expect, test } from 'vitest'
import { RECONNECT } from './delivery-limits.ts'
import { isRelayRefusal, reconnectAfterMs } from './reconnect.ts'

const lost = { code: 'relay-stops', attempt: 0, movedAtMs: -Infinity, nowMs: 1_000_000, spread: 1 } as const

test('a front end that stops is left at once, once a minute', () => {
  expect(reconnectAfterMs(lost)).toBe(0)
  expect(reconnectAfterMs({ ...lost, attempt: 5 })).toBe(0)
  expect(reconnectAfterMs({ ...lost, movedAtMs: lost.nowMs - 60_000 })).toBe(0)
  expect(reconnectAfterMs({ ...lost, movedAtMs: lost.nowMs - 59_999 })).toBeGreaterThanOrEqual(RECONNECT.firstMs / 2)
})

test('anything else waits longer each time', () => {
  const [first, third] = [0, 2].map((attempt) => reconnectAfterMs({ ...lost, code: 'unreachable', attempt }))
  expect(first).toBeGreaterThan(0)
  expect(third).toBeGreaterThan(first ?? Infinity)
})

test('a refusal is told apart from silence', () => {
  expect((['relay-full', 'rate-limited', 'relay-lying'] as const).map(isRelayRefusal)).toEqual([true, true, true])
  expect((['unreachable', 'timeout', 'relay-stops'] as const).map(isRelayRefusal)).toEqual([false, false, false])
})
