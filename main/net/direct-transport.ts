/** Direct delivery over libp2p (docs/protocol/direct.md). Runs the node under the present settings and starts it anew when they change. */

import type { MulticastDNS } from 'multicast-dns'
import type { DirectHandlers, DirectLink, DirectPort, DirectSettings, InviteAnswer } from '../ports/direct.ts'
import type { Clock, Logger } from '../ports/runtime.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { CircuitRelay } from './circuits.ts'
import { DirectRun } from './direct-run.ts'
import { LanAnnouncement } from './lan-announcement.ts'
import type { LanContact } from './lan-announcement.ts'
import { isLoopback } from './multiaddrs.ts'

const LAN_DIAL_WITHIN_MS = 5_000

export interface DirectTransportOptions {
  readonly clock: Clock
  readonly log?: Logger
  /** From 0 to 1: spreads retries. */
  readonly random?: () => number
  /** Tests bring their own; the default speaks on the machine's interfaces. */
  readonly makeMulticast?: () => MulticastDNS
}

const SILENT: Logger = { info: () => undefined, warn: () => undefined }

export function createDirectTransport(options: DirectTransportOptions): DirectPort {
  return new DirectLibp2p(options)
}

class DirectLibp2p implements DirectPort {
  readonly #options: DirectTransportOptions
  #peerSecretKey: Uint8Array | null = null
  #handlers: DirectHandlers | null = null
  #settings: DirectSettings | null = null
  #run: DirectRun | null = null
  #lan: LanAnnouncement | null = null
  #relays: readonly CircuitRelay[] = []
  #lanContacts: readonly LanContact[] = []
  /** Starting, changing and stopping one after the other. */
  #turn: Promise<void> = Promise.resolve()

  constructor(options: DirectTransportOptions) {
    this.#options = options
  }

  start(peerSecretKey: Uint8Array, settings: DirectSettings, handlers: DirectHandlers): Promise<void> {
    this.#peerSecretKey = peerSecretKey
    this.#handlers = handlers
    return this.#inTurn(() => this.#startRun(settings))
  }

  configure(settings: DirectSettings): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#settings === null || JSON.stringify(settings) === JSON.stringify(this.#settings)) return
      await this.#stopRun()
      await this.#startRun(settings)
    })
  }

  stop(): Promise<void> {
    return this.#inTurn(() => this.#stopRun())
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    const result = this.#turn.then(action)
    this.#turn = result.catch(() => undefined)
    return result
  }

  async #startRun(settings: DirectSettings): Promise<void> {
    const [peerSecretKey, handlers] = [this.#peerSecretKey, this.#handlers]
    if (peerSecretKey === null || handlers === null) throw new Error('the direct transport has not been started')
    this.#settings = settings
    // nothing to be found at, nothing that dials: the address cannot leak
    if (settings.hideAddress) return
    const { clock, log, random } = this.#options
    this.#run = await DirectRun.start({
      peerSecretKey,
      settings,
      clock,
      log: log ?? SILENT,
      random: random ?? Math.random,
      handlers: {
        isAllowed: (peerKey) => handlers.isAllowed(peerKey),
        acceptsStrangers: () => handlers.acceptsStrangers(),
        onLink: (link) => {
          handlers.onLink(link)
        },
        onLinkClosed: (link) => {
          handlers.onLinkClosed(link)
        },
        onEnvelope: (link, envelope) => handlers.onEnvelope(link, envelope),
        onEphemeral: (link, envelope) => {
          handlers.onEphemeral(link, envelope)
        },
        openBlob: (blobId, capability, offset) => handlers.openBlob(blobId, capability, offset),
        takeInvite: (slotId, takerNonce) => handlers.takeInvite(slotId, takerNonce),
        onAddressesChanged: (addresses) => {
          this.#lan?.refresh()
          handlers.onAddressesChanged(addresses)
        },
      },
    })
    this.#startLan(settings)
    await this.#run.useCircuits(this.#relays)
  }

  #startLan(settings: DirectSettings): void {
    // who listens on this machine only has nothing to announce to the network
    if (!settings.findOnLan || settings.listen.every(isLoopback)) return
    const { clock, random, makeMulticast } = this.#options
    this.#lan = new LanAnnouncement({
      clock,
      random: random ?? Math.random,
      addresses: () => this.addresses(),
      onFound: (peerKey, addresses) => {
        void this.#tryLan(peerKey, addresses)
      },
      ...(makeMulticast === undefined ? {} : { makeMulticast }),
    })
    this.#lan.setContacts(this.#lanContacts)
  }

  async #tryLan(peerKey: Uint8Array, addresses: readonly string[]): Promise<void> {
    try {
      await this.connect(peerKey, addresses, AbortSignal.timeout(LAN_DIAL_WITHIN_MS))
    } catch {
      // an announcement proves nothing: it may be old, or a copy of somebody else's
    }
  }

  async #stopRun(): Promise<void> {
    this.#lan?.stop()
    this.#lan = null
    const run = this.#run
    this.#run = null
    await run?.stop()
  }

  #running(): DirectRun {
    if (this.#run === null) throw new ParleyError('unreachable', 'no direct path is wanted')
    return this.#run
  }

  addresses(): readonly string[] {
    return this.#run?.addresses ?? []
  }

  async connect(peerKey: Uint8Array, addresses: readonly string[], signal: AbortSignal): Promise<DirectLink> {
    return this.#running().connect(peerKey, [...addresses, ...(this.#lan?.addressesOf(peerKey) ?? [])], signal)
  }

  async useCircuits(relays: readonly CircuitRelay[]): Promise<void> {
    this.#relays = relays
    await this.#run?.useCircuits(relays)
  }

  async takeInvite(addresses: readonly string[], slotId: Uint8Array, takerNonce: Uint8Array): Promise<InviteAnswer> {
    return this.#running().takeInvite(addresses, { slotId, takerNonce })
  }

  setLanContacts(contacts: readonly LanContact[]): void {
    this.#lanContacts = contacts
    this.#lan?.setContacts(contacts)
  }
}
