/**
 * The outbox worker: brings every sealed row to its device, direct while there is a path, through the relays
 * when there is none or when it has not committed within three seconds (docs/protocol/delivery.md). A retry sends the
 * same bytes.
 */

import { backoffMs } from '../domain/backoff.ts'
import { DIRECT_PATIENCE_MS, RELAY_RETRY } from '../domain/delivery-limits.ts'
import type { DirectLink } from '../ports/direct.ts'
import type { OutboxRecord } from '../ports/store/records.ts'
import type { ContactId, DeviceId } from '../../shared/model/ids.ts'
import { isParleyError } from '../../shared/errors.ts'
import type { Core } from './core.ts'
import type { DeliveryQueue } from './outgoing.ts'
import type { Paths } from './paths.ts'
import { mailboxesOf, profileOf } from './reach.ts'
import type { RelayDeposits } from './relay-deposits.ts'

export interface DirectAttempts {
  /** Starts to dial unless that is under way or was in vain a moment ago. False: nothing is to be hoped for now. */
  attempt(contactId: ContactId, deviceId: DeviceId): boolean
}

export interface SessionNeeds {
  /** Makes a session with a device that has none, then seals what waits for it. */
  need(contactId: ContactId, deviceId: DeviceId): void
}

interface Lane {
  /** Sent over a link and not answered yet. */
  readonly inFlight: Map<number, DirectLink>
  /** Rows whose turn at the direct path is over, until the next link. */
  readonly overdue: Set<number>
  readonly patience: Map<number, () => void>
  depositing: boolean
  depositAgain: boolean
  attempt: number
  cancelRetry: (() => void) | null
}

export class Delivery implements DeliveryQueue {
  readonly #core: Core
  readonly #paths: Paths
  readonly #direct: DirectAttempts
  readonly #sessions: SessionNeeds
  readonly #deposits: RelayDeposits
  readonly #lanes = new Map<DeviceId, Lane>()
  #stopped = false

  constructor(
    core: Core,
    parts: {
      readonly paths: Paths
      readonly direct: DirectAttempts
      readonly sessions: SessionNeeds
      readonly deposits: RelayDeposits
    },
  ) {
    this.#core = core
    this.#paths = parts.paths
    this.#direct = parts.direct
    this.#sessions = parts.sessions
    this.#deposits = parts.deposits
  }

  /** Takes up what an earlier run left in the outbox; also after the network came back. */
  kickAll(): void {
    for (const lane of this.#lanes.values()) lane.attempt = 0
    for (const deviceId of new Set(this.#core.store.outbox.all().map((row) => row.deviceId))) this.kick(deviceId)
  }

  kick(deviceId: DeviceId): void {
    if (this.#stopped) return
    const rows = this.#core.store.outbox.ofDevice(deviceId)
    const [first] = rows
    if (first === undefined) return
    if (rows.some((row) => row.envelope === null)) this.#sessions.need(first.contactId, deviceId)
    const link = this.#paths.link(deviceId)
    if (link !== null) {
      for (const row of rows) this.#sendDirect(link, row)
      return
    }
    const hope = this.#direct.attempt(first.contactId, deviceId)
    for (const row of rows) {
      if (hope) this.#waitForDirect(row)
      else this.#lane(deviceId).overdue.add(row.outboxId)
    }
    if (!hope) this.#depositSoon(deviceId)
  }

  onLink(deviceId: DeviceId): void {
    this.#lane(deviceId).overdue.clear()
    this.kick(deviceId)
  }

  /** A link closed or a dial was in vain: what is not committed goes to the relays now. */
  onNoDirectPath(deviceId: DeviceId): void {
    if (this.#stopped) return
    const lane = this.#lane(deviceId)
    for (const row of this.#core.store.outbox.ofDevice(deviceId)) lane.overdue.add(row.outboxId)
    this.#depositSoon(deviceId)
  }

  stop(): void {
    this.#stopped = true
    for (const lane of this.#lanes.values()) {
      lane.cancelRetry?.()
      for (const cancel of lane.patience.values()) cancel()
    }
  }

  #lane(deviceId: DeviceId): Lane {
    const known = this.#lanes.get(deviceId)
    if (known !== undefined) return known
    const lane: Lane = {
      inFlight: new Map(),
      overdue: new Set(),
      patience: new Map(),
      depositing: false,
      depositAgain: false,
      attempt: 0,
      cancelRetry: null,
    }
    this.#lanes.set(deviceId, lane)
    return lane
  }

  #sendDirect(link: DirectLink, row: OutboxRecord): void {
    const lane = this.#lane(row.deviceId)
    if (row.envelope === null || row.directCommitted || lane.inFlight.get(row.outboxId) === link) return
    lane.inFlight.set(row.outboxId, link)
    this.#waitForDirect(row)
    link.send(row.envelope).then(
      (answer) => {
        lane.inFlight.delete(row.outboxId)
        if (answer === 'committed') this.#committed(row)
        else this.#giveToRelays(row)
      },
      (error: unknown) => {
        if (lane.inFlight.get(row.outboxId) === link) lane.inFlight.delete(row.outboxId)
        if (!isParleyError(error)) throw error
        this.#giveToRelays(row)
      },
    )
  }

  #committed(row: OutboxRecord): void {
    if (this.#stopped) return
    this.#endPatience(row)
    const { store } = this.#core
    store.transaction(() => {
      const current = store.outbox.ofDevice(row.deviceId).find((item) => item.outboxId === row.outboxId)
      if (current === undefined || current.envelopeId !== row.envelopeId) return
      if (row.needsReceipt) store.outbox.update(row.outboxId, { directCommitted: true })
      else store.outbox.delete(row.outboxId)
    })
  }

  #waitForDirect(row: OutboxRecord): void {
    const lane = this.#lane(row.deviceId)
    if (lane.patience.has(row.outboxId) || lane.overdue.has(row.outboxId)) return
    const cancel = this.#core.clock.after(DIRECT_PATIENCE_MS, () => {
      this.#giveToRelays(row)
    })
    lane.patience.set(row.outboxId, cancel)
  }

  #endPatience(row: OutboxRecord): void {
    const lane = this.#lane(row.deviceId)
    lane.patience.get(row.outboxId)?.()
    lane.patience.delete(row.outboxId)
  }

  #giveToRelays(row: OutboxRecord): void {
    if (this.#stopped) return
    this.#endPatience(row)
    this.#lane(row.deviceId).overdue.add(row.outboxId)
    this.#depositSoon(row.deviceId)
  }

  #depositSoon(deviceId: DeviceId): void {
    const lane = this.#lane(deviceId)
    lane.cancelRetry?.()
    lane.cancelRetry = null
    if (lane.depositing) {
      lane.depositAgain = true
      return
    }
    lane.depositing = true
    void this.#deposit(deviceId, lane)
  }

  async #deposit(deviceId: DeviceId, lane: Lane): Promise<void> {
    let done = true
    do {
      lane.depositAgain = false
      const all = this.#core.store.outbox.ofDevice(deviceId)
      forgetGone(lane, all)
      const rows = all.filter((row) => lane.overdue.has(row.outboxId) && !row.directCommitted)
      const [first] = rows
      const contact = first === undefined ? null : this.#core.store.contacts.get(first.contactId)
      if (contact === null) break
      done = await this.#deposits.depositAll(rows, mailboxesOf(this.#core.crypto, profileOf(contact), deviceId))
    } while (lane.depositAgain && !this.#isStopped())
    lane.depositing = false
    if (done) lane.attempt = 0
    else this.#retryLater(deviceId, lane)
  }

  #isStopped(): boolean {
    return this.#stopped
  }

  #retryLater(deviceId: DeviceId, lane: Lane): void {
    if (this.#stopped) return
    const spread = (this.#core.crypto.random(1)[0] ?? 0) / 255
    lane.cancelRetry = this.#core.clock.after(backoffMs(lane.attempt, RELAY_RETRY, spread), () => {
      lane.cancelRetry = null
      this.kick(deviceId)
      this.#depositSoon(deviceId)
    })
    lane.attempt += 1
  }
}

function forgetGone(lane: Lane, rows: readonly OutboxRecord[]): void {
  const present = new Set(rows.map((row) => row.outboxId))
  for (const outboxId of lane.overdue) if (!present.has(outboxId)) lane.overdue.delete(outboxId)
}
