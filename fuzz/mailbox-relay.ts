/** What the target of mailbox streams stands on: a relay without a network, whose owner is proven and has what can be asked for. */

import { prefixesOf } from '../relay/address-prefixes.ts'
import { Admission } from '../relay/admission.ts'
import { AskLimits } from '../relay/ask-limits.ts'
import { ByteBudget } from '../relay/byte-budget.ts'
import { configSchema } from '../relay/config.ts'
import { DailyQuota } from '../relay/daily-quota.ts'
import { Deposits } from '../relay/deposits.ts'
import { FrontDoor } from '../relay/front-door.ts'
import { sha256 } from '../relay/hashes.ts'
import { Mailboxes } from '../relay/mailboxes.ts'
import { MailboxStream } from '../relay/mailbox-stream.ts'
import { Meter } from '../relay/metrics.ts'
import { relayKey } from '../relay/relay-key.ts'
import { openOperatorInvites } from '../relay/storage/sqlite-operator-invites.ts'
import { openRelayStore } from '../relay/storage/sqlite-relay-store.ts'
import type { MailboxId } from '../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../shared/model/ids.ts'
import { FramedStream, FrameSplitter } from '../shared/wire/framed-stream.ts'
import type { ByteStream } from '../shared/wire/framed-stream.ts'
import { decodeHelloAnswer, decodeRelayMessage } from '../shared/wire/relay-answers.ts'
import type { RelayMessage } from '../shared/wire/relay-answers.ts'
import { encodeRequest } from '../shared/wire/relay-requests.ts'
import type { RelayRequest } from '../shared/wire/relay-requests.ts'
import { mailboxProofBytes } from '../shared/wire/relay-signed.ts'
import { filled, SOME_TIME_MS } from './samples.ts'

export const LOOKUP_ID = filled(32, 1)
export const TOKEN = filled(32, 2)
const OWNER = relayKey(filled(32, 5))
const OWNER_PUBLIC = idToBytes(OWNER.relayId)
export const MAILBOX_ID = idFromBytes<MailboxId>(sha256(OWNER_PUBLIC))
const PEERS = { relayPeer: 'relay', clientPeer: 'client' } as const
const NOW_MS = SOME_TIME_MS

type Listener = (event: never) => void

/** The relay's end of a stream that a test writes on. */
class ScriptedStream implements ByteStream {
  readonly answers: RelayMessage[] = []
  aborted: Error | null = null
  readonly #splitter = new FrameSplitter()
  readonly #listeners = new Map<string, Listener[]>()
  #onAnswer: (() => void) | null = null

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener])
  }

  #tell(type: string, event: unknown): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never)
  }

  receive(bytes: Uint8Array): void {
    this.#tell('message', { data: { subarray: () => bytes } })
  }

  end(): void {
    this.#tell('remoteCloseWrite', {})
  }

  send(bytes: Uint8Array): boolean {
    for (const frame of this.#splitter.push(bytes)) this.answers.push(decodeRelayMessage(frame))
    this.#onAnswer?.()
    return true
  }

  /** The next reply that was not waited for yet. */
  async reply(before: number): Promise<Uint8Array> {
    for (;;) {
      const replies = this.answers.filter((answer) => answer.type === 'reply')
      const next = replies[before]
      if (next !== undefined) return next.payload
      await new Promise<void>((resolve) => {
        this.#onAnswer = resolve
      })
    }
  }

  onDrain(): Promise<void> {
    return Promise.resolve()
  }

  pause(): void {
    // what came is held by the reader
  }

  resume(): void {
    // as above
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  abort(error: Error): void {
    this.aborted ??= error
    this.#tell('close', { error })
  }
}

function framed(body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(4 + body.length)
  new DataView(frame.buffer).setUint32(0, body.length)
  frame.set(body, 4)
  return frame
}

export function framedRequests(...requests: readonly RelayRequest[]): Uint8Array {
  return new Uint8Array(Buffer.concat(requests.map((request, index) => framed(encodeRequest(100 + index, request)))))
}

export class FuzzedRelay {
  readonly #config = configSchema.parse({ mailboxMaxEnvelopes: 64, mailboxMaxBytes: 4_000_000, doorBits: 0 })
  readonly #store = openRelayStore(':memory:', this.#config)
  readonly #key = relayKey(filled(32, 3))
  readonly #bugs: string[] = []
  readonly #parts

  constructor() {
    const [store, config, key] = [this.#store, this.#config, this.#key]
    const now = (): number => NOW_MS
    const metrics = new Meter()
    const invites = openOperatorInvites(':memory:')
    const mailboxes = new Mailboxes({
      ...{ store, config, time: { now, certainNow: now } },
      admission: new Admission({ store, config, invites, onOpened: () => undefined }),
      onTaken: () => undefined,
      deleteBlobs: () => Promise.resolve(),
    })
    const log = {
      debug: () => undefined,
      info: () => undefined,
      error: (event: string) => {
        this.#bugs.push(event)
      },
    }
    this.#parts = {
      ...{ mailboxes, config, now, log, metrics },
      onDamaged: () => {
        this.#bugs.push('damaged')
      },
      deposits: new Deposits({
        ...{ store, config, key, now, metrics },
        quota: new DailyQuota({ envelopes: 1_000_000_000, bytes: Number.MAX_SAFE_INTEGER }),
        hasRoomFor: () => true,
        onHeld: (mailboxIds) => {
          mailboxes.wake(mailboxIds)
        },
      }),
      door: new FrontDoor({ bits: 0, now }),
      asks: new AskLimits({ ...config, newMailboxesPerHourPerAddress: 1_000_000_000 }, now),
      turn: null,
      requestBytes: new ByteBudget(config.maxRequestBytes),
      frontEnds: () => filled(40, 4),
      ...PEERS,
      clientPrefixes: prefixesOf('/ip4/192.0.2.1/tcp/1'),
      helloWithinMs: 60_000,
    }
  }

  /** A stream of the owner that goes on with these bytes. @throws Error: something that no client may cause */
  async serve(bytes: Uint8Array): Promise<readonly RelayMessage[]> {
    const stream = new ScriptedStream()
    const served = new MailboxStream({ ...this.#parts, stream: new FramedStream(stream) }).run()
    await this.#begin(stream)
    stream.receive(bytes)
    stream.end()
    await served
    if (this.#bugs.length > 0) throw new Error(`logged ${this.#bugs.join()}`)
    return stream.answers
  }

  async #begin(stream: ScriptedStream): Promise<void> {
    stream.receive(framedRequests({ type: 'hello', minVersion: 1, maxVersion: 2 }))
    const { challenge } = decodeHelloAnswer(await stream.reply(0))
    const proof = { challenge, relayPeer: PEERS.relayPeer, ownerPeer: PEERS.clientPeer, mailboxPublic: OWNER_PUBLIC }
    const signature = OWNER.sign(mailboxProofBytes(proof))
    const admission = new Uint8Array()
    stream.receive(
      framedRequests({ type: 'own', mailboxPublic: OWNER_PUBLIC, signature, creditBytes: 100_000, admission }),
    )
    await stream.reply(1)
    stream.receive(framedRequests({ type: 'put-tokens', tokens: [{ hash: sha256(TOKEN), handle: filled(4, 5) }] }))
    await stream.reply(2)
  }
}
