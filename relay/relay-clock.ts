/**
 * The relay's time. A receipt names an expiry, so a wall clock that jumps must not make envelopes expire at once: while
 * the relay runs, its time follows the monotonic clock and is only pulled slowly towards the wall clock. Across a restart
 * only the wall clock is left; what passed since the last stored time is then in doubt for a day (was the relay off, or
 * did the clock jump?), and nothing is forgotten by time that is in doubt. docs/relay.md, "The clock".
 */

/** Of the time that passed: a clock that is a day wrong moves the relay's by a quarter of an hour a day. */
const MAX_SLEW = 0.01
const RESYNC_EVERY_MS = 60_000
/** Long enough for an operator, or NTP, to put a clock right after a start. */
const DOUBT_FOR_MS = 24 * 60 * 60 * 1000

export interface Clocks {
  /** Milliseconds since 1970; may jump. */
  readonly wallMs: () => number
  /** Milliseconds since whenever; never jumps. */
  readonly monotonicMs: () => number
}

export const systemClocks: Clocks = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}

/** What the relay asks for the time. */
export interface RelayTime {
  /** For what is stamped and answered. */
  now(): number
  /** It is at least this late: what expired by it may be forgotten for good. Never after `now`. */
  certainNow(): number
}

export class RelayClock implements RelayTime {
  readonly #clocks: Clocks
  readonly #doubtEndsAtMonotonicMs: number
  #anchorMs: number
  #anchorMonotonicMs: number
  #doubtMs: number

  /** `lastCertainMs`: what `certainNow` was when the relay ran last; null when it never did. */
  constructor(clocks: Clocks, lastCertainMs: number | null) {
    this.#clocks = clocks
    this.#anchorMs = clocks.wallMs()
    this.#anchorMonotonicMs = clocks.monotonicMs()
    this.#doubtMs = lastCertainMs === null ? 0 : Math.max(0, this.#anchorMs - lastCertainMs)
    this.#doubtEndsAtMonotonicMs = this.#anchorMonotonicMs + DOUBT_FOR_MS
  }

  /** Whole milliseconds. */
  now(): number {
    return Math.floor(this.#now())
  }

  /** Whole milliseconds. */
  certainNow(): number {
    const nowMs = this.#now()
    if (this.#clocks.monotonicMs() >= this.#doubtEndsAtMonotonicMs) this.#doubtMs = 0
    return Math.floor(nowMs - this.#doubtMs)
  }

  #now(): number {
    const monotonicMs = this.#clocks.monotonicMs()
    const elapsedMs = monotonicMs - this.#anchorMonotonicMs
    const nowMs = this.#anchorMs + elapsedMs
    if (elapsedMs < RESYNC_EVERY_MS) return nowMs
    this.#anchorMonotonicMs = monotonicMs
    this.#anchorMs = nowMs + this.#correction(this.#clocks.wallMs() - nowMs, elapsedMs)
    return this.#anchorMs
  }

  #correction(wallAheadMs: number, elapsedMs: number): number {
    const maxMs = elapsedMs * MAX_SLEW
    if (wallAheadMs >= -maxMs) return Math.min(wallAheadMs, maxMs)
    // A clock that takes back a jump from before the start is believed at once: nothing was forgotten by that jump.
    const takenBackMs = Math.min(this.#doubtMs, -wallAheadMs)
    this.#doubtMs -= takenBackMs
    return Math.min(-takenBackMs, -maxMs)
  }
}
