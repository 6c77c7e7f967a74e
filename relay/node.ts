/** The relay's libp2p node: mailboxes and blobs beside circuit relay v2, identify, ping and AutoNAT. */

import { autoNAT } from '@libp2p/autonat'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { BLOB_PROTOCOL } from '../shared/wire/blob-stream.ts'
import { MAILBOX_PROTOCOL } from '../shared/wire/relay-frames.ts'
import type { RelayConfig } from './config.ts'

const STREAMS_A_CONNECTION = 32

export interface RelayHandlers {
  onMailboxStream(stream: Stream, connection: Connection): void
  onBlobStream(stream: Stream): void
}

export async function startNode(seed: Uint8Array, config: RelayConfig, handlers: RelayHandlers): Promise<Libp2p> {
  const quic = await loadQuic()
  const listen = config.listen.filter((address) => quic !== null || !address.includes('/quic'))
  const node = await createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', seed),
    addresses: { listen, appendAnnounce: config.announce },
    transports: [tcp(), webSockets(), ...(quic === null ? [] : [quic()])],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: {
      maxConnections: config.maxConnections,
      // libp2p's five a second would turn away people behind one address.
      inboundConnectionThreshold: config.connectionsPerSecond,
      maxIncomingPendingConnections: config.connectionsPerSecond,
    },
    services: {
      identify: identify(),
      ping: ping(),
      autoNAT: autoNAT(),
      circuitRelay: circuitRelayServer({
        reservations: {
          maxReservations: config.circuitReservations,
          defaultDurationLimit: config.circuitMinutes * 60_000,
          defaultDataLimit: BigInt(config.circuitBytes),
        },
      }),
    },
  })
  await node.handle(
    MAILBOX_PROTOCOL,
    (stream, connection) => {
      handlers.onMailboxStream(stream, connection)
    },
    { maxInboundStreams: STREAMS_A_CONNECTION },
  )
  await node.handle(
    BLOB_PROTOCOL,
    (stream) => {
      handlers.onBlobStream(stream)
    },
    { maxInboundStreams: STREAMS_A_CONNECTION },
  )
  return node
}

/** Null where its add-on does not load: TCP and WebSocket carry on. */
async function loadQuic() {
  try {
    return (await import('@chainsafe/libp2p-quic')).quic
  } catch {
    return null
  }
}
