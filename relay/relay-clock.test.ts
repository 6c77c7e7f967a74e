import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { KeptClock } from './kept-clock.ts'
import { RelayClock } from './relay-clock.ts'
import type { Clocks } from './relay-clock.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const START_MS = 1_763_000_000_000

/** A machine: time passes, and somebody turns its clock. */
class Machine implements Clocks {
  #trueMs = START_MS
  wrongByMs = 0

  wallMs = (): number => this.#trueMs + this.wrongByMs
  monotonicMs = (): number => this.#trueMs - START_MS
  get trueMs(): number {
    return this.#trueMs
  }

  /** Asking the relay's clock every minute, as a running relay does. */
  pass(ms: number, clock: RelayClock | null = null): void {
    for (let left = ms; left > 0; left -= MINUTE_MS) {
      this.#trueMs += Math.min(left, MINUTE_MS)
      clock?.certainNow()
    }
  }
}

let machine: Machine

beforeEach(() => {
  machine = new Machine()
})

describe('while the relay runs', () => {
  test.each([DAY_MS, -DAY_MS])(
    'a jump of %d ms moves its time by no more than a hundredth of what passes',
    (jumpMs) => {
      const clock = new RelayClock(machine, null)
      machine.pass(HOUR_MS, clock)
      machine.wrongByMs = jumpMs
      machine.pass(MINUTE_MS, clock)
      expect(Math.abs(clock.now() - machine.trueMs)).toBeLessThanOrEqual(MINUTE_MS / 100)
      machine.pass(DAY_MS, clock)
      expect(Math.abs(clock.now() - machine.trueMs)).toBeLessThanOrEqual(DAY_MS / 100 + MINUTE_MS)
      machine.wrongByMs = 0
      machine.pass(2 * DAY_MS, clock)
      expect(clock.now()).toBe(machine.trueMs)
      expect(clock.certainNow()).toBe(machine.trueMs)
    },
  )

  test('it never goes back, however the wall clock jumps', () => {
    const clock = new RelayClock(machine, null)
    let lastMs = clock.now()
    for (const wrongByMs of [DAY_MS, -DAY_MS, 365 * DAY_MS, 0, -5_000]) {
      machine.wrongByMs = wrongByMs
      for (let minute = 0; minute < 30; minute++) {
        machine.pass(MINUTE_MS)
        expect(clock.now()).toBeGreaterThanOrEqual(lastMs)
        lastMs = clock.now()
      }
    }
  })

  test('a small difference is made up for', () => {
    const clock = new RelayClock(machine, null)
    machine.wrongByMs = 500
    machine.pass(MINUTE_MS, clock)
    expect(clock.now()).toBe(machine.trueMs + 500)
  })
})

describe('across a restart', () => {
  test('a clock that jumped a day ahead and is put right forgets nothing by that day', () => {
    const lastMs = machine.trueMs
    machine.pass(MINUTE_MS)
    machine.wrongByMs = DAY_MS
    const clock = new RelayClock(machine, lastMs)
    expect(clock.certainNow()).toBe(lastMs)
    machine.pass(12 * HOUR_MS, clock)
    expect(clock.certainNow()).toBeLessThanOrEqual(machine.trueMs)
    machine.wrongByMs = 0
    machine.pass(2 * HOUR_MS, clock)
    expect(clock.now()).toBe(machine.trueMs)
    expect(clock.certainNow()).toBeLessThanOrEqual(machine.trueMs)
    machine.pass(DAY_MS, clock)
    expect(clock.certainNow()).toBe(machine.trueMs)
  })

  test('the doubt outlives further restarts', () => {
    const lastMs = machine.trueMs
    machine.wrongByMs = DAY_MS
    const first = new RelayClock(machine, lastMs)
    machine.pass(HOUR_MS, first)
    const second = new RelayClock(machine, first.certainNow())
    machine.pass(HOUR_MS, second)
    expect(second.certainNow()).toBe(machine.trueMs)
  })

  test('a clock that is a day behind makes nothing expire, and is believed again when it is right', () => {
    const lastMs = machine.trueMs
    machine.wrongByMs = -DAY_MS
    const behind = new RelayClock(machine, lastMs)
    expect(behind.certainNow()).toBe(machine.trueMs - DAY_MS)
    machine.wrongByMs = 0
    const right = new RelayClock(machine, behind.certainNow())
    expect(right.now()).toBe(machine.trueMs)
    // What was stamped a day too early keeps its whole life.
    expect(right.certainNow()).toBe(machine.trueMs - DAY_MS)
  })

  test('a relay that was off for a week forgets what expired a day after it came back', () => {
    const lastMs = machine.trueMs
    machine.pass(7 * DAY_MS)
    const clock = new RelayClock(machine, lastMs)
    expect(clock.now()).toBe(machine.trueMs)
    expect(clock.certainNow()).toBe(lastMs)
    machine.pass(DAY_MS, clock)
    expect(clock.certainNow()).toBe(machine.trueMs)
  })
})

describe('the file beside the database', () => {
  let dir: string

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'parley-clock-'))
  })

  afterEach(() => {
    rmSync(dir, { recursive: true, force: true })
  })

  function lastTimeOf(): number {
    const clock = new KeptClock(dir, machine)
    const certainMs = clock.certainNow()
    clock.stop()
    return certainMs
  }

  test('holds the time that the next start compares with', () => {
    expect(lastTimeOf()).toBe(START_MS)
    machine.wrongByMs = DAY_MS
    expect(lastTimeOf()).toBe(START_MS)
  })

  test.each(['', 'tomorrow', '-5', '9'.repeat(17)])('that holds no time (%j) counts for nothing', (content) => {
    writeFileSync(join(dir, 'clock'), content)
    expect(lastTimeOf()).toBe(START_MS)
  })
})
