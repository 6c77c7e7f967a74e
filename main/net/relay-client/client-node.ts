/** A libp2p node that only dials: no listeners, a random key, nothing that tells it from others. */

import '../promise-with-resolvers.ts'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Connection, Libp2p } from '@libp2p/interface'
import { ParleyError } from '../../../shared/errors.ts'
import { networkFailure } from '../failure.ts'
import { loadQuic } from '../quic.ts'

export const DIAL_WITHIN_MS = 8_000

export async function startClientNode(): Promise<Libp2p> {
  const quic = await loadQuic()
  return createLibp2p({
    addresses: { listen: [] },
    transports: [tcp(), webSockets(), ...(quic === null ? [] : [quic()])],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { reconnectRetries: 0 },
    services: { identify: identify(), ping: ping() },
  })
}

/** All addresses at once; the first that stands is kept, the others are closed. @throws unreachable | timeout */
export async function dialFirst(node: Libp2p, addresses: readonly string[]): Promise<Connection> {
  if (addresses.length === 0) throw new ParleyError('unreachable', 'no address')
  const others = new AbortController()
  const signal = AbortSignal.any([others.signal, AbortSignal.timeout(DIAL_WITHIN_MS)])
  const dials = addresses.map((address) => dial(node, address, signal))
  try {
    const first = await Promise.any(dials)
    others.abort()
    for (const dialled of dials) {
      void dialled.then(
        (connection) => (connection === first || connection.id === first.id ? undefined : connection.close()),
        () => undefined,
      )
    }
    return first
  } catch (error) {
    const [reason] = error instanceof AggregateError ? error.errors : [error]
    throw networkFailure(reason)
  }
}

async function dial(node: Libp2p, address: string, signal: AbortSignal): Promise<Connection> {
  return node.dial(multiaddr(address), { signal, force: true })
}
