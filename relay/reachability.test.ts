/** A js-libp2p node that knows nothing of Parley: it dials the relay, identifies, pings, reserves, and is reached through it. */

import { noise } from '@chainsafe/libp2p-noise'
import { quic } from '@chainsafe/libp2p-quic'
import { yamux } from '@chainsafe/libp2p-yamux'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Libp2p } from '@libp2p/interface'
import { afterEach, expect, test } from 'vitest'
import { MAILBOX_PROTOCOL } from '../shared/wire/relay-requests.ts'
import { BLOB_PROTOCOL } from '../shared/wire/blob-stream.ts'
import { LocalRelay } from './testing/local-relay.ts'

const stops: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function startRelay(listen: readonly string[]): Promise<LocalRelay> {
  const relay = await LocalRelay.start({ config: { listen: [...listen] } })
  stops.push(() => relay.remove())
  return relay
}

async function stockNode(listen: readonly string[] = []) {
  const node = await createLibp2p({
    addresses: { listen: [...listen] },
    transports: [tcp(), webSockets(), quic(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping() },
  })
  stops.push(async () => {
    await node.stop()
  })
  return node
}

const LISTENERS = [
  ['tcp', '/ip4/127.0.0.1/tcp/0'],
  ['websocket', '/ip4/127.0.0.1/tcp/0/ws'],
  ['quic', '/ip4/127.0.0.1/udp/0/quic-v1'],
] as const

for (const [name, listen] of LISTENERS) {
  test(`${name}: dialled without its PeerId, identified and pinged`, async () => {
    const relay = await startRelay([listen])
    const [address = ''] = relay.running.addresses()
    expect(address).not.toContain('/p2p/')
    const node = await stockNode()
    const identified = new Promise<readonly string[]>((resolve) => {
      node.addEventListener('peer:identify', ({ detail }) => {
        resolve(detail.protocols)
      })
    })
    const connection = await node.dial(multiaddr(address))
    expect(await node.services.ping.ping(connection.remotePeer)).toBeGreaterThanOrEqual(0)
    const protocols = await identified
    for (const protocol of [MAILBOX_PROTOCOL, BLOB_PROTOCOL, '/libp2p/circuit/relay/0.2.0/hop', '/ipfs/ping/1.0.0']) {
      expect(protocols).toContain(protocol)
    }
  })
}

async function reserved(node: Libp2p): Promise<string> {
  const circuit = (): string | undefined =>
    node
      .getMultiaddrs()
      .map((address) => address.toString())
      .find((address) => address.includes('/p2p-circuit'))
  for (let address = circuit(); ; address = circuit()) {
    if (address !== undefined) return address
    await new Promise<void>((resolve) => {
      node.addEventListener(
        'self:peer:update',
        () => {
          resolve()
        },
        { once: true },
      )
    })
  }
}

test('a node reserves a circuit and is reached through it by another', async () => {
  const relay = await startRelay(['/ip4/127.0.0.1/tcp/0'])
  const [address = ''] = relay.running.addresses()
  const behind = await stockNode()
  const relayPeer = (await behind.dial(multiaddr(address))).remotePeer
  const listening = await stockNode([`${address}/p2p/${relayPeer.toString()}/p2p-circuit`])
  const through = await reserved(listening)
  const connection = await behind.dial(multiaddr(through))
  expect(connection.remotePeer.equals(listening.peerId)).toBe(true)
  expect(connection.limits?.bytes).toBeDefined()
  expect(await behind.services.ping.ping(listening.peerId)).toBeGreaterThanOrEqual(0)
})

test('announced addresses replace those it listens on', async () => {
  const relay = await LocalRelay.start({ config: { announce: ['/dns/relay.example/tcp/443/tls/ws'] } })
  stops.push(() => relay.remove())
  expect(relay.running.addresses()).toEqual(['/dns/relay.example/tcp/443/tls/ws'])
})
