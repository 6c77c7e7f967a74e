/** Where this relay answers, as it is told to people and as it is signed for their programs. */

import type { Libp2p } from '@libp2p/interface'
import { concatBytes } from '../shared/wire/bytes.ts'
import { frontEndsBytes, frontEndsToSign } from '../shared/wire/relay-signed.ts'
import type { RelayKey } from './relay-key.ts'

const MAX_ADDRESSES = 8

/** Multiaddrs without PeerId, likely ones first. */
export function bareAddresses(node: Libp2p): readonly string[] {
  const all = node.getMultiaddrs().map((address) => address.toString().replace(/\/p2p\/[^/]+$/, ''))
  const direct = [...new Set(all)].filter((address) => !address.includes('/p2p-circuit'))
  return direct.sort((a, b) => rank(a) - rank(b)).slice(0, MAX_ADDRESSES)
}

/** TCP first: it gets through everywhere. Loopback and link-local last. */
function rank(address: string): number {
  const near = /^\/ip4\/127\.|^\/ip6\/::1\/|^\/ip6\/fe80/.test(address) ? 10 : 0
  return near + (address.includes('/quic') ? 1 : 0) + (address.includes('/ws') ? 2 : 0)
}

/** The version grows with time: a newer list replaces an older one. */
export function signedFrontEnds(key: RelayKey, node: Libp2p, nowMs: number): Uint8Array {
  const body = frontEndsBytes({
    relayId: key.relayId,
    version: Math.floor(nowMs / 1000),
    peers: [node.peerId.toString()],
    addresses: bareAddresses(node),
  })
  return concatBytes(body, key.sign(frontEndsToSign(body)))
}
