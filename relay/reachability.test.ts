/** A js-libp2p node that knows nothing of Parley: it dials the relay, identifies, pings, reserves, and is reached through it. */

import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { noise } from '@chainsafe/libp2p-noise'
import { quic } from '@chainsafe/libp2p-quic'
import { yamux } from '@chainsafe/libp2p-yamux'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
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

async function stockNode(listen: readonly string[] = [], announce: readonly string[] = []) {
  const node = await createLibp2p({
    addresses: { listen: [...listen], appendAnnounce: [...announce] },
    transports: [tcp(), webSockets(), quic(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping(), dcutr: dcutr() },
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
    const stock = ['/libp2p/circuit/relay/0.2.0/hop', '/libp2p/autonat/1.0.0', '/ipfs/id/1.0.0', '/ipfs/ping/1.0.0']
    for (const protocol of [MAILBOX_PROTOCOL, BLOB_PROTOCOL, ...stock]) expect(protocols).toContain(protocol)
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Resolves when `node` has a connection to that peer that no relay carries. */
async function direct(node: Libp2p, peer: PeerId): Promise<Connection> {
  const found = (): Connection | undefined =>
    node.getConnections(peer).find(({ remoteAddr }) => !remoteAddr.toString().includes('/p2p-circuit'))
  for (let connection = found(); ; connection = found()) {
    if (connection !== undefined) return connection
    await new Promise<void>((resolve) => {
      node.addEventListener(
        'connection:open',
        () => {
          resolve()
        },
        { once: true },
      )
    })
  }
}

/** A name stands for a public address here: DCUtR tries none that is private. */
const PUBLIC_NAME = '/dns4/localhost/tcp'

async function throughRelay(dialler: { readonly announce: string }) {
  const relay = await startRelay(['/ip4/127.0.0.1/tcp/0'])
  const [address = ''] = relay.running.addresses()
  const [port, probe] = [await freePort(), await stockNode()]
  const relayPeer = (await probe.dial(multiaddr(address))).remotePeer
  const circuit = `${address}/p2p/${relayPeer.toString()}/p2p-circuit`
  const listening = await stockNode([circuit, `/ip4/127.0.0.1/tcp/${port}`], [`${PUBLIC_NAME}/${port}`])
  const through = await reserved(listening)
  const dialling = await stockNode(['/ip4/127.0.0.1/tcp/0'], [dialler.announce])
  const connection = await dialling.dial(multiaddr(through))
  return { listening, dialling, connection }
}

test('two stock nodes that met through the circuit punch through to each other (DCUtR), each at its turn', async () => {
  const { listening, dialling, connection } = await throughRelay({ announce: `${PUBLIC_NAME}/${await freePort()}` })
  expect(connection.limits).toBeDefined()
  // The address that the dialling one told leads nowhere, so it is the other way round that works.
  const upgraded = await direct(dialling, listening.peerId)
  expect(upgraded.direction).toBe('outbound')
  expect(upgraded.limits).toBeUndefined()
})

/** Whether the relay lets it in and answers it. */
async function isLetIn(address: string): Promise<Libp2p | null> {
  const node = await stockNode()
  try {
    const { remotePeer } = await node.dial(multiaddr(address))
    await node.services.ping.ping(remotePeer)
    return node
  } catch {
    await node.stop()
    return null
  }
}

for (const [name, listen] of LISTENERS) {
  test(`${name}: an address has so many connections, and what it closed makes room`, async () => {
    const relay = await LocalRelay.start({ listen, config: { connectionsPerAddress: 2, handshakesPerAddress: 2 } })
    stops.push(() => relay.remove())
    const [address = ''] = relay.running.addresses()
    for (let round = 0; round < 2; round++) {
      const nodes: Libp2p[] = []
      // The relay hears of those that left a moment after they did.
      while (nodes.length < 2) {
        const node = await isLetIn(address)
        if (node !== null) nodes.push(node)
      }
      expect(await isLetIn(address)).toBeNull()
      for (const node of nodes) await node.stop()
    }
  })
}

test('a connection that shows no key counts as half open, until it ends', async () => {
  const relay = await LocalRelay.start({ config: { handshakesPerAddress: 2 } })
  stops.push(() => relay.remove())
  const [address = ''] = relay.running.addresses()
  const [, , host = '', , port = ''] = address.split('/')
  const silent = await Promise.all(
    [1, 2].map(async () => {
      const socket = connect(Number(port), host)
      await once(socket, 'connect')
      return socket
    }),
  )
  while ((await isLetIn(address)) !== null);
  for (const socket of silent) socket.destroy()
  while ((await isLetIn(address)) === null);
})

test('announced addresses replace those it listens on', async () => {
  const relay = await LocalRelay.start({ config: { announce: ['/dns/relay.example/tcp/443/tls/ws'] } })
  stops.push(() => relay.remove())
  expect(relay.running.addresses()).toEqual(['/dns/relay.example/tcp/443/tls/ws'])
})
