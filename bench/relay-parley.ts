/** Our protocol as the load of the relay benchmark speaks it: `/parley/mailbox/1` over TCP or QUIC, noise and yamux. */
import '../main/net/promise-with-resolvers.ts'
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { noise } from '@chainsafe/libp2p-noise'
import { quic } from '@chainsafe/libp2p-quic'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { verifyEd25519 } from '../relay/relay-key.ts'
import type { EnvelopeId, MailboxId, RelayId } from '../shared/model/ids.ts'
import { idFromBytes } from '../shared/model/ids.ts'
import { FramedStream } from '../shared/wire/framed-stream.ts'
import { decodeDepositsAnswer, decodeHelloAnswer, decodeRelayMessage } from '../shared/wire/relay-answers.ts'
import type { PushEntry } from '../shared/wire/relay-answers.ts'
import { provenReceipts } from '../shared/wire/relay-receipt.ts'
import type { Held } from '../shared/wire/relay-receipt.ts'
import { encodeRequest, MAILBOX_PROTOCOL } from '../shared/wire/relay-requests.ts'
import type { RelayRequest } from '../shared/wire/relay-requests.ts'
import { mailboxProofBytes } from '../shared/wire/relay-signed.ts'
import { WrongResult } from './harness.ts'

const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const CREDIT_BYTES = 4 * 1024 * 1024
export const TTL_SECONDS = 86_400

export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

export const envelopeIdOf = (envelope: Uint8Array): EnvelopeId =>
  idFromBytes<EnvelopeId>(sha256(envelope).subarray(0, 16))

const CONNECT_AT_ONCE = 16

/** Runs `each` over all of `items`, some at once. */
export const inGroups = async <T, R>(
  items: readonly T[],
  each: (item: T, index: number) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = []
  for (let at = 0; at < items.length; at += CONNECT_AT_ONCE) {
    const group = items.slice(at, at + CONNECT_AT_ONCE)
    results.push(...(await Promise.all(group.map((item, index) => each(item, at + index)))))
  }
  return results
}

/** A mailbox and the one contact that it has. */
export interface BenchMailbox {
  readonly publicKey: Uint8Array
  readonly mailboxId: MailboxId
  readonly token: Uint8Array
  readonly key: KeyObject
}

export const newBenchMailbox = (): BenchMailbox => {
  const der = Buffer.concat([PRIVATE_PREFIX, randomBytes(32)])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32))
  const token = new Uint8Array(randomBytes(32))
  return { publicKey, mailboxId: idFromBytes<MailboxId>(sha256(publicKey)), token, key }
}

export const startClientNode = (): Promise<Libp2p> =>
  createLibp2p({
    addresses: { listen: [] },
    transports: [tcp(), quic()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: { maxConnections: 20_000, maxParallelDials: 64 },
    connectionMonitor: { enabled: false },
  })

/** One connection with one mailbox stream. */
export class BenchStream {
  readonly connection: Connection
  readonly #node: Libp2p
  readonly #raw: Stream
  readonly #stream: FramedStream
  readonly #waiting = new Map<number, { resolve: (payload: Uint8Array) => void; reject: (error: unknown) => void }>()
  #nextId = 1
  #challenge: Uint8Array = new Uint8Array()
  #acknowledged = 0
  #ended = false
  onPush: (entries: readonly PushEntry[]) => void = () => undefined

  private constructor(node: Libp2p, connection: Connection, raw: Stream) {
    this.#node = node
    this.connection = connection
    this.#raw = raw
    this.#stream = new FramedStream(raw)
  }

  static async open(node: Libp2p, address: string): Promise<BenchStream> {
    const connection = await node.dial(multiaddr(address), { force: true })
    const opened = new BenchStream(node, connection, await connection.newStream(MAILBOX_PROTOCOL))
    void opened.#read()
    const answer = decodeHelloAnswer(await opened.ask({ type: 'hello', minVersion: 2, maxVersion: 2 }))
    opened.#challenge = answer.challenge
    return opened
  }

  get ended(): boolean {
    return this.#ended
  }

  async #read(): Promise<void> {
    try {
      for await (const frame of this.#stream.frames()) {
        const message = decodeRelayMessage(frame)
        if (message.type === 'push') this.onPush(message.entries)
        if (message.type === 'error') {
          const refused = new WrongResult(`the relay refused: ${message.refusal.code}`)
          this.#waiting.get(message.requestId)?.reject(refused)
          this.#waiting.delete(message.requestId)
        }
        if (message.type !== 'reply') continue
        this.#waiting.get(message.requestId)?.resolve(message.payload)
        this.#waiting.delete(message.requestId)
      }
      this.#fail(new WrongResult('the relay closed'))
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#ended = true
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  ask(request: RelayRequest): Promise<Uint8Array> {
    const id = this.#nextId++
    return this.askEncoded(id, encodeRequest(id, request))
  }

  /** For requests that were encoded before the clock ran. */
  askEncoded(id: number, frame: Uint8Array): Promise<Uint8Array> {
    this.#nextId = Math.max(this.#nextId, id + 1)
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#stream.write(frame).catch(reject)
    })
  }

  async own(mailbox: BenchMailbox): Promise<void> {
    const mailboxPublic = mailbox.publicKey
    const proof = mailboxProofBytes({
      challenge: this.#challenge,
      relayPeer: this.connection.remotePeer.toString(),
      ownerPeer: this.#node.peerId.toString(),
      mailboxPublic,
    })
    const signature = new Uint8Array(sign(null, proof, mailbox.key))
    await this.ask({ type: 'own', mailboxPublic, signature, creditBytes: CREDIT_BYTES, admission: new Uint8Array() })
  }

  /** Lays the mailbox's token. */
  async putToken(mailbox: BenchMailbox): Promise<void> {
    await this.ask({ type: 'put-tokens', tokens: [{ hash: sha256(mailbox.token), handle: new Uint8Array(4).fill(7) }] })
  }

  /** Each push once, in the order in which they came; resolves when the relay has answered. */
  async acknowledge({ length }: readonly PushEntry[]): Promise<void> {
    const from = this.#acknowledged + 1
    this.#acknowledged += length
    await this.ask({ type: 'acknowledge-range', from, to: this.#acknowledged })
  }

  /** What comes from here on stays where it is. */
  readNothing(): void {
    this.#raw.pause()
  }

  async close(): Promise<void> {
    await this.connection.close()
  }
}

export interface DepositTarget {
  readonly mailboxId: MailboxId
  readonly envelopeId: EnvelopeId
}

/** Every target is held, and the relay's signature proves it. @throws WrongResult */
export const verifyReceipts = (relayId: RelayId, targets: readonly DepositTarget[], payload: Uint8Array): void => {
  const { answers, signature } = decodeDepositsAnswer(payload)
  const held = answers.map((answer, index): Held => {
    const target = targets[index]
    if (answer.kind !== 'held' || target === undefined) throw new WrongResult(`a deposit was ${answer.kind}`)
    const { storedAtMs, expiresAtMs } = answer
    return { mailboxId: target.mailboxId, subject: target.envelopeId, storedAtMs, expiresAtMs }
  })
  if (held.length !== targets.length || signature === null) throw new WrongResult('answers are missing')
  if (provenReceipts({ kind: 'envelope', relayId, held, signature }, sha256, verifyEd25519) === null) {
    throw new WrongResult('a receipt that the relay did not sign')
  }
}
