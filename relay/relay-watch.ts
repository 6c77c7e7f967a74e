/** How the relay is, for the operator's port: before it runs, while it does, and while it stops. */

import type { Libp2p } from '@libp2p/interface'
import type { DiskRoom } from './disk-room.ts'
import type { Housekeeping } from './housekeeping.ts'
import type { Mailboxes } from './mailboxes.ts'
import type { Meter } from './metrics.ts'
import type { Gauges, RelayState, RelayWatch as Watch } from './operator/gauges.ts'
import type { RelayStore } from './storage/relay-store.ts'

interface Running {
  readonly node: Libp2p
  readonly mailboxes: Mailboxes
  readonly housekeeping: Housekeeping
  readonly disk: DiskRoom
  readonly store: RelayStore
}

export class RelayWatch implements Watch {
  readonly #meter: Meter
  readonly #minFreeDiskBytes: number
  #state: RelayState = 'starting'
  #running: Running | null = null

  constructor(meter: Meter, minFreeDiskBytes: number) {
    this.#meter = meter
    this.#minFreeDiskBytes = minFreeDiskBytes
  }

  get state(): RelayState {
    return this.#state
  }

  running(running: Running): void {
    this.#running = running
    this.#state = 'running'
  }

  draining(): void {
    this.#state = 'draining'
  }

  gauges(): Gauges {
    const { node, mailboxes, housekeeping, disk } = this.#running ?? {}
    const totals = housekeeping?.totals ?? { mailboxes: 0, envelopes: 0, envelopeBytes: 0 }
    return {
      ...totals,
      connections: node?.getConnections().length ?? 0,
      owners: mailboxes?.connectedOwners ?? 0,
      writesUnderWay: this.#meter.writesUnderWay,
      freeDiskBytes: disk?.freeBytes ?? this.#minFreeDiskBytes,
      minFreeDiskBytes: this.#minFreeDiskBytes,
    }
  }

  async probe(): Promise<void> {
    // While it stops the store may be closed already.
    if (this.#state === 'running') await this.#running?.store.incarnation()
  }
}
