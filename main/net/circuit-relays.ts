/** Connections to the relays through which this device can be reached; libp2p reserves at whoever offers circuits. */

import { multiaddr } from '@multiformats/multiaddr'
import type { Libp2p } from '@libp2p/interface'
import type { Clock } from '../ports/runtime.ts'
import { backoffMs } from '../domain/backoff.ts'

const RETRY = { firstMs: 1_000, maxMs: 60_000 } as const
const DIAL_WITHIN_MS = 8_000

interface Wanted {
  readonly addresses: readonly string[]
  attempt: number
  peer: string | null
  cancelRetry: (() => void) | null
  dropped: boolean
}

export class CircuitRelays {
  readonly #node: Libp2p
  readonly #clock: Clock
  #wanted = new Map<string, Wanted>()

  constructor(node: Libp2p, clock: Clock) {
    this.#node = node
    this.#clock = clock
    node.addEventListener('peer:disconnect', ({ detail }) => {
      for (const relay of this.#wanted.values()) if (relay.peer === detail.toString()) this.#retryLater(relay)
    })
  }

  async use(relays: readonly { readonly addresses: readonly string[] }[]): Promise<void> {
    const next = new Map<string, Wanted>()
    for (const { addresses } of relays) {
      const name = addresses.join(' ')
      next.set(name, this.#wanted.get(name) ?? { addresses, attempt: 0, peer: null, cancelRetry: null, dropped: false })
    }
    for (const [name, relay] of this.#wanted) if (!next.has(name)) this.#drop(relay)
    const added = [...next].filter(([name]) => !this.#wanted.has(name)).map(([, relay]) => relay)
    this.#wanted = next
    await Promise.all(added.map((relay) => this.#connect(relay)))
  }

  async #connect(relay: Wanted): Promise<void> {
    if (relay.dropped) return
    const dialable = relay.addresses
      .filter((address) => !address.includes('/quic'))
      .map((address) => multiaddr(address))
    for (const address of dialable) {
      try {
        const connection = await this.#node.dial(address, { signal: AbortSignal.timeout(DIAL_WITHIN_MS) })
        relay.peer = connection.remotePeer.toString()
        relay.attempt = 0
        return
      } catch {
        // The next address may answer; after the last one it is tried again later.
      }
    }
    this.#retryLater(relay)
  }

  #retryLater(relay: Wanted): void {
    relay.peer = null
    if (relay.dropped || relay.cancelRetry !== null) return
    relay.cancelRetry = this.#clock.after(backoffMs(relay.attempt, RETRY, Math.random()), () => {
      relay.cancelRetry = null
      void this.#connect(relay)
    })
    relay.attempt += 1
  }

  #drop(relay: Wanted): void {
    relay.dropped = true
    relay.cancelRetry?.()
    relay.cancelRetry = null
  }

  stop(): void {
    for (const relay of this.#wanted.values()) this.#drop(relay)
    this.#wanted.clear()
  }
}
