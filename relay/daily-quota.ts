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

export class DailyQuota {
  readonly #limits: QuotaLimits
  readonly #used = new Map<string, { envelopes: number; bytes: number }>()
  #day = 0

  constructor(limits: QuotaLimits) {
    this.#limits = limits
  }

  /** Takes it off the day's allowance. False: there is not enough left. */
  charge(sender: string, amount: QuotaLimits, nowMs: number): boolean {
    this.#turn(nowMs)
    const used = this.#used.get(sender) ?? { envelopes: 0, bytes: 0 }
    const envelopes = used.envelopes + amount.envelopes
    const bytes = used.bytes + amount.bytes
    if (envelopes > this.#limits.envelopes || bytes > this.#limits.bytes) return false
    this.#used.set(sender, { envelopes, bytes })
    return true
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
