/** How often something happened lately, for each of many names: what is counted halves with time, and few-timers go first. */

/** Names that are looked at for the one that counts least. */
const LOOK_AT = 16

interface Count {
  readonly value: number
  readonly atMs: number
}

export class DecayingCounts {
  readonly #halfLifeMs: number
  readonly #maxNames: number
  /** The last one counted stands last. */
  readonly #counts = new Map<string, Count>()

  constructor(halfLifeMs: number, maxNames: number) {
    this.#halfLifeMs = halfLifeMs
    this.#maxNames = maxNames
  }

  get size(): number {
    return this.#counts.size
  }

  of(name: string, nowMs: number): number {
    return this.#now(this.#counts.get(name), nowMs)
  }

  add(name: string, nowMs: number): void {
    const value = this.of(name, nowMs) + 1
    this.#counts.delete(name)
    this.#counts.set(name, { value, atMs: nowMs })
    if (this.#counts.size > this.#maxNames) this.#counts.delete(this.#least(nowMs))
  }

  /** A clock that was set back lets nothing fade. */
  #now(count: Count | undefined, nowMs: number): number {
    if (count === undefined) return 0
    return count.value * 2 ** (-Math.max(0, nowMs - count.atMs) / this.#halfLifeMs)
  }

  #least(nowMs: number): string {
    let [least, leastValue] = ['', Infinity]
    let looked = 0
    for (const [name, count] of this.#counts) {
      const value = this.#now(count, nowMs)
      if (value < leastValue) [least, leastValue] = [name, value]
      looked += 1
      if (looked === LOOK_AT) break
    }
    return least
  }
}
