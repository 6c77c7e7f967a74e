/** Keeps direct links to contacts' devices: dials when there is hope, binds what comes in, tells who waits for a path. */

import { backoffMs } from '../domain/backoff.ts'
import { DIRECT_RETRY } from '../domain/delivery-limits.ts'
import type { DirectLink, DirectPort } from '../ports/direct.ts'
import type { ContactDeviceRecord } from '../ports/store/records.ts'
import type { ContactId, DeviceId } from '../../shared/model/ids.ts'
import { toBase64Url } from '../../shared/wire/bytes.ts'
import { isParleyError } from '../../shared/errors.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { Core } from './core.ts'
import type { DirectAttempts } from './delivery.ts'
import type { Paths } from './paths.ts'
import { lanSecret, profileOf } from './reach.ts'

const DIAL_TIMEOUT_MS = 10_000
/** After a dial in vain messages go to the relays at once for this long. */
const NO_HOPE_MS = 30_000
/** Signs of life over a relay do not start a dial more often than this. */
const QUIET_AFTER_FAILURE_MS = 5_000

interface Dial {
  running: boolean
  attempt: number
  failedAtMs: number | null
  cancelRetry: (() => void) | null
}

export interface LinkListener {
  onLink(deviceId: DeviceId, contactId: ContactId): void
  onNoDirectPath(deviceId: DeviceId): void
}

export class DirectLinks implements DirectAttempts {
  readonly #core: Core
  readonly #port: DirectPort
  readonly #paths: Paths
  readonly #feed: ChangeFeed
  readonly #listeners: LinkListener[] = []
  readonly #dials = new Map<DeviceId, Dial>()
  /** Links of peers that are no contact yet: takers of an invite. */
  readonly #unbound = new Map<string, DirectLink>()
  readonly #abort = new AbortController()

  constructor(core: Core, port: DirectPort, paths: Paths, feed: ChangeFeed) {
    this.#core = core
    this.#port = port
    this.#paths = paths
    this.#feed = feed
  }

  listen(listener: LinkListener): void {
    this.#listeners.push(listener)
  }

  isAllowed(peerKey: Uint8Array): boolean {
    const contact = this.#core.store.contacts.byPeerKey(peerKey)
    return contact !== null && !contact.blocked
  }

  onLink(link: DirectLink): void {
    const device = this.#deviceOf(link.peerKey)
    if (device === null) {
      this.#unbound.set(toBase64Url(link.peerKey), link)
      return
    }
    this.#bind(device, link)
  }

  onLinkClosed(link: DirectLink): void {
    this.#unbound.delete(toBase64Url(link.peerKey))
    const device = this.#deviceOf(link.peerKey)
    if (device === null || !this.#paths.dropLink(device.deviceId, link)) return
    this.#feed.contact(device.contactId)
    for (const listener of this.#listeners) listener.onNoDirectPath(device.deviceId)
    this.#retryLater(device.contactId, device.deviceId, this.#dial(device.deviceId))
  }

  /** A contact was made or got devices: links that were waiting for that become theirs. */
  bindNew(contactId: ContactId): void {
    for (const device of this.#core.store.contacts.devices(contactId)) {
      const link = this.#unbound.get(toBase64Url(device.peerKey))
      if (link !== undefined) this.#bind(device, link)
      else this.attempt(contactId, device.deviceId)
    }
    this.refreshLan()
  }

  /** Blocked or gone: what is open to them is closed. */
  closeLinks(contactId: ContactId): void {
    for (const link of this.#paths.linksOf(contactId)) void link.close()
  }

  #bind(device: ContactDeviceRecord, link: DirectLink): void {
    this.#unbound.delete(toBase64Url(link.peerKey))
    const dial = this.#dial(device.deviceId)
    dial.attempt = 0
    dial.failedAtMs = null
    dial.cancelRetry?.()
    dial.cancelRetry = null
    this.#paths.setLink(device.contactId, device.deviceId, link)
    this.#core.store.transaction(() => {
      this.#core.store.contacts.update(device.contactId, { lastSeenAtMs: this.#core.clock.nowMs() })
      this.#feed.contact(device.contactId)
    })
    for (const listener of this.#listeners) listener.onLink(device.deviceId, device.contactId)
  }

  #deviceOf(peerKey: Uint8Array): ContactDeviceRecord | null {
    const contact = this.#core.store.contacts.byPeerKey(peerKey)
    if (contact === null || contact.blocked) return null
    const key = toBase64Url(peerKey)
    return (
      this.#core.store.contacts.devices(contact.contactId).find((device) => toBase64Url(device.peerKey) === key) ?? null
    )
  }

  /** Dials every contact's devices: at start and when the network changed. */
  attemptAll(): void {
    for (const contact of this.#core.store.contacts.list()) {
      if (contact.blocked) continue
      for (const { deviceId } of this.#core.store.contacts.devices(contact.contactId)) {
        const dial = this.#dial(deviceId)
        dial.failedAtMs = null
        dial.attempt = 0
        if (this.#paths.link(deviceId) === null) this.attempt(contact.contactId, deviceId)
      }
    }
  }

  /** The other side gave a sign of life: a direct path may be there again. */
  heardFrom(contactId: ContactId): void {
    for (const { deviceId } of this.#core.store.contacts.devices(contactId)) {
      if (this.#paths.link(deviceId) === null && !this.#failedWithin(deviceId, QUIET_AFTER_FAILURE_MS)) {
        this.#startDial(contactId, deviceId)
      }
    }
  }

  /** A dial goes on in the background whatever this says; messages wait for it only while there is hope. */
  attempt(contactId: ContactId, deviceId: DeviceId): boolean {
    if (this.#failedWithin(deviceId, NO_HOPE_MS)) return false
    return this.#startDial(contactId, deviceId)
  }

  #failedWithin(deviceId: DeviceId, withinMs: number): boolean {
    const { failedAtMs } = this.#dial(deviceId)
    return failedAtMs !== null && this.#core.clock.monotonicMs() - failedAtMs < withinMs
  }

  /** False: nobody may be dialled now. */
  #startDial(contactId: ContactId, deviceId: DeviceId): boolean {
    if (this.#abort.signal.aborted || this.#core.store.settings.get().hideAddress) return false
    const dial = this.#dial(deviceId)
    if (dial.running) return true
    const contact = this.#core.store.contacts.get(contactId)
    const device = this.#core.store.contacts.devices(contactId).find((item) => item.deviceId === deviceId)
    if (contact === null || contact.blocked || device === undefined) return false
    dial.running = true
    dial.cancelRetry?.()
    dial.cancelRetry = null
    void this.#connect(device, profileOf(contact).addresses, dial)
    return true
  }

  async #connect(device: ContactDeviceRecord, addresses: readonly string[], dial: Dial): Promise<void> {
    const timeout = new AbortController()
    const cancel = this.#core.clock.after(DIAL_TIMEOUT_MS, () => {
      timeout.abort()
    })
    try {
      const link = await this.#port.connect(
        device.peerKey,
        addresses,
        AbortSignal.any([timeout.signal, this.#abort.signal]),
      )
      dial.running = false
      if (this.#paths.link(device.deviceId) !== link && !link.closed) this.onLink(link)
    } catch (error) {
      dial.running = false
      if (!isParleyError(error)) throw error
      if (this.#abort.signal.aborted) return
      dial.failedAtMs = this.#core.clock.monotonicMs()
      this.#retryLater(device.contactId, device.deviceId, dial)
      for (const listener of this.#listeners) listener.onNoDirectPath(device.deviceId)
    } finally {
      cancel()
    }
  }

  #retryLater(contactId: ContactId, deviceId: DeviceId, dial: Dial): void {
    if (this.#abort.signal.aborted) return
    dial.cancelRetry?.()
    const spread = (this.#core.crypto.random(1)[0] ?? 0) / 255
    dial.cancelRetry = this.#core.clock.after(backoffMs(dial.attempt, DIRECT_RETRY, spread), () => {
      dial.cancelRetry = null
      if (this.#paths.link(deviceId) === null) this.#startDial(contactId, deviceId)
    })
    dial.attempt += 1
  }

  #dial(deviceId: DeviceId): Dial {
    const known = this.#dials.get(deviceId)
    if (known !== undefined) return known
    const dial: Dial = { running: false, attempt: 0, failedAtMs: null, cancelRetry: null }
    this.#dials.set(deviceId, dial)
    return dial
  }

  refreshLan(): void {
    const { store, crypto } = this.#core
    this.#port.setLanContacts(
      store.contacts
        .list()
        .filter((contact) => !contact.blocked)
        .map((contact) => ({
          secret: lanSecret(crypto, contact.ownDeliverySecret, profileOf(contact).deliverySecret),
          peerKeys: store.contacts.devices(contact.contactId).map((device) => device.peerKey),
        })),
    )
  }

  stop(): void {
    this.#abort.abort()
    for (const dial of this.#dials.values()) dial.cancelRetry?.()
  }
}
