/** What the operator is told of a damaged disk: the first time at once, then at most once a minute with how often. */

import type { RelayMetrics } from './metrics.ts'
import type { RelayLog } from './relay-log.ts'

const REPORT_EVERY_MS = 60_000

/** A page that SQLite cannot read, or an envelope that is not what its id says. */
export type Damage = 'page' | 'envelope'

export class DamageReports {
  readonly #log: RelayLog
  readonly #metrics: RelayMetrics
  readonly #monotonicMs: () => number
  readonly #counts: Record<Damage, number> = { page: 0, envelope: 0 }
  readonly #reportedAtMs = new Map<Damage, number>()

  constructor(log: RelayLog, metrics: RelayMetrics, monotonicMs: () => number) {
    this.#log = log
    this.#metrics = metrics
    this.#monotonicMs = monotonicMs
  }

  met(what: Damage): void {
    this.#counts[what] += 1
    this.#metrics.add(what === 'page' ? 'damagedPages' : 'damagedEnvelopes')
    const nowMs = this.#monotonicMs()
    const lastMs = this.#reportedAtMs.get(what)
    if (lastMs !== undefined && nowMs - lastMs < REPORT_EVERY_MS) return
    this.#reportedAtMs.set(what, nowMs)
    this.#log.error('database-damaged', { what, times: this.#counts[what] })
  }
}
