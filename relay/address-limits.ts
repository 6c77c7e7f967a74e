/** How many connections one address and its neighbours may hold, begin in a second, and have half open. */

import { prefixesOf } from './address-prefixes.ts'
import type { AddressPrefixes } from './address-prefixes.ts'
import { TokenBuckets } from './token-buckets.ts'

/** A /24 or /48 may hold so many times what one host of it may. */
const NEIGHBOURS = 4
const MAX_REMEMBERED = 20_000
const HOUR_SECONDS = 3_600

export interface ConnectionLimits {
  readonly connectionsPerAddress: number
  readonly handshakesPerAddress: number
  readonly newConnectionsPerSecondPerAddress: number
}

/** What is used of a connection that begins. */
export interface BeginningConnection {
  readonly remoteAddr: { toString(): string }
  addEventListener(type: 'close', listener: () => void): void
}

/** Counts by name; what is at none is forgotten. */
class Counts {
  readonly #counts = new Map<string, number>()

  of(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  add(name: string, change: 1 | -1): void {
    const count = this.of(name) + change
    if (count > 0) this.#counts.set(name, count)
    else this.#counts.delete(name)
  }
}

export class AddressLimits {
  readonly #limits: ConnectionLimits
  readonly #now: () => number
  readonly #open = new Counts()
  readonly #handshakes = new Counts()
  readonly #narrowRate: TokenBuckets
  readonly #wideRate: TokenBuckets
  readonly #begun = new WeakMap<BeginningConnection, () => void>()

  constructor(limits: ConnectionLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
    const aSecond = limits.newConnectionsPerSecondPerAddress
    this.#narrowRate = new TokenBuckets({ burst: 2 * aSecond, perHour: aSecond * HOUR_SECONDS }, MAX_REMEMBERED)
    const neighbours = NEIGHBOURS * aSecond
    this.#wideRate = new TokenBuckets({ burst: 2 * neighbours, perHour: neighbours * HOUR_SECONDS }, MAX_REMEMBERED)
  }

  /** False: this one is too many, and nothing is kept of it. Else it counts until it closes. */
  begins(connection: BeginningConnection): boolean {
    const prefixes = prefixesOf(connection.remoteAddr.toString())
    if (this.#isFull(prefixes) || !this.#isInTime(prefixes)) return false
    this.#change(this.#open, prefixes, 1)
    this.#change(this.#handshakes, prefixes, 1)
    this.#begun.set(connection, () => {
      this.#change(this.#handshakes, prefixes, -1)
    })
    connection.addEventListener('close', () => {
      this.stands(connection)
      this.#change(this.#open, prefixes, -1)
    })
    return true
  }

  /** Its handshakes are done, or it ended: it is half open no more. */
  stands(connection: BeginningConnection): void {
    this.#begun.get(connection)?.()
    this.#begun.delete(connection)
  }

  #change(counts: Counts, { narrow, wide }: AddressPrefixes, change: 1 | -1): void {
    counts.add(narrow, change)
    counts.add(wide, change)
  }

  #isFull({ narrow, wide }: AddressPrefixes): boolean {
    const { connectionsPerAddress, handshakesPerAddress } = this.#limits
    return (
      this.#open.of(narrow) >= connectionsPerAddress ||
      this.#open.of(wide) >= NEIGHBOURS * connectionsPerAddress ||
      this.#handshakes.of(narrow) >= handshakesPerAddress ||
      this.#handshakes.of(wide) >= NEIGHBOURS * handshakesPerAddress
    )
  }

  #isInTime({ narrow, wide }: AddressPrefixes): boolean {
    const nowMs = this.#now()
    return this.#narrowRate.take(narrow, nowMs) === 0 && this.#wideRate.take(wide, nowMs) === 0
  }
}
