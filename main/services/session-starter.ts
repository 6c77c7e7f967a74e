/** Starting a session with a device of a contact: its prekeys are taken from a relay's directory, then what waits is sealed. */

import { decodePrekeyBundle, openDirectoryItem, startSession, verifyPrekeyBundle } from '../crypto/index.ts'
import type { PrekeyBundle, SessionState } from '../crypto/index.ts'
import { backoffMs } from '../domain/backoff.ts'
import { RELAY_RETRY } from '../domain/delivery-limits.ts'
import type { RelayPort } from '../ports/relay.ts'
import type { ContactDeviceRecord, ContactRecord } from '../ports/store/records.ts'
import type { ContactId, DeviceId } from '../../shared/model/ids.ts'
import { idToBytes } from '../../shared/model/ids.ts'
import { isParleyError, ParleyError } from '../../shared/errors.ts'
import type { Core } from './core.ts'
import type { SessionNeeds } from './delivery.ts'
import type { Outgoing } from './outgoing.ts'
import { directoryPlace, profileOf } from './reach.ts'
import { adoptSession } from './session-box.ts'

export class SessionStarter implements SessionNeeds {
  readonly #core: Core
  readonly #relays: RelayPort
  readonly #outgoing: () => Outgoing
  readonly #running = new Set<DeviceId>()
  readonly #timers = new Set<() => void>()
  #stopped = false

  constructor(core: Core, relays: RelayPort, outgoing: () => Outgoing) {
    this.#core = core
    this.#relays = relays
    this.#outgoing = outgoing
  }

  need(contactId: ContactId, deviceId: DeviceId): void {
    if (this.#running.has(deviceId) || this.#stopped) return
    this.#running.add(deviceId)
    void this.#run(contactId, deviceId, 0)
  }

  stop(): void {
    this.#stopped = true
    for (const cancel of this.#timers) cancel()
  }

  async #run(contactId: ContactId, deviceId: DeviceId, attempt: number): Promise<void> {
    try {
      await this.start(contactId, deviceId)
      this.#running.delete(deviceId)
    } catch (error) {
      if (!isParleyError(error)) throw error
      this.#core.log.warn('session-start-failed', { code: error.code, attempt })
      this.#retryLater(contactId, deviceId, attempt)
    }
  }

  #retryLater(contactId: ContactId, deviceId: DeviceId, attempt: number): void {
    if (this.#stopped) return
    const spread = (this.#core.crypto.random(1)[0] ?? 0) / 255
    const cancel = this.#core.clock.after(backoffMs(attempt, RELAY_RETRY, spread), () => {
      this.#timers.delete(cancel)
      void this.#run(contactId, deviceId, attempt + 1)
    })
    this.#timers.add(cancel)
  }

  /** A fresh session becomes the current one; rows without an envelope are sealed. @throws unreachable | timeout | not-found | signature-invalid */
  async start(contactId: ContactId, deviceId: DeviceId): Promise<void> {
    const { store } = this.#core
    const contact = store.contacts.get(contactId)
    const device = store.contacts.devices(contactId).find((item) => item.deviceId === deviceId)
    if (contact === null || device === undefined) return
    const session = await this.#freshSession(contact, device)
    if (this.#stopped) return
    store.transaction(() => {
      adoptSession(this.#core, contactId, deviceId, session)
      for (const row of store.outbox.ofDevice(deviceId)) {
        if (row.envelope === null) this.#outgoing().reseal(row)
      }
    })
  }

  async #freshSession(contact: ContactRecord, device: ContactDeviceRecord): Promise<SessionState> {
    const bundle = await this.#takeBundle(contact, device)
    verifyPrekeyBundle(this.#core.crypto, bundle, device)
    const remote = { account: idToBytes(contact.accountId), device }
    return startSession(this.#core.crypto, this.#core.local, remote, bundle, this.#core.clock.nowMs())
  }

  async #takeBundle(contact: ContactRecord, device: ContactDeviceRecord): Promise<PrekeyBundle> {
    const profile = profileOf(contact)
    let last: ParleyError = new ParleyError('not-found', 'prekeys')
    for (const relay of profile.relays) {
      const place = directoryPlace(this.#core.crypto, profile.directoryKey, relay.relayId, device.deviceId)
      try {
        const item = await this.#relays.takeDirectory(relay, place.lookupId)
        if (item !== null) return decodePrekeyBundle(openDirectoryItem(this.#core.crypto, place.sealKey, item))
      } catch (error) {
        if (!isParleyError(error)) throw error
        last = error
      }
    }
    throw last
  }
}
