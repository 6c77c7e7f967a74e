/** What the relay's parts count while they work: numbers alone, never whose. `operator/` shows them. */

import type { ErrorCode } from '../shared/errors.ts'

/** Totals since the start. */
export const COUNTED = [
  'deposits',
  'depositBytes',
  'pushes',
  'pushBytes',
  'drains',
  'mailboxesOpened',
  'prekeysTaken',
  'invitesTaken',
  'blobBytesIn',
  'blobBytesOut',
  'damagedPages',
  'damagedEnvelopes',
] as const

export type Counted = (typeof COUNTED)[number]

export interface RelayMetrics {
  /** @param by default 1 */
  add(what: Counted, by?: number): void
  /** A request, or one target of a deposit, was turned down. */
  refused(reason: ErrorCode): void
  /** A write to the store begins; the function that is returned says that it is durable, or failed. */
  writing(): () => void
}

/** Upper bounds in seconds of what a commit may take: from memory to a disk that has trouble. */
export const COMMIT_BUCKETS_SECONDS = [
  0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.25, 0.5, 1, 2.5, 5,
]

/** Plain numbers: counting costs the hot path an addition. */
export class Meter implements RelayMetrics {
  readonly #monotonicMs: () => number
  readonly #totals = new Map<Counted, number>(COUNTED.map((name) => [name, 0]))
  readonly #refusals = new Map<ErrorCode, number>()
  readonly #commits = new Array<number>(COMMIT_BUCKETS_SECONDS.length + 1).fill(0)
  #commitSeconds = 0
  #writesUnderWay = 0

  constructor(monotonicMs: () => number = () => performance.now()) {
    this.#monotonicMs = monotonicMs
  }

  add(what: Counted, by = 1): void {
    this.#totals.set(what, this.total(what) + by)
  }

  refused(reason: ErrorCode): void {
    this.#refusals.set(reason, (this.#refusals.get(reason) ?? 0) + 1)
  }

  writing(): () => void {
    const startedAtMs = this.#monotonicMs()
    this.#writesUnderWay += 1
    return () => {
      this.#writesUnderWay -= 1
      this.#committed((this.#monotonicMs() - startedAtMs) / 1000)
    }
  }

  #committed(seconds: number): void {
    const bucket = COMMIT_BUCKETS_SECONDS.findIndex((bound) => seconds <= bound)
    const index = bucket === -1 ? COMMIT_BUCKETS_SECONDS.length : bucket
    this.#commits[index] = (this.#commits[index] ?? 0) + 1
    this.#commitSeconds += seconds
  }

  total(what: Counted): number {
    return this.#totals.get(what) ?? 0
  }

  get refusals(): ReadonlyMap<ErrorCode, number> {
    return this.#refusals
  }

  get refusalsInAll(): number {
    return [...this.#refusals.values()].reduce((sum, count) => sum + count, 0)
  }

  get writesUnderWay(): number {
    return this.#writesUnderWay
  }

  /** Writes in each bucket of `COMMIT_BUCKETS_SECONDS`, the slower ones last; and the seconds of all of them. */
  get commits(): { readonly counts: readonly number[]; readonly seconds: number } {
    return { counts: this.#commits, seconds: this.#commitSeconds }
  }
}
