/**
 * What one address may ask a relay for that others would miss: items of directories, invites, new mailboxes, challenges.
 * In memory alone, and bounded; docs/protocol/relay.md, "Limits".
 */

import { toBase64Url } from '../shared/wire/bytes.ts'
import type { AddressPrefixes } from './address-prefixes.ts'
import { Refused } from './refused.ts'
import { TokenBuckets } from './token-buckets.ts'

/** A /24 or /48 may ask so many times as much as one host of it. */
const NEIGHBOURS = 4
const MAX_REMEMBERED = 20_000
const HOUR_MINUTES = 60

export interface AskRates {
  /** Items of directories, to one address. */
  readonly directoryTakesPerMinutePerAddress: number
  readonly inviteTakesPerMinutePerAddress: number
  readonly doorChallengesPerMinutePerAddress: number
  readonly newMailboxesPerHourPerAddress: number
  /** One-time items of one directory, to everybody together: past that the last resort goes out. */
  readonly oneTimeItemsPerHour: number
  /** The same to one address. */
  readonly oneTimeItemsPerHourPerAddress: number
}

type Asked = 'directory' | 'invite' | 'door' | 'mailbox'

class AddressRate {
  readonly #narrow: TokenBuckets
  readonly #wide: TokenBuckets

  constructor(perHour: number, burst: number) {
    this.#narrow = new TokenBuckets({ burst, perHour }, MAX_REMEMBERED)
    this.#wide = new TokenBuckets({ burst: burst * NEIGHBOURS, perHour: perHour * NEIGHBOURS }, MAX_REMEMBERED)
  }

  /** Seconds until there is one; 0: taken. What is refused to one host costs its neighbours nothing. */
  take({ narrow, wide }: AddressPrefixes, nowMs: number): number {
    return this.#wide.wait(wide, nowMs) || this.#narrow.take(narrow, nowMs) || this.#wide.take(wide, nowMs)
  }
}

export class AskLimits {
  readonly #now: () => number
  readonly #rates: Readonly<Record<Asked, AddressRate>>
  readonly #oneTime: TokenBuckets
  readonly #oneTimeOfAddress: TokenBuckets

  constructor(rates: AskRates, now: () => number) {
    this.#now = now
    const aMinute = (count: number): AddressRate => new AddressRate(count * HOUR_MINUTES, count)
    this.#rates = {
      directory: aMinute(rates.directoryTakesPerMinutePerAddress),
      invite: aMinute(rates.inviteTakesPerMinutePerAddress),
      door: aMinute(rates.doorChallengesPerMinutePerAddress),
      mailbox: new AddressRate(rates.newMailboxesPerHourPerAddress, rates.newMailboxesPerHourPerAddress),
    }
    const { oneTimeItemsPerHour, oneTimeItemsPerHourPerAddress } = rates
    this.#oneTime = new TokenBuckets({ burst: oneTimeItemsPerHour, perHour: oneTimeItemsPerHour }, MAX_REMEMBERED)
    this.#oneTimeOfAddress = new TokenBuckets(
      { burst: oneTimeItemsPerHourPerAddress, perHour: oneTimeItemsPerHourPerAddress },
      MAX_REMEMBERED,
    )
  }

  /** @throws rate-limited, with when to try again */
  take(asked: Asked, from: AddressPrefixes): void {
    const seconds = this.#rates[asked].take(from, this.#now())
    if (seconds > 0) throw new Refused('rate-limited', asked, seconds)
  }

  /**
   * Whether this asker gets a one-time item of that directory, or has to do with the last resort. It is counted now, so that
   * requests that come together do not get by; `giveBack` where there was none to give, so that nobody fills this memory with
   * directories that are not there.
   */
  oneTimeItem(lookupId: Uint8Array, from: AddressPrefixes): { readonly allowed: boolean; giveBack(): void } {
    const nowMs = this.#now()
    const directory = toBase64Url(lookupId)
    const ofAddress = `${directory} ${from.wide}`
    const allowed =
      this.#oneTime.wait(directory, nowMs) === 0 &&
      this.#oneTimeOfAddress.take(ofAddress, nowMs) === 0 &&
      this.#oneTime.take(directory, nowMs) === 0
    return {
      allowed,
      giveBack: () => {
        if (!allowed) return
        this.#oneTime.giveBack(directory)
        this.#oneTimeOfAddress.giveBack(ofAddress)
      },
    }
  }

  /** Names that are remembered for one-time items. */
  get rememberedDirectories(): number {
    return this.#oneTime.size + this.#oneTimeOfAddress.size
  }
}
