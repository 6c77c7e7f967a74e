/** The device's libp2p node: the transports that are wanted and load, and nothing that talks to others by itself. */

import './promise-with-resolvers.ts'
import './web-socket.ts'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { dcutr } from '@libp2p/dcutr'
import { identify } from '@libp2p/identify'
import { FaultTolerance } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'
import type { Connection, ConnectionGater, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { DirectSettings } from '../ports/direct.ts'
import { transportOf } from './multiaddrs.ts'
import { loadQuic } from './quic.ts'
import { loadWebRtc } from './webrtc.ts'

const MAX_CONNECTIONS = 512
/** From one address. A household, or two networks behind one router, may come back at the same instant. */
const CONNECTIONS_A_SECOND = 20
const MAX_UNFINISHED_INBOUND = 32
const UPGRADE_WITHIN_MS = 10_000
/** Finds a relay that is gone; links look after themselves. */
const PING_INTERVAL_MS = 30_000

/** libp2p's own dial queue joins dials to the same peer and tries addresses one after the other; a race needs each by itself. */
interface Paths {
  readonly dial: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>
  readonly listen: (address: Multiaddr) => Promise<void>
  /** libp2p's own list leaves out public addresses that nobody confirmed; a race tries them anyway. */
  readonly listening: () => readonly Multiaddr[]
}

interface PathComponents {
  readonly transportManager: {
    dial(address: Multiaddr, options: { readonly signal: AbortSignal }): Promise<Connection>
    listen(addresses: Multiaddr[]): Promise<void>
    getAddrs(): Multiaddr[]
  }
}

export interface DirectNode extends Paths {
  readonly libp2p: Libp2p
}

export interface NodeOptions {
  readonly peerSecretKey: Uint8Array
  readonly settings: DirectSettings
  readonly gater: ConnectionGater
}

export async function startNode({ peerSecretKey, settings, gater }: NodeOptions): Promise<DirectNode> {
  const wants = (...some: DirectSettings['transports']): boolean =>
    some.some((transport) => settings.transports.includes(transport))
  // a circuit, and the signalling of WebRTC, go over whatever reaches the relay
  const throughRelays = wants('circuit', 'webrtc')
  const quic = wants('quic') || throughRelays ? await loadQuic() : null
  const webRTC = wants('webrtc') ? await loadWebRtc() : null
  const libp2p = await createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', peerSecretKey),
    nodeInfo: { name: 'parley', version: '1', userAgent: 'parley' },
    addresses: { listen: settings.listen.filter((address) => wantsListener(address, settings)) },
    transportManager: { faultTolerance: FaultTolerance.NO_FATAL },
    transports: [
      tcp(),
      webSockets(),
      ...(quic === null ? [] : [quic()]),
      ...(throughRelays ? [circuitRelayTransport()] : []),
      // an empty list: without it libp2p asks public STUN servers
      ...(webRTC === null ? [] : [webRTC({ rtcConfiguration: { iceServers: [] } })]),
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: gater,
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      inboundConnectionThreshold: CONNECTIONS_A_SECOND,
      maxIncomingPendingConnections: MAX_UNFINISHED_INBOUND,
      inboundUpgradeTimeout: UPGRADE_WITHIN_MS,
      reconnectRetries: 0,
    },
    connectionMonitor: { pingInterval: PING_INTERVAL_MS },
    services: {
      identify: identify(),
      ping: ping(),
      ...(throughRelays && wants('quic', 'tcp', 'websocket') ? { dcutr: dcutr() } : {}),
      paths: pathsService,
    },
  })
  return { libp2p, ...libp2p.services.paths }
}

function pathsService({ transportManager }: PathComponents): Paths {
  return {
    dial: (address, signal) => transportManager.dial(address, { signal }),
    listen: (address) => transportManager.listen([address]),
    listening: () => transportManager.getAddrs(),
  }
}

function wantsListener(address: string, settings: DirectSettings): boolean {
  const transport = transportOf(address)
  return transport !== null && settings.transports.includes(transport)
}
