/** The last day, minute by minute, in memory: fixed arrays that the newest minute writes over the oldest. */

const MINUTE_MS = 60_000
export const DAY_MINUTES = 24 * 60

/** One minute. Counts are of that minute, the rest as it was at its end. */
export interface Minute {
  readonly deposits: number
  readonly drains: number
  readonly refusals: number
  readonly connections: number
  readonly freeDiskBytes: number
  /** What 99 of 100 turns of the event loop were not later than. */
  readonly loopDelayMs: number
}

export type Series = keyof Minute

export const SERIES: readonly Series[] = [
  'deposits',
  'drains',
  'refusals',
  'connections',
  'freeDiskBytes',
  'loopDelayMs',
]

/** Sums counts; of the others the worst says the most. */
const FOLDS: Readonly<Record<Series, (values: readonly number[]) => number>> = {
  deposits: sum,
  drains: sum,
  refusals: sum,
  connections: (values) => Math.max(...values),
  freeDiskBytes: (values) => Math.min(...values),
  loopDelayMs: (values) => Math.max(...values),
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

export interface Bucket {
  readonly startsAtMs: number
  /** Null: nothing was measured then. */
  readonly value: number | null
}

export class History {
  readonly #values = new Map<Series, Float64Array>(
    SERIES.map((name) => [name, new Float64Array(DAY_MINUTES).fill(Number.NaN)]),
  )
  /** Which minute since 1970 each place holds. */
  readonly #minutes = new Float64Array(DAY_MINUTES).fill(-1)

  /** A second record within a minute replaces the first. A clock that was set back writes over what it left ahead. */
  record(nowMs: number, minute: Minute): void {
    const number = Math.floor(nowMs / MINUTE_MS)
    const place = number % DAY_MINUTES
    this.#minutes[place] = number
    for (const name of SERIES) {
      const values = this.#values.get(name)
      if (values !== undefined) values[place] = minute[name]
    }
  }

  /** The day up to `nowMs` in equal parts, the oldest first. */
  buckets(series: Series, nowMs: number, minutesEach: number): readonly Bucket[] {
    const last = Math.floor(nowMs / MINUTE_MS / minutesEach)
    const count = DAY_MINUTES / minutesEach
    return Array.from({ length: count }, (_, index) => {
      const first = (last - count + 1 + index) * minutesEach
      const values = this.#between(series, first, minutesEach)
      return { startsAtMs: first * MINUTE_MS, value: values.length === 0 ? null : FOLDS[series](values) }
    })
  }

  #between(series: Series, firstMinute: number, minutes: number): readonly number[] {
    const values = this.#values.get(series)
    const found: number[] = []
    for (let number = firstMinute; number < firstMinute + minutes; number += 1) {
      const place = number % DAY_MINUTES
      const value = values?.[place]
      if (this.#minutes[place] === number && value !== undefined && !Number.isNaN(value)) found.push(value)
    }
    return found
  }
}
