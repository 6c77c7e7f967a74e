/** Who may connect: contacts' devices, and strangers only while an invite asks for them, within a small budget. */

import type { ConnectionGater, PeerId } from '@libp2p/interface'
import type { DirectHandlers } from '../ports/direct.ts'
import type { Clock } from '../ports/runtime.ts'
import { peerKeyOf } from './peer-keys.ts'

/** Streams of strangers in a minute, for each address. */
export const STRANGER_STREAMS_A_MINUTE = 4
const MINUTE_MS = 60_000
/** Addresses remembered at once; beyond that nobody new is let in. */
const MAX_ADDRESSES = 1_024

export type Admission = 'contact' | 'stranger' | 'refused'

export function admissionOf(peerId: PeerId, handlers: DirectHandlers): Admission {
  const peerKey = peerKeyOf(peerId)
  if (peerKey === null) return 'refused'
  if (handlers.isAllowed(peerKey)) return 'contact'
  return handlers.acceptsStrangers() ? 'stranger' : 'refused'
}

export function createGater(handlers: DirectHandlers): ConnectionGater {
  const refused = (peerId: PeerId): boolean => admissionOf(peerId, handlers) === 'refused'
  return {
    // people on the same network have private addresses, and libp2p's own default refuses some
    denyDialMultiaddr: () => false,
    denyInboundEncryptedConnection: (peerId) => refused(peerId),
    denyInboundRelayedConnection: (_relay, peerId) => refused(peerId),
  }
}

/** Counts what strangers ask for by the address they come from. */
export class StrangerBudget {
  readonly #clock: Clock
  readonly #spent = new Map<string, number[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** True: this stream may be served. */
  take(remoteAddress: string): boolean {
    const nowMs = this.#clock.monotonicMs()
    this.#forget(nowMs - MINUTE_MS)
    const host = hostOf(remoteAddress)
    const times = this.#spent.get(host) ?? []
    if (times.length >= STRANGER_STREAMS_A_MINUTE) return false
    if (!this.#spent.has(host) && this.#spent.size >= MAX_ADDRESSES) return false
    this.#spent.set(host, [...times, nowMs])
    return true
  }

  #forget(beforeMs: number): void {
    for (const [host, times] of this.#spent) {
      const recent = times.filter((time) => time > beforeMs)
      if (recent.length === 0) this.#spent.delete(host)
      else if (recent.length < times.length) this.#spent.set(host, recent)
    }
  }
}

/** An IPv6 host owns its whole /64. Through a circuit all come from the relay. */
function hostOf(address: string): string {
  const [, family = '', host = ''] = address.split('/')
  if (family !== 'ip6') return `${family}/${host}`
  return `ip6/${host.split('::')[0]?.split(':').slice(0, 4).join(':') ?? ''}`
}
