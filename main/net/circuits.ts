/** Reservations at relays, kept: through their circuits this device can be reached where nothing direct works. */

import { multiaddr } from '@multiformats/multiaddr'
import type { Connection } from '@libp2p/interface'
import type { Clock } from '../ports/runtime.ts'
import { backoffMs } from '../domain/backoff.ts'
import type { DirectNode } from './node.ts'

const RETRY = { firstMs: 1_000, maxMs: 60_000 } as const
const DIAL_WITHIN_MS = 8_000

export interface CircuitRelay {
  readonly addresses: readonly string[]
}

interface Reservation {
  readonly relay: CircuitRelay
  connection: Connection | null
  /** Answered and reserved at least once since the last failure. */
  stands: boolean
  attempt: number
  cancelRetry: (() => void) | null
  dropped: boolean
}

export class Circuits {
  readonly #node: DirectNode
  readonly #clock: Clock
  readonly #random: () => number
  readonly #reservations = new Map<string, Reservation>()

  constructor(node: DirectNode, clock: Clock, random: () => number) {
    this.#node = node
    this.#clock = clock
    this.#random = random
    node.libp2p.addEventListener('connection:close', (event) => {
      for (const reservation of this.#reservations.values()) {
        if (reservation.connection?.id === event.detail.id) this.#lost(reservation)
      }
    })
    // a refresh that the relay refused takes the address away while the connection stands
    node.libp2p.addEventListener('self:peer:update', () => {
      for (const reservation of this.#reservations.values()) {
        if (reservation.stands && !this.#isReserved(reservation)) this.#lost(reservation)
      }
    })
  }

  /** Resolves when each new relay was tried once. */
  async use(relays: readonly CircuitRelay[]): Promise<void> {
    const wanted = new Map(relays.map((relay) => [relay.addresses.join(' '), relay]))
    for (const [name, reservation] of this.#reservations) {
      if (wanted.has(name)) continue
      this.#reservations.delete(name)
      this.#drop(reservation)
    }
    const added: Reservation[] = []
    for (const [name, relay] of wanted) {
      if (this.#reservations.has(name)) continue
      const reservation = { relay, connection: null, stands: false, attempt: 0, cancelRetry: null, dropped: false }
      this.#reservations.set(name, reservation)
      added.push(reservation)
    }
    await Promise.all(added.map((reservation) => this.#reserve(reservation)))
  }

  stop(): void {
    for (const reservation of this.#reservations.values()) this.#drop(reservation)
    this.#reservations.clear()
  }

  async #reserve(reservation: Reservation): Promise<void> {
    if (reservation.dropped) return
    try {
      const connection = await this.#dial(reservation.relay)
      if (reservation.dropped) {
        await connection.close()
        return
      }
      reservation.connection = connection
      await this.#node.listen(connection.remoteAddr.encapsulate('/p2p-circuit'))
      if (!this.#isReserved(reservation)) throw new Error('the relay gave no reservation')
      reservation.stands = true
      reservation.attempt = 0
    } catch {
      this.#lost(reservation)
    }
  }

  /** The first that answers. Each dial has a signal of its own: an abort would also end the connection that came of it. */
  async #dial({ addresses }: CircuitRelay): Promise<Connection> {
    const attempts = addresses.map((address) => {
      const abort = new AbortController()
      const cancel = this.#clock.after(DIAL_WITHIN_MS, () => {
        abort.abort()
      })
      const connection = this.#attempt(address, abort.signal).finally(cancel)
      return { connection, abort }
    })
    const first = await Promise.any(
      attempts.map(async (attempt) => ({ attempt, connection: await attempt.connection })),
    )
    for (const other of attempts) {
      if (other === first.attempt) continue
      other.abort.abort()
      void other.connection.then(closeQuietly, () => undefined)
    }
    return first.connection
  }

  async #attempt(address: string, signal: AbortSignal): Promise<Connection> {
    return this.#node.dial(multiaddr(address), signal)
  }

  #isReserved({ connection }: Reservation): boolean {
    if (connection?.status !== 'open') return false
    const through = `/p2p/${connection.remotePeer.toString()}/p2p-circuit`
    return this.#node.listening().some((address) => address.toString().includes(through))
  }

  #lost(reservation: Reservation): void {
    const { connection } = reservation
    reservation.connection = null
    reservation.stands = false
    if (connection !== null) closeQuietly(connection)
    if (reservation.dropped || reservation.cancelRetry !== null) return
    reservation.cancelRetry = this.#clock.after(backoffMs(reservation.attempt, RETRY, this.#random()), () => {
      reservation.cancelRetry = null
      void this.#reserve(reservation)
    })
    reservation.attempt += 1
  }

  #drop(reservation: Reservation): void {
    reservation.dropped = true
    reservation.cancelRetry?.()
    if (reservation.connection !== null) closeQuietly(reservation.connection)
  }
}

/** Gracefully, else by force; never fails. */
export function closeQuietly(connection: Connection): void {
  connection.close().catch((error: unknown) => {
    connection.abort(error instanceof Error ? error : new Error('close'))
  })
}
