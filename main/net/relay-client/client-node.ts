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
/** What a stream may buffer while nobody reads it; libp2p aborts one at 4 MiB. */
const STREAM_WINDOW_BYTES = 2 * 1024 * 1024

export async function startClientNode(): Promise<Libp2p> {
  const quic = await loadQuic()
  return createLibp2p({
    addresses: { listen: [] },
    transports: [tcp(), webSockets(), ...(quic === null ? [] : [quic()])],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES } })],
    connectionManager: { reconnectRetries: 0 },
    services: { identify: identify(), ping: ping() },
  })
}

/**
 * All addresses at once; the first whose connection passes `accept` is kept, the others are closed.
 * @throws relay-lying where somebody answered and failed `accept` in that way; unreachable | timeout
 */
export async function dialFirst<T>(
  node: Libp2p,
  addresses: readonly string[],
  accept: (connection: Connection) => Promise<T>,
): Promise<T> {
  if (addresses.length === 0) throw new ParleyError('unreachable', 'no address')
  const others = new AbortController()
  const signal = AbortSignal.any([others.signal, AbortSignal.timeout(DIAL_WITHIN_MS)])
  let winner: T | null = null
  const attempts = addresses.map(async (address) => {
    const connection = await dial(node, address, signal)
    try {
      const accepted = await accept(connection)
      if (winner !== null) throw new ParleyError('cancelled')
      winner = accepted
      return accepted
    } catch (error) {
      // It ends by itself; who waits for the first one does not wait for this.
      connection.abort(error instanceof Error ? error : new Error('not accepted'))
      throw error
    }
  })
  try {
    const first = await Promise.any(attempts)
    others.abort()
    return first
  } catch (error) {
    throw worthiest(error instanceof AggregateError ? error.errors : [error])
  }
}

/** What is most worth telling: that somebody lied, then a refusal, then a timeout. */
function worthiest(errors: readonly unknown[]): ParleyError {
  const failures = errors.map(networkFailure)
  const told =
    failures.find((failure) => failure.code === 'relay-lying') ??
    failures.find((failure) => failure.code !== 'unreachable' && failure.code !== 'timeout') ??
    failures.find((failure) => failure.code === 'timeout') ??
    failures[0]
  return told ?? new ParleyError('unreachable')
}

async function dial(node: Libp2p, address: string, signal: AbortSignal): Promise<Connection> {
  try {
    return await node.dial(multiaddr(address), { signal, force: true })
  } catch (error) {
    throw networkFailure(error)
  }
}
