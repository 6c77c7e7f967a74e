/**
 * Clients that mean harm, all at once and as fast as they are let: owners that never read, streams opened for nothing, frames
 * of random bytes, deposits with guessed tokens. They come from another address than the honest ones.
 */
import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import type { Connection, Libp2p } from '@libp2p/interface'
import type { MailboxId } from '../shared/model/ids.ts'
import { idFromBytes } from '../shared/model/ids.ts'
import { FramedStream } from '../shared/wire/framed-stream.ts'
import { encodeRequest, MAILBOX_PROTOCOL } from '../shared/wire/relay-requests.ts'
import { BenchStream, newBenchMailbox, startClientNode, TTL_SECONDS } from './relay-parley.ts'

const ATTACKERS_A_KIND = 4
const SLOW_ENVELOPE_BYTES = 100_000
const SLOW_ENVELOPES = 20
const GUESSES = 64
const RANDOM_FRAME_BYTES = 2_048
/** A refused attacker tries again after this. */
const AGAIN_MS = 20

const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))

const deposit = (envelope: Uint8Array, mailboxId: MailboxId, token: Uint8Array) => ({
  envelope,
  targets: [{ mailboxId, token, ttlSeconds: TTL_SECONDS }],
})

export class Attackers {
  readonly #node: Libp2p
  readonly #address: string
  #running: Promise<void>[] = []
  #stopping = false
  #acts = 0

  private constructor(node: Libp2p, address: string) {
    this.#node = node
    this.#address = address
  }

  static async create(address: string): Promise<Attackers> {
    return new Attackers(await startClientNode(), address)
  }

  start(): Promise<void> {
    this.#stopping = false
    this.#acts = 0
    const kinds = [
      () => this.#readNothing(),
      () => this.#openStreams(),
      () => this.#sendRandomFrames(),
      () => this.#guessTokens(),
    ]
    this.#running = kinds.flatMap((kind) => Array.from({ length: ATTACKERS_A_KIND }, () => this.#again(kind)))
    return Promise.resolve()
  }

  async stop(): Promise<{ readonly acts: number }> {
    this.#stopping = true
    await Promise.all(this.#running)
    return { acts: this.#acts }
  }

  /** However the relay ends it. */
  async #again(kind: () => Promise<void>): Promise<void> {
    while (!this.#stopping) {
      try {
        await kind()
      } catch {
        await wait(AGAIN_MS)
      }
    }
  }

  #dial(): Promise<Connection> {
    return this.#node.dial(multiaddr(this.#address), { force: true })
  }

  /** An owner with two megabytes waiting, who takes none of them. */
  async #readNothing(): Promise<void> {
    const mailbox = newBenchMailbox()
    const owner = await BenchStream.open(this.#node, this.#address)
    await owner.own(mailbox)
    await owner.putToken(mailbox)
    await owner.close()
    const sender = await BenchStream.open(this.#node, this.#address)
    for (let index = 0; index < SLOW_ENVELOPES; index += 1) {
      const entries = [deposit(random(SLOW_ENVELOPE_BYTES), mailbox.mailboxId, mailbox.token)]
      await sender.ask({ type: 'deposit', entries })
    }
    await sender.close()
    const slow = await BenchStream.open(this.#node, this.#address)
    await slow.own(mailbox)
    slow.readNothing()
    while (!this.#stopping && slow.connection.status === 'open') await wait(AGAIN_MS)
    await slow.close()
  }

  async #openStreams(): Promise<void> {
    const connection = await this.#dial()
    while (!this.#stopping) {
      const stream = await connection.newStream(MAILBOX_PROTOCOL)
      stream.abort(new Error('for nothing'))
      this.#acts += 1
    }
    await connection.close()
  }

  async #sendRandomFrames(): Promise<void> {
    const connection = await this.#dial()
    while (!this.#stopping) {
      const stream = new FramedStream(await connection.newStream(MAILBOX_PROTOCOL))
      await stream.write(encodeRequest(1, { type: 'hello', minVersion: 1, maxVersion: 2 }))
      await stream.write(random(RANDOM_FRAME_BYTES))
      try {
        while ((await stream.nextFrame()) !== null);
      } finally {
        await stream.close()
      }
      this.#acts += 1
    }
    await connection.close()
  }

  async #guessTokens(): Promise<void> {
    const stream = await BenchStream.open(this.#node, this.#address)
    while (!this.#stopping) {
      const entries = Array.from({ length: GUESSES }, () =>
        deposit(random(64), idFromBytes<MailboxId>(random(32)), random(32)),
      )
      await stream.ask({ type: 'deposit', entries })
      this.#acts += GUESSES
      await nextTurn()
    }
    await stream.close()
  }
}
