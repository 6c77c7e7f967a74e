/** One who uses a relay as meant, and looks at the clock: from a deposit to its push at the connected owner. */

import { randomBytes } from 'node:crypto'
import { createRelayClient } from '../../main/net/relay-client/index.ts'
import { Owner } from '../../main/ports/contract-tests/relay-owner.ts'
import type { RelayContactPoint, RelayPort } from '../../main/ports/relay.ts'
import { systemClock } from '../../main/runtime/system-clock.ts'

const ENVELOPE_BYTES = 1_000

export class HonestClient {
  readonly #port: RelayPort = createRelayClient({ clock: systemClock })
  readonly owner = new Owner()
  readonly #relay: RelayContactPoint

  constructor(relay: RelayContactPoint) {
    this.#relay = relay
  }

  async connect(): Promise<void> {
    await this.owner.connect(this.#port, this.#relay)
  }

  /** One after the other; milliseconds each, sorted. @throws when one is refused */
  async roundTrips(count: number): Promise<readonly number[]> {
    const times: number[] = []
    for (let index = 0; index < count; index++) {
      const envelope = new Uint8Array(randomBytes(ENVELOPE_BYTES))
      const wanted = this.owner.received.length + 1
      const startedAtMs = performance.now()
      const [outcome] = await this.#port.deposit(this.#relay, [this.owner.deposit(envelope)])
      if (outcome?.kind !== 'held') throw new Error(`an honest deposit was ${outcome?.kind ?? 'lost'}`)
      await this.owner.until(() => this.owner.received.length >= wanted)
      times.push(performance.now() - startedAtMs)
    }
    return times.sort((a, b) => a - b)
  }

  async stop(): Promise<void> {
    await this.#port.stop()
  }
}

/** Of sorted times. */
export function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0
}
