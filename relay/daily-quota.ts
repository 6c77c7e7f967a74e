/**
 * What each sender may lay into one mailbox a day. Kept in memory alone: on disk it would be a record of who wrote how much.
 * A restart forgets it.
 */

const DAY_MS = 24 * 60 * 60 * 1000
const DAY_SECONDS = 24 * 60 * 60

export interface QuotaLimits {
  readonly envelopes: number
  readonly bytes: number
}

/** Senders of one day that are remembered, at some 200 bytes each. */
const MAX_SENDERS = 200_000
/** Senders that are looked at for the one that used least. */
const LOOK_AT = 16

export class DailyQuota {
  readonly #limits: QuotaLimits
  readonly #maxSenders: number
  readonly #used = new Map<string, { envelopes: number; bytes: number }>()
  #day = 0

  constructor(limits: QuotaLimits, maxSenders: number = MAX_SENDERS) {
    this.#limits = limits
    this.#maxSenders = maxSenders
  }

  /** Takes it off the day's allowance. False: there is not enough left. */
  charge(sender: string, amount: QuotaLimits, nowMs: number): boolean {
    this.#turn(nowMs)
    const used = this.#used.get(sender) ?? { envelopes: 0, bytes: 0 }
    const envelopes = used.envelopes + amount.envelopes
    const bytes = used.bytes + amount.bytes
    if (envelopes > this.#limits.envelopes || bytes > this.#limits.bytes) return false
    this.#remember(sender, { envelopes, bytes })
    return true
  }

  get size(): number {
    return this.#used.size
  }

  /** The last to deposit stand last. Where there are too many, one goes that used little: its allowance begins anew. */
  #remember(sender: string, used: QuotaLimits): void {
    this.#used.delete(sender)
    this.#used.set(sender, { ...used })
    if (this.#used.size <= this.#maxSenders) return
    let [least, leastShare] = [sender, Infinity]
    let looked = 0
    for (const [name, { envelopes, bytes }] of this.#used) {
      const share = Math.max(envelopes / this.#limits.envelopes, bytes / this.#limits.bytes)
      if (share < leastShare) [least, leastShare] = [name, share]
      looked += 1
      if (looked === LOOK_AT) break
    }
    this.#used.delete(least)
  }

  /** What was charged and then not stored. */
  refund(sender: string, amount: QuotaLimits): void {
    const used = this.#used.get(sender)
    if (used === undefined) return
    const envelopes = Math.max(0, used.envelopes - amount.envelopes)
    const bytes = Math.max(0, used.bytes - amount.bytes)
    if (envelopes === 0 && bytes === 0) this.#used.delete(sender)
    else this.#used.set(sender, { envelopes, bytes })
  }

  secondsLeft(nowMs: number): number {
    return DAY_SECONDS - Math.floor((nowMs % DAY_MS) / 1000)
  }

  #turn(nowMs: number): void {
    const day = Math.floor(nowMs / DAY_MS)
    if (day === this.#day) return
    this.#day = day
    this.#used.clear()
  }
}
