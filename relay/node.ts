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
import { MAILBOX_PROTOCOL } from '../shared/wire/relay-requests.ts'
import { AddressLimits } from './address-limits.ts'
import type { RelayConfig } from './config.ts'
import { loadQuic } from './quic.ts'

const MAILBOX_STREAMS_A_CONNECTION = 2
const BLOB_STREAMS_A_CONNECTION = 8
/** What a stream may buffer here while it is not read. */
const STREAM_WINDOW_BYTES = 1024 * 1024
/** Of all addresses together. */
const HANDSHAKES = 2_000
/** Finds dead connections; each open one costs a ping. */
const PING_EVERY_MS = 60_000

export interface RelayHandlers {
  onMailboxStream(stream: Stream, connection: Connection, node: Libp2p): void
  onBlobStream(stream: Stream): void
}

export async function startNode(
  seed: Uint8Array,
  config: RelayConfig,
  now: () => number,
  handlers: RelayHandlers,
): Promise<Libp2p> {
  const quic = await loadQuic()
  const limits = new AddressLimits(config, now)
  const node = await createLibp2p({
    start: false,
    privateKey: await generateKeyPairFromSeed('Ed25519', seed),
    addresses: {
      listen: config.listen.filter((address) => quic !== null || !address.includes('/quic')),
      ...(config.announce.length === 0 ? {} : { announce: config.announce }),
    },
    transports: [tcp(), webSockets(), ...(quic === null ? [] : [quic()])],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES } })],
    connectionGater: {
      denyInboundConnection: (connection) => !limits.begins(connection),
      denyInboundUpgradedConnection: (_peer, connection) => {
        limits.stands(connection)
        return false
      },
    },
    connectionMonitor: { pingInterval: PING_EVERY_MS },
    connectionManager: {
      maxConnections: config.maxConnections,
      // libp2p's five a second would turn away people behind one address.
      inboundConnectionThreshold: config.newConnectionsPerSecondPerAddress,
      // One address reaches its own limit long before.
      maxIncomingPendingConnections: HANDSHAKES,
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
  await handle(node, handlers)
  await node.start()
  return node
}

async function handle(node: Libp2p, handlers: RelayHandlers): Promise<void> {
  await node.handle(
    MAILBOX_PROTOCOL,
    (stream, connection) => {
      handlers.onMailboxStream(stream, connection, node)
    },
    { maxInboundStreams: MAILBOX_STREAMS_A_CONNECTION },
  )
  await node.handle(
    BLOB_PROTOCOL,
    (stream) => {
      handlers.onBlobStream(stream)
    },
    { maxInboundStreams: BLOB_STREAMS_A_CONNECTION },
  )
}
