/** Once a minute: what was counted since goes into the history. */

import type { Meter } from '../metrics.ts'
import type { EventLoopDelay } from './event-loop.ts'
import type { Gauges } from './gauges.ts'
import type { History, Minute } from './history.ts'

const EVERY_MS = 60_000

export interface RecorderParts {
  readonly meter: Meter
  readonly history: History
  readonly loopDelay: Pick<EventLoopDelay, 'takeP99Ms'>
  readonly gauges: () => Gauges
  readonly now: () => number
}

interface Totals {
  readonly deposits: number
  readonly drains: number
  readonly refusals: number
}

export class Recorder {
  readonly #parts: RecorderParts
  #before: Totals
  #last: Minute | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(parts: RecorderParts) {
    this.#parts = parts
    this.#before = totalsOf(parts.meter)
  }

  /** The last whole minute; null before the first. */
  get lastMinute(): Minute | null {
    return this.#last
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.record()
    }, EVERY_MS)
    this.#timer.unref()
  }

  record(): void {
    const { meter, history, loopDelay, gauges, now } = this.#parts
    const totals = totalsOf(meter)
    const { connections, freeDiskBytes } = gauges()
    const minute: Minute = {
      deposits: totals.deposits - this.#before.deposits,
      drains: totals.drains - this.#before.drains,
      refusals: totals.refusals - this.#before.refusals,
      connections,
      freeDiskBytes,
      loopDelayMs: loopDelay.takeP99Ms(),
    }
    this.#before = totals
    this.#last = minute
    history.record(now(), minute)
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }
}

function totalsOf(meter: Meter): Totals {
  return { deposits: meter.total('deposits'), drains: meter.total('drains'), refusals: meter.refusalsInAll }
}
