import { afterAll, beforeAll } from 'vitest'
import type { DirectTransport } from '../../shared/model/chat.ts'
import { directPortContract } from '../ports/contract-tests/direct-port.ts'
import type { DirectSettings } from '../ports/direct.ts'
import { systemClock } from '../runtime/system-clock.ts'
import { createDirectTransport } from './direct-transport.ts'
import { startPlainRelay } from './testing/plain-relay.ts'

const settings = (transport: DirectTransport, ...listen: readonly string[]): DirectSettings => ({
  hideAddress: false,
  findOnLan: false,
  transports: [transport],
  listen,
})
const makePort = () => createDirectTransport({ clock: systemClock })

let relay: Awaited<ReturnType<typeof startPlainRelay>>
beforeAll(async () => {
  relay = await startPlainRelay()
})
afterAll(async () => {
  await relay.node.stop()
})
const relays = () => [{ addresses: relay.addresses }]

directPortContract({ transport: 'quic', settings: settings('quic', '/ip4/127.0.0.1/udp/0/quic-v1'), makePort })
directPortContract({ transport: 'tcp', settings: settings('tcp', '/ip4/127.0.0.1/tcp/0'), makePort })
directPortContract({ transport: 'websocket', settings: settings('websocket', '/ip4/127.0.0.1/tcp/0/ws'), makePort })
directPortContract({ transport: 'circuit', settings: settings('circuit'), makePort, relays })
directPortContract({ transport: 'webrtc', settings: settings('webrtc'), makePort, relays })
