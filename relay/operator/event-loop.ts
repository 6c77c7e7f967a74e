/** How late the event loop is: what a busy or stuck relay feels like from outside. */

import { monitorEventLoopDelay } from 'node:perf_hooks'

const RESOLUTION_MS = 20
const NS_A_MS = 1e6

export class EventLoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })

  start(): void {
    this.#histogram.enable()
  }

  stop(): void {
    this.#histogram.disable()
  }

  /** Milliseconds that 99 of 100 turns were not later than since the last call. */
  takeP99Ms(): number {
    const lateMs = this.#histogram.percentile(99) / NS_A_MS - RESOLUTION_MS
    this.#histogram.reset()
    return Number.isFinite(lateMs) ? Math.max(0, lateMs) : 0
  }
}
