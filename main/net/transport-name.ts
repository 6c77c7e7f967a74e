import type { DirectTransport } from '../../shared/model/chat.ts'

/** Which transport carries a connection, read off the address that it really uses. */
export function transportOf(remoteAddress: string): DirectTransport {
  if (remoteAddress.includes('/webrtc')) return 'webrtc'
  if (remoteAddress.includes('/p2p-circuit')) return 'circuit'
  if (remoteAddress.includes('/quic')) return 'quic'
  if (remoteAddress.includes('/ws') || remoteAddress.includes('/wss')) return 'websocket'
  return 'tcp'
}

/** Lower is better: a link over a better transport replaces one over a worse. */
export function transportRank(transport: DirectTransport): number {
  switch (transport) {
    case 'quic':
      return 0
    case 'tcp':
      return 1
    case 'websocket':
      return 2
    case 'webrtc':
      return 3
    case 'circuit':
      return 4
  }
}
