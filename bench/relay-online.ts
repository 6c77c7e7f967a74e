/** Owners that are connected: how long a deposit takes to them, beside an echo; and what they cost while nothing happens. */
import { setTimeout as wait } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import type { Libp2p } from '@libp2p/interface'
import { FramedStream } from '../shared/wire/framed-stream.ts'
import { encodeRequest } from '../shared/wire/relay-requests.ts'
import { WrongResult } from './harness.ts'
import { BenchStream, envelopeIdOf, inGroups, newBenchMailbox, startClientNode, TTL_SECONDS } from './relay-parley.ts'
import type { BenchMailbox } from './relay-parley.ts'
import { MESSAGE_BYTES, messageOf } from './relay-work.ts'
import type { Work } from './relay-work.ts'

const PER_SECOND = 200
/** Ours and the echo take turns of this length. */
const TURN_MS = 1_000
const ARRIVES_WITHIN_MS = 10_000
const ECHO_PROTOCOL = '/bench/echo/1'

export interface Latencies {
  readonly ours: readonly number[]
  readonly reference: readonly number[]
}

interface Sends {
  /** Resolves with milliseconds. */
  send(number: number): Promise<number>
}

export class OnlineOwners {
  readonly #node: Libp2p
  readonly #address: string
  readonly #echoAddress: string
  #relay: Sends | null = null
  #echo: Sends | null = null
  #sent = 0

  private constructor(node: Libp2p, address: string, echoAddress: string) {
    this.#node = node
    this.#address = address
    this.#echoAddress = echoAddress
  }

  static async create(address: string, echoAddress: string): Promise<OnlineOwners> {
    return new OnlineOwners(await startClientNode(), address, echoAddress)
  }

  /** @throws WrongResult when one is lost */
  async measure(work: Work, seconds: number): Promise<Latencies> {
    this.#relay ??= await startRelaySends(this.#node, this.#address, work)
    this.#echo ??= await startEcho(this.#node, this.#echoAddress)
    const samples = { ours: [] as number[], reference: [] as number[] }
    for (let second = 0; second < seconds; second += 1) {
      samples.ours.push(...(await this.#turn(this.#relay)))
      samples.reference.push(...(await this.#turn(this.#echo)))
    }
    return samples
  }

  async #turn(sends: Sends): Promise<readonly number[]> {
    const startedMs = performance.now()
    const count = (PER_SECOND * TURN_MS) / 1000
    const all: Promise<number>[] = []
    for (let index = 0; index < count; index += 1) {
      const dueMs = startedMs + (index * 1000) / PER_SECOND
      const earlyMs = dueMs - performance.now()
      if (earlyMs > 0) await wait(earlyMs)
      all.push(sends.send(this.#sent++))
    }
    return within(Promise.all(all))
  }
}

const within = async <T>(work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new WrongResult(`a message did not arrive within ${ARRIVES_WITHIN_MS} ms`))
    }, ARRIVES_WITHIN_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

const startRelaySends = async (node: Libp2p, address: string, work: Work): Promise<Sends> => {
  const arrivals = new Map<string, (atMs: number) => void>()
  const mailboxes = Array.from({ length: work.mailboxes }, newBenchMailbox)
  await inGroups(mailboxes, (mailbox) => connectOwner(node, address, mailbox, arrivals))
  const senders = await inGroups(Array.from({ length: work.connections }), () => BenchStream.open(node, address))
  return {
    send: async (number) => {
      const mailbox = mailboxes[number % mailboxes.length]
      const sender = senders[number % senders.length]
      if (mailbox === undefined || sender === undefined) throw new Error('nobody to send')
      const envelope = messageOf(0xffff, number % mailboxes.length, number)
      const { mailboxId, token } = mailbox
      const requestId = 1_000 + number
      const entries = [{ envelope, targets: [{ mailboxId, token, ttlSeconds: TTL_SECONDS }] }]
      const arrived = new Promise<number>((resolve) => arrivals.set(envelopeIdOf(envelope), resolve))
      const frame = encodeRequest(requestId, { type: 'deposit', entries })
      const startedMs = performance.now()
      const [endedMs] = await Promise.all([arrived, sender.askEncoded(requestId, frame)])
      return endedMs - startedMs
    },
  }
}

const connectOwner = async (
  node: Libp2p,
  address: string,
  mailbox: BenchMailbox,
  arrivals: Map<string, (atMs: number) => void>,
): Promise<void> => {
  const owner = await BenchStream.open(node, address)
  owner.onPush = (entries) => {
    const atMs = performance.now()
    const envelopeIds = entries.map(({ envelope }) => envelopeIdOf(envelope))
    for (const envelopeId of envelopeIds) {
      arrivals.get(envelopeId)?.(atMs)
      arrivals.delete(envelopeId)
    }
    void owner.acknowledge(entries)
  }
  await owner.own(mailbox)
  await owner.putToken(mailbox)
}

const startEcho = async (node: Libp2p, address: string): Promise<Sends> => {
  const connection = await node.dial(multiaddr(address))
  const stream = new FramedStream(await connection.newStream(ECHO_PROTOCOL))
  const waiting: ((atMs: number) => void)[] = []
  void (async () => {
    for await (const frame of stream.frames()) {
      if (frame.length === MESSAGE_BYTES) waiting.shift()?.(performance.now())
    }
  })()
  return {
    send: async (number) => {
      const message = messageOf(0xffff, 0, number)
      const arrived = new Promise<number>((resolve) => waiting.push(resolve))
      const startedMs = performance.now()
      await stream.write(message)
      return (await arrived) - startedMs
    },
  }
}

/** Owners that own their mailbox and wait; they stay until the process ends. */
export class IdleOwners {
  readonly #node: Libp2p
  readonly #address: string
  readonly #streams: BenchStream[] = []

  private constructor(node: Libp2p, address: string) {
    this.#node = node
    this.#address = address
  }

  static async create(address: string): Promise<IdleOwners> {
    return new IdleOwners(await startClientNode(), address)
  }

  /** @throws WrongResult when one was let go */
  async reach(count: number): Promise<void> {
    const more = Array.from({ length: count - this.#streams.length })
    const streams = await inGroups(more, async () => {
      const stream = await BenchStream.open(this.#node, this.#address)
      await stream.own(newBenchMailbox())
      return stream
    })
    this.#streams.push(...streams)
    const gone = this.#streams.filter(({ ended }) => ended).length
    if (gone > 0) throw new WrongResult(`${gone} of ${count} idle owners were let go`)
  }
}
