/** A node that speaks `/parley/mailbox/1` and `/parley/blob/1` and says what a test tells it to. */

import { createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import type { Libp2p } from '@libp2p/interface'
import type { RelayId } from '../../../../shared/model/ids.ts'
import { idFromBytes } from '../../../../shared/model/ids.ts'
import { BLOB_PROTOCOL } from '../../../../shared/wire/blob-stream.ts'
import { concatBytes } from '../../../../shared/wire/bytes.ts'
import { FramedStream } from '../../../../shared/wire/framed-stream.ts'
import { encodeHelloAnswer, encodeRelayMessage } from '../../../../shared/wire/relay-answers.ts'
import { decodeRequest, MAILBOX_PROTOCOL } from '../../../../shared/wire/relay-requests.ts'
import type { RelayRequest } from '../../../../shared/wire/relay-requests.ts'
import { frontEndsBytes, frontEndsToSign } from '../../../../shared/wire/relay-signed.ts'

const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

export class SigningKey {
  readonly relayId: RelayId
  readonly #key

  constructor() {
    const der = Buffer.concat([PRIVATE_PREFIX, randomBytes(32)])
    this.#key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    const spki = createPublicKey(this.#key).export({ format: 'der', type: 'spki' })
    this.relayId = idFromBytes<RelayId>(new Uint8Array(spki.subarray(-32)))
  }

  sign(message: Uint8Array): Uint8Array {
    return new Uint8Array(sign(null, message, this.#key))
  }
}

export interface Lies {
  /** The signed list; by default a true one. */
  frontEnds?(truth: {
    readonly key: SigningKey
    readonly peer: string
    readonly addresses: readonly string[]
  }): Uint8Array
  /** The payload of the answer, a whole message, or null for silence. */
  answer?(request: RelayRequest, key: SigningKey): Uint8Array | { readonly message: Uint8Array } | null
  /** All that is said on a blob stream, after its request. */
  blob?(stream: FramedStream): Promise<void>
}

export class LyingRelay {
  readonly key = new SigningKey()
  readonly #node: Libp2p
  readonly #lies: Lies

  private constructor(node: Libp2p, lies: Lies) {
    this.#node = node
    this.#lies = lies
  }

  static async start(lies: Lies): Promise<LyingRelay> {
    const node = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
    })
    const relay = new LyingRelay(node, lies)
    await node.handle(MAILBOX_PROTOCOL, (stream) => relay.#serve(new FramedStream(stream)))
    await node.handle(BLOB_PROTOCOL, (stream) => relay.#serveBlob(new FramedStream(stream)))
    return relay
  }

  get addresses(): readonly string[] {
    return this.#node.getMultiaddrs().map((address) => address.toString().replace(/\/p2p\/[^/]+$/, ''))
  }

  get contact() {
    return { relayId: this.key.relayId, addresses: this.addresses }
  }

  async #serve(stream: FramedStream): Promise<void> {
    for await (const frame of stream.frames()) {
      const { requestId, request } = decodeRequest(frame)
      const answer = request.type === 'hello' ? this.#hello() : (this.#lies.answer?.(request, this.key) ?? null)
      if (answer === null) continue
      const message =
        answer instanceof Uint8Array
          ? encodeRelayMessage({ type: 'reply', requestId, payload: answer })
          : answer.message
      await stream.write(message)
    }
  }

  #hello(): Uint8Array {
    const truth = { key: this.key, peer: this.#node.peerId.toString(), addresses: this.addresses }
    return encodeHelloAnswer({
      version: 1,
      challenge: new Uint8Array(32),
      frontEnds: (this.#lies.frontEnds ?? trueList)(truth),
      retentionSeconds: 1,
      maxEnvelopeBytes: 200_000,
      maxBlobBytes: 1_000_000,
    })
  }

  async #serveBlob(stream: FramedStream): Promise<void> {
    await stream.nextFrame()
    await this.#lies.blob?.(stream)
    await stream.close()
  }

  async stop(): Promise<void> {
    await this.#node.stop()
  }
}

export function trueList({
  key,
  peer,
  addresses,
  version = 1,
}: {
  readonly version?: number
  readonly key: SigningKey
  readonly peer: string
  readonly addresses: readonly string[]
}): Uint8Array {
  const body = frontEndsBytes({ relayId: key.relayId, version, peers: [peer], addresses })
  return concatBytes(body, key.sign(frontEndsToSign(body)))
}
