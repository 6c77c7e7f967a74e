import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareTimes, MAX_AHEAD_MS, observe, tick } from './hybrid-clock.ts'
import type { HybridTime } from './hybrid-clock.ts'

const time = fc.record({ ms: fc.nat({ max: 2 ** 40 }), counter: fc.nat({ max: 0xffff }) })

describe('hybrid clock', () => {
  test('a tick is later than everything given out or seen before', () => {
    fc.assert(
      fc.property(time, time, fc.nat({ max: 2 ** 40 }), (last, seen, nowMs) => {
        const after = observe(last, seen, nowMs)
        const next = tick(after, nowMs)
        expect(compareTimes(next, last)).toBeGreaterThan(0)
        if (seen.ms <= nowMs + MAX_AHEAD_MS) expect(compareTimes(next, seen)).toBeGreaterThan(0)
      }),
    )
  })

  test('a clock far ahead pulls ours one day ahead at most', () => {
    const seen: HybridTime = { ms: 1_000_000 + 400 * MAX_AHEAD_MS, counter: 7 }
    expect(observe({ ms: 0, counter: 0 }, seen, 1_000_000)).toEqual({ ms: 1_000_000 + MAX_AHEAD_MS, counter: 0 })
  })

  test('the wall clock wins when it moved on', () => {
    expect(tick({ ms: 5, counter: 9 }, 6)).toEqual({ ms: 6, counter: 0 })
    expect(tick({ ms: 5, counter: 9 }, 5)).toEqual({ ms: 5, counter: 10 })
    expect(tick({ ms: 5, counter: 0xffff }, 5)).toEqual({ ms: 6, counter: 0 })
  })
})
