/** The device's libp2p node: the transports that are wanted and load, and a gater that lets in whom the services know. */

import './promise-with-resolvers.ts'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { dcutr } from '@libp2p/dcutr'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'
import type { Libp2p, PeerId } from '@libp2p/interface'
import type { DirectSettings } from '../ports/direct.ts'
import type { DirectTransport } from '../../shared/model/chat.ts'
import { loadQuic } from './quic.ts'

const MAX_CONNECTIONS = 400
const CONNECTIONS_A_SECOND = 50

export interface NodeOptions {
  readonly peerSecretKey: Uint8Array
  readonly settings: DirectSettings
  /** Asked once an inbound peer has proven its key. */
  readonly admits: (peer: PeerId) => boolean
}

export async function startDirectNode({ peerSecretKey, settings, admits }: NodeOptions): Promise<Libp2p> {
  const wanted = (transport: DirectTransport): boolean => settings.transports.includes(transport)
  const quic = wanted('quic') ? await loadQuic() : null
  const webRTC = wanted('webrtc') ? await loadWebRtc() : null
  return createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', peerSecretKey),
    addresses: { listen: listenAddresses(settings, { quic: quic !== null, webRTC: webRTC !== null }) },
    transports: [
      // A relay is always reached over TCP or WebSocket, whatever the messages go over.
      tcp(),
      webSockets(),
      circuitRelayTransport(),
      ...(quic === null ? [] : [quic()]),
      ...(webRTC === null ? [] : [webRTC()]),
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: {
      // Contacts on the same network have private addresses.
      denyDialMultiaddr: () => false,
      denyInboundEncryptedConnection: (peer) => !admits(peer),
    },
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      inboundConnectionThreshold: CONNECTIONS_A_SECOND,
      reconnectRetries: 0,
    },
    services: { identify: identify(), ping: ping(), ...(settings.hideAddress ? {} : { dcutr: dcutr() }) },
  })
}

function listenAddresses(
  settings: DirectSettings,
  loaded: { readonly quic: boolean; readonly webRTC: boolean },
): string[] {
  if (settings.hideAddress) return settings.transports.includes('circuit') ? ['/p2p-circuit'] : []
  const own = settings.listen.filter((address) => {
    if (address.includes('/quic')) return loaded.quic
    if (address.includes('/ws')) return settings.transports.includes('websocket')
    return settings.transports.includes('tcp')
  })
  const circuit = settings.transports.includes('circuit') || settings.transports.includes('webrtc')
  return [...own, ...(circuit ? ['/p2p-circuit'] : []), ...(loaded.webRTC ? ['/webrtc'] : [])]
}

/** Null where its add-on does not load. */
async function loadWebRtc() {
  try {
    return (await import('@libp2p/webrtc')).webRTC
  } catch {
    return null
  }
}
