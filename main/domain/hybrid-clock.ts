/** Hybrid logical clock (Kulkarni et al. 2014): orders what people saw before they wrote, without a common clock. */

export interface HybridTime {
  readonly ms: number
  readonly counter: number
}

const MAX_COUNTER = 0xffff
/** A clock that runs ahead by more than this is not followed. */
export const MAX_AHEAD_MS = 24 * 60 * 60 * 1000

/** The next time to put on an own message: later than every one given out or seen. */
export function tick(last: HybridTime, nowMs: number): HybridTime {
  if (nowMs > last.ms) return { ms: nowMs, counter: 0 }
  if (last.counter < MAX_COUNTER) return { ms: last.ms, counter: last.counter + 1 }
  return { ms: last.ms + 1, counter: 0 }
}

/** What is remembered after a message of somebody else came. */
export function observe(last: HybridTime, seen: HybridTime, nowMs: number): HybridTime {
  const capped = capAhead(seen, nowMs)
  return compareTimes(capped, last) > 0 ? capped : last
}

/** A time from a clock that is too far ahead is pulled back to one day from now. */
export function capAhead(time: HybridTime, nowMs: number): HybridTime {
  return time.ms > nowMs + MAX_AHEAD_MS ? { ms: nowMs + MAX_AHEAD_MS, counter: 0 } : time
}

export function compareTimes(a: HybridTime, b: HybridTime): number {
  return a.ms - b.ms || a.counter - b.counter
}
