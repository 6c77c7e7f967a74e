/** A client that says whatever a test wants, on the frames of `/parley/mailbox/1`; its libp2p node is a stock one. */

import { createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Libp2p, Stream } from '@libp2p/interface'
import { FramedStream } from '../../shared/wire/framed-stream.ts'
import { decodeHelloAnswer, decodeRelayMessage } from '../../shared/wire/relay-answers.ts'
import type { HelloAnswer, RelayMessage } from '../../shared/wire/relay-answers.ts'
import { encodeRequest, MAILBOX_PROTOCOL } from '../../shared/wire/relay-requests.ts'
import type { RelayRequest } from '../../shared/wire/relay-requests.ts'
import { mailboxProofBytes } from '../../shared/wire/relay-signed.ts'

const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

export interface MailboxKeys {
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): Uint8Array
}

export function newMailboxKeys(): MailboxKeys {
  const der = Buffer.concat([PRIVATE_PREFIX, randomBytes(32)])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    publicKey: new Uint8Array(spki.subarray(-32)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  }
}

export class RawClient {
  readonly node: Libp2p
  readonly raw: Stream
  readonly stream: FramedStream
  readonly #relayPeer: string
  #nextId = 1

  private constructor(node: Libp2p, raw: Stream, relayPeer: string) {
    this.node = node
    this.raw = raw
    this.stream = new FramedStream(raw)
    this.#relayPeer = relayPeer
  }

  static async connect(address: string): Promise<RawClient> {
    const node = await createLibp2p({
      addresses: { listen: [] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
    })
    const connection = await node.dial(multiaddr(address))
    return new RawClient(node, await connection.newStream(MAILBOX_PROTOCOL), connection.remotePeer.toString())
  }

  /** Sends a request and returns the next message that answers one. */
  async ask(request: RelayRequest): Promise<RelayMessage> {
    await this.stream.write(encodeRequest(this.#nextId++, request))
    return this.next()
  }

  /** @throws Error when the relay closed */
  async next(): Promise<RelayMessage> {
    const frame = await this.stream.nextFrame()
    if (frame === null) throw new Error('the relay closed')
    return decodeRelayMessage(frame)
  }

  async hello(maxVersion = 1): Promise<HelloAnswer> {
    const answer = await this.ask({ type: 'hello', minVersion: 1, maxVersion })
    if (answer.type !== 'reply') throw new Error(answer.type)
    return decodeHelloAnswer(answer.payload)
  }

  /** As the owner of a mailbox, with a proof made for `challenge` and, unless said otherwise, this connection. */
  proof(
    keys: MailboxKeys,
    challenge: Uint8Array,
    peers: { readonly relayPeer?: string; readonly ownerPeer?: string } = {},
  ): Extract<RelayRequest, { type: 'own' }> {
    const { relayPeer = this.#relayPeer, ownerPeer = this.node.peerId.toString() } = peers
    const signed = mailboxProofBytes({ challenge, relayPeer, ownerPeer, mailboxPublic: keys.publicKey })
    return {
      type: 'own',
      mailboxPublic: keys.publicKey,
      signature: keys.sign(signed),
      creditBytes: 1_000_000,
      admission: new Uint8Array(),
    }
  }

  /** Resolves when the relay has ended the stream, in whatever way. */
  async closed(): Promise<void> {
    try {
      while ((await this.stream.nextFrame()) !== null);
    } catch {
      // A reset is an end too.
    }
  }

  async stop(): Promise<void> {
    await this.node.stop()
  }
}
