/** What an address says about the way to a device. */

import type { Multiaddr } from '@multiformats/multiaddr'
import type { DirectTransport } from '../../shared/model/chat.ts'

const CIRCUIT = '/p2p-circuit'

/** Null: a transport that Parley does not speak. */
export function transportOf(address: string): DirectTransport | null {
  if (/\/webrtc(\/|$)/.test(address)) return 'webrtc'
  if (address.includes(CIRCUIT)) return 'circuit'
  if (address.includes('/quic-v1')) return 'quic'
  if (/\/wss?(\/|$)/.test(address)) return 'websocket'
  return /\/tcp\/\d+(\/p2p\/[^/]+)?$/.test(address) ? 'tcp' : null
}

export function isLoopback(address: string): boolean {
  return /^\/ip4\/127\.|^\/ip6\/(::1|0:0:0:0:0:0:0:1)\//.test(address)
}

/** Good on one link only, and meaningless without its zone. */
function isLinkLocal(address: string): boolean {
  return /^\/ip6\/fe[89ab]/i.test(address) || address.startsWith('/ip4/169.254.') || address.includes('/ip6zone/')
}

const ORDER: readonly DirectTransport[] = ['quic', 'tcp', 'websocket', 'circuit']

/**
 * Own addresses as others are told them: without the own PeerId, likely ones first, at most `max`.
 * Loopback only where there is nothing else.
 */
export function ownAddresses(listening: readonly Multiaddr[], ownPeerId: string, max: number): readonly string[] {
  const ending = `/p2p/${ownPeerId}`
  const all = [
    ...new Set(
      listening
        .map((address) => address.toString())
        .map((text) => (text.endsWith(ending) ? text.slice(0, -ending.length) : text))
        .filter((text) => !isLinkLocal(text)),
    ),
  ]
  const direct = all.filter((text) => rank(text) < rank(CIRCUIT))
  const outside = direct.filter((text) => !isLoopback(text))
  const circuits = all.filter((text) => transportOf(text) === 'circuit')
  const chosen = [...(outside.length > 0 ? outside : direct), ...circuits]
  return chosen.sort((a, b) => rank(a) - rank(b) || family(a) - family(b)).slice(0, max)
}

function rank(text: string): number {
  const transport = transportOf(text)
  const place = transport === null ? -1 : ORDER.indexOf(transport)
  return place === -1 ? ORDER.length : place
}

function family(text: string): number {
  return text.startsWith('/ip6/') ? 1 : 0
}
