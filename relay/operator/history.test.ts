import { expect, test } from 'vitest'
import { Meter } from '../metrics.ts'
import type { Gauges } from './gauges.ts'
import { DAY_MINUTES, History } from './history.ts'
import type { Minute } from './history.ts'
import { Recorder } from './recorder.ts'

const MINUTE_MS = 60_000
const START_MS = Date.UTC(2026, 0, 5, 12)
const minute = (changes: Partial<Minute> = {}): Minute => ({
  ...{ deposits: 0, drains: 0, refusals: 0, connections: 0, freeDiskBytes: 0, loopDelayMs: 0 },
  ...changes,
})

test('counts are summed, the worst of the others is kept, and what was not measured is a gap', () => {
  const history = new History()
  for (const [index, count] of [1, 2, 3].entries()) {
    history.record(
      START_MS + index * MINUTE_MS,
      minute({ deposits: count, connections: count, freeDiskBytes: 10 - count }),
    )
  }
  const nowMs = START_MS + 19 * MINUTE_MS
  const last = (name: keyof Minute) => history.buckets(name, nowMs, 10).slice(-2)
  expect(last('deposits')).toEqual([
    { startsAtMs: START_MS, value: 6 },
    { startsAtMs: START_MS + 10 * MINUTE_MS, value: null },
  ])
  expect(last('connections')[0]?.value).toBe(3)
  expect(last('freeDiskBytes')[0]?.value).toBe(7)
})

test('a day fits and no more: what is older is gone', () => {
  const history = new History()
  for (let index = 0; index <= DAY_MINUTES; index += 1) {
    history.record(START_MS + index * MINUTE_MS, minute({ drains: 1 }))
  }
  const nowMs = START_MS + DAY_MINUTES * MINUTE_MS
  const buckets = history.buckets('drains', nowMs, 1)
  expect(buckets).toHaveLength(DAY_MINUTES)
  expect(buckets.every(({ value }) => value === 1)).toBe(true)
  expect(history.buckets('drains', START_MS, 1).at(-1)?.value).toBe(null)
})

test('a clock that jumps back by a day shows no minute twice', () => {
  const history = new History()
  history.record(START_MS, minute({ deposits: 5 }))
  const yesterdayMs = START_MS - DAY_MINUTES * MINUTE_MS
  history.record(yesterdayMs, minute({ deposits: 7 }))
  expect(history.buckets('deposits', yesterdayMs, 1).at(-1)?.value).toBe(7)
  expect(history.buckets('deposits', START_MS, 1).at(-1)?.value).toBe(null)
})

test('the recorder writes what came since the minute before', () => {
  const meter = new Meter()
  const history = new History()
  let nowMs = START_MS
  const gauges = (): Gauges => ({
    ...{ connections: 4, owners: 2, writesUnderWay: 0, mailboxes: 3, envelopes: 9, envelopeBytes: 900 },
    ...{ freeDiskBytes: 1_000, minFreeDiskBytes: 10 },
  })
  const recorder = new Recorder({ meter, history, loopDelay: { takeP99Ms: () => 1.5 }, gauges, now: () => nowMs })
  meter.add('deposits', 3)
  recorder.record()
  meter.add('deposits')
  meter.refused('relay-quota')
  nowMs += MINUTE_MS
  recorder.record()
  expect(history.buckets('deposits', nowMs, 1).slice(-2)).toEqual([
    { startsAtMs: START_MS, value: 3 },
    { startsAtMs: START_MS + MINUTE_MS, value: 1 },
  ])
  expect(recorder.lastMinute).toEqual({
    ...{ deposits: 1, drains: 0, refusals: 1, connections: 4, freeDiskBytes: 1_000, loopDelayMs: 1.5 },
  })
})
