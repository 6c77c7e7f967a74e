/** Ways to abuse a relay. Each goes on until its process is ended. */

import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Connection, Libp2p } from '@libp2p/interface'
import type { MailboxId } from '../../shared/model/ids.ts'
import { idFromBytes } from '../../shared/model/ids.ts'
import { FramedStream } from '../../shared/wire/framed-stream.ts'
import { decodeHelloAnswer, decodeRelayMessage } from '../../shared/wire/relay-answers.ts'
import { encodeRequest, MAILBOX_PROTOCOL } from '../../shared/wire/relay-requests.ts'
import type { RelayRequest } from '../../shared/wire/relay-requests.ts'
import { mailboxProofBytes } from '../../shared/wire/relay-signed.ts'
import { sha256 } from '../hashes.ts'
import { newMailboxKeys } from './raw-client.ts'

export const ATTACKS = [
  'half-open-sockets',
  'connections',
  'slow-writers',
  'slow-readers',
  'stream-flood',
  'random-frames',
  'token-guessing',
  'prekey-draining',
] as const
export type AttackName = (typeof ATTACKS)[number]

export interface Attack {
  readonly name: AttackName
  /** A multiaddr with a TCP port. */
  readonly address: string
  /** Connections that are wanted at once. */
  readonly count: number
  /** Where they come from. */
  readonly localAddress: string
  /** A directory to drain, in hex. */
  readonly lookupId: string
}

const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))
const ASKED_AT_ONCE = 16
const SLOW_WRITE_EVERY_MS = 500
/** Somebody who was let go comes back, but not in an endless loop of the attacker's own machine. */
const COMES_BACK_AFTER_MS = 5

export async function attack(parts: Attack): Promise<void> {
  if (parts.name === 'half-open-sockets') {
    halfOpenSockets(parts)
    return
  }
  const workers = parts.name === 'connections' ? 8 : parts.count
  for (let worker = 0; worker < workers; worker++) void again(() => workOf(parts, worker))
}

/** Whatever the relay does to it, it goes on. */
async function again(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work()
    } catch {
      // Refused, reset, or let go: that is what a relay does to an attacker.
    }
    await delay(COMES_BACK_AFTER_MS)
  }
}

function halfOpenSockets({ address, count, localAddress }: Attack): void {
  const [, , host = '', , port = ''] = address.split('/')
  const open = (): void => {
    const socket = connect({ host, port: Number(port), localAddress })
    socket.on('error', () => undefined)
    socket.on('close', () => setTimeout(open, COMES_BACK_AFTER_MS))
  }
  for (let index = 0; index < count; index++) open()
}

async function nodeAt(localAddress: string): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen: [] },
    // The transport hands this on to the socket.
    transports: [tcp({ dialOpts: { noDelay: true, ...({ localAddress } as object) } })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  })
}

/** Until the connection ends. */
async function workOf(parts: Attack, worker: number): Promise<void> {
  const node = await nodeAt(parts.localAddress)
  try {
    const connection = await node.dial(multiaddr(parts.address))
    if (parts.name === 'connections') await manyConnections(node, parts, worker)
    else await onConnection(parts, node, connection)
  } finally {
    await node.stop()
  }
}

async function manyConnections(node: Libp2p, { address, count }: Attack, worker: number): Promise<void> {
  for (let index = worker; index < count; index += 8) {
    await node.dial(multiaddr(address), { force: true }).catch(() => delay(COMES_BACK_AFTER_MS))
  }
  await delay(600_000)
}

async function onConnection(parts: Attack, node: Libp2p, connection: Connection): Promise<void> {
  switch (parts.name) {
    case 'stream-flood':
      for (;;) await connection.newStream(MAILBOX_PROTOCOL)
    case 'slow-writers':
      return slowWriter(connection)
    case 'slow-readers':
      return slowReader(node, connection)
    case 'random-frames':
      return randomFrames(connection)
    case 'token-guessing':
      return floodOf(connection, () => guess())
    case 'prekey-draining':
      return floodOf(connection, () => ({
        type: 'take-directory',
        lookupId: new Uint8Array(Buffer.from(parts.lookupId, 'hex')),
      }))
    default:
      return
  }
}

function guess(): RelayRequest {
  const target = { mailboxId: idFromBytes<MailboxId>(random(32)), token: random(32), ttlSeconds: 60 }
  return { type: 'deposit', entries: [{ envelope: random(1_000), targets: [target] }] }
}

async function greeted(connection: Connection): Promise<{ stream: FramedStream; challenge: Uint8Array }> {
  const stream = new FramedStream(await connection.newStream(MAILBOX_PROTOCOL))
  await stream.write(encodeRequest(1, { type: 'hello', minVersion: 1, maxVersion: 1 }))
  const frame = await stream.nextFrame()
  const answer = frame === null ? null : decodeRelayMessage(frame)
  if (answer?.type !== 'reply') throw new Error('not greeted')
  return { stream, challenge: decodeHelloAnswer(answer.payload).challenge }
}

/** A frame that is announced as large and comes byte by byte. */
async function slowWriter(connection: Connection): Promise<void> {
  const { stream } = await greeted(connection)
  await stream.writeRaw(Uint8Array.of(0, 3, 0, 0))
  for (;;) {
    await stream.writeRaw(random(1))
    await delay(SLOW_WRITE_EVERY_MS)
  }
}

/** Owns a mailbox, fills it, asks and asks, and never reads. */
async function slowReader(node: Libp2p, connection: Connection): Promise<void> {
  const { stream, challenge } = await greeted(connection)
  const keys = newMailboxKeys()
  const token = random(32)
  const [relayPeer, ownerPeer] = [connection.remotePeer.toString(), node.peerId.toString()]
  const proof = mailboxProofBytes({ challenge, relayPeer, ownerPeer, mailboxPublic: keys.publicKey })
  const own = { type: 'own', mailboxPublic: keys.publicKey, signature: keys.sign(proof) } as const
  await stream.write(encodeRequest(2, { ...own, creditBytes: 0xffff_ffff, admission: new Uint8Array() }))
  await stream.write(encodeRequest(3, { type: 'put-tokens', tokens: [{ hash: sha256(token), handle: random(4) }] }))
  const mailboxId = idFromBytes<MailboxId>(sha256(keys.publicKey))
  for (let requestId = 4; ; requestId++) {
    const entries = [{ envelope: random(190_000), targets: [{ mailboxId, token, ttlSeconds: 60 }] }]
    const request: RelayRequest = requestId < 40 ? { type: 'deposit', entries } : { type: 'usage' }
    await stream.write(encodeRequest(requestId, request))
  }
}

async function randomFrames(connection: Connection): Promise<void> {
  const { stream } = await greeted(connection)
  for (;;) {
    await stream.write(random(1 + (randomBytes(2).readUInt16BE() % 2_000)))
    if ((await stream.nextFrame()) === null) return
  }
}

async function floodOf(connection: Connection, request: () => RelayRequest): Promise<void> {
  const { stream } = await greeted(connection)
  let asked = 0
  for (let requestId = 2; ; requestId++) {
    await stream.write(encodeRequest(requestId, request()))
    asked += 1
    if (asked < ASKED_AT_ONCE) continue
    if ((await stream.nextFrame()) === null) return
    asked -= 1
  }
}
