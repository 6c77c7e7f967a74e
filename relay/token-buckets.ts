/** How often something may happen for each of many names, in memory that does not grow with how many ask. */

const HOUR_MS = 60 * 60 * 1000
/** Names that are looked at for one that can go. */
const LOOK_AT = 4
/** Shared by those who come when all places are taken by others who are not done. */
const CROWD = '*'
const CROWD_FACTOR = 16

export interface Rate {
  /** At once. */
  readonly burst: number
  readonly perHour: number
}

interface Bucket {
  used: number
  atMs: number
}

export class TokenBuckets {
  readonly #rate: Rate
  readonly #maxNames: number
  /** In the order of use: the first was asked for longest ago. */
  readonly #buckets = new Map<string, Bucket>()

  constructor(rate: Rate, maxNames: number) {
    this.#rate = rate
    this.#maxNames = maxNames
  }

  /** Takes one. 0: there was one; else the seconds until there is. */
  take(name: string, nowMs: number): number {
    const bucket = this.#touch(name, nowMs)
    const burst = this.#burstOf(bucket)
    if (bucket.used + 1 <= burst) {
      bucket.used += 1
      return 0
    }
    return Math.max(1, Math.ceil(((bucket.used + 1 - burst) / this.#rate.perHour) * 3_600))
  }

  /** One that was taken and not needed. */
  giveBack(name: string): void {
    const bucket = this.#find(name)
    if (bucket === undefined) return
    bucket.used = Math.max(0, bucket.used - 1)
    if (bucket.used === 0) this.#buckets.delete(name)
  }

  /** As `take`, and nothing is taken. */
  wait(name: string, nowMs: number): number {
    const bucket = this.#find(name)
    if (bucket === undefined) return 0
    this.#refill(bucket, nowMs)
    const over = bucket.used + 1 - this.#burstOf(bucket)
    return over <= 0 ? 0 : Math.max(1, Math.ceil((over / this.#rate.perHour) * 3_600))
  }

  get size(): number {
    return this.#buckets.size
  }

  /** The one of that name, or the one that it would share. */
  #find(name: string): Bucket | undefined {
    return this.#buckets.get(name) ?? (this.#buckets.size < this.#maxNames ? undefined : this.#buckets.get(CROWD))
  }

  #burstOf(bucket: Bucket): number {
    return bucket === this.#buckets.get(CROWD) ? this.#rate.burst * CROWD_FACTOR : this.#rate.burst
  }

  #touch(name: string, nowMs: number): Bucket {
    const known = this.#buckets.get(name)
    const kept = known !== undefined || this.#makeRoom(nowMs) ? name : CROWD
    const bucket = known ?? this.#buckets.get(kept) ?? { used: 0, atMs: nowMs }
    this.#refill(bucket, nowMs)
    this.#buckets.delete(kept)
    this.#buckets.set(kept, bucket)
    return bucket
  }

  #refill(bucket: Bucket, nowMs: number): void {
    // A clock that was set back gives nothing and takes nothing.
    const passedMs = Math.max(0, nowMs - bucket.atMs)
    bucket.used = Math.max(0, bucket.used - (passedMs / HOUR_MS) * this.#rate.perHour)
    bucket.atMs = nowMs
  }

  /** One that is full again says nothing: it goes. False: nobody can go. */
  #makeRoom(nowMs: number): boolean {
    if (this.#buckets.size < this.#maxNames) return true
    let looked = 0
    for (const [name, bucket] of this.#buckets) {
      this.#refill(bucket, nowMs)
      if (bucket.used === 0 && name !== CROWD) {
        this.#buckets.delete(name)
        return true
      }
      looked += 1
      if (looked === LOOK_AT) return false
    }
    return false
  }
}
