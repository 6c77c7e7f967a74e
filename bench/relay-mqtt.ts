/** MQTT 3.1.1 clients of the relay benchmark: a mailbox is a persistent session with one subscription, QoS 1. */
import type { Socket } from 'node:net'
import { WrongResult } from './harness.ts'
import { inGroups } from './relay-parley.ts'
import { Arrived, openTls, windowed } from './relay-peer-socket.ts'
import { Arrivals, batchesOf, messageOf } from './relay-work.ts'
import type { Load, Timed, Work } from './relay-work.ts'

const CONNECT = 0x10
const PUBLISH_QOS1 = 0x32
const PUBACK = 0x40
const SUBSCRIBE = 0x82
const PINGREQ = 0xc0
const DISCONNECT = 0xe0
const CONNACK_TYPE = 2
const PUBLISH_TYPE = 3
const PUBACK_TYPE = 4
const SUBACK_TYPE = 9
const PINGRESP_TYPE = 13

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])
}

const packet = (type: number, ...parts: readonly Uint8Array[]): Buffer => {
  let length = parts.reduce((sum, part) => sum + part.length, 0)
  const head = [type]
  do {
    const low = length % 128
    length = Math.floor(length / 128)
    head.push(length > 0 ? low | 0x80 : low)
  } while (length > 0)
  return Buffer.concat([Buffer.from(head), ...parts])
}

const idBytes = (id: number): Buffer => Buffer.from([id >> 8, id & 0xff])
const topicOf = (mailbox: number): string => `box/${mailbox}`

const connectPacket = (clientId: string, clean: boolean): Buffer =>
  packet(CONNECT, text('MQTT'), Buffer.from([4, clean ? 2 : 0, 0, 0]), text(clientId))

interface Packet {
  readonly type: number
  readonly body: Buffer
}

/** Null: not whole yet. */
const nextPacket = (arrived: Arrived): Packet | null => {
  const { bytes } = arrived
  let [length, shift, at] = [0, 0, 1]
  for (;;) {
    const byte = bytes[at]
    if (byte === undefined) return null
    length |= (byte & 0x7f) << shift
    at += 1
    shift += 7
    if (byte < 0x80) break
  }
  if (bytes.length < at + length) return null
  const body = bytes.subarray(at, at + length)
  arrived.take(at + length)
  return { type: (bytes[0] ?? 0) >> 4, body }
}

class MqttClient {
  readonly socket: Socket
  readonly #arrived: Arrived

  private constructor(socket: Socket) {
    this.socket = socket
    this.#arrived = new Arrived(socket)
  }

  static async open(port: number): Promise<MqttClient> {
    return new MqttClient(await openTls(port))
  }

  async expect(type: number): Promise<Packet> {
    const found = await this.next()
    if (found.type !== type) throw new WrongResult(`packet ${found.type} in place of ${type}`)
    return found
  }

  async next(): Promise<Packet> {
    for (;;) {
      const found = nextPacket(this.#arrived)
      if (found !== null) return found
      await this.#arrived.more()
    }
  }

  /** What is there now; null: nothing whole. */
  peek(): Packet | null {
    return nextPacket(this.#arrived)
  }

  close(): void {
    this.socket.end(packet(DISCONNECT))
  }
}

const deposit = async (port: number, work: Work, index: number): Promise<() => Promise<void>> => {
  const client = await MqttClient.open(port)
  client.socket.write(connectPacket(`sender-${index}`, true))
  await client.expect(CONNACK_TYPE)
  const batches = batchesOf(work, index)
  const frames = batches.map((batch, at) =>
    Buffer.concat(
      batch.map(({ mailbox, number }, place) => {
        const id = ((at * work.batch + place) % 65_535) + 1
        return packet(PUBLISH_QOS1, text(topicOf(mailbox)), idBytes(id), messageOf(work.round, mailbox, number))
      }),
    ),
  )
  return async () => {
    const window = windowed(batches, work.outstanding, (_, at) => client.socket.write(frames[at] ?? Buffer.alloc(0)))
    const total = batches.reduce((sum, batch) => sum + batch.length, 0)
    for (let answered = 0; answered < total; answered += 1) {
      await client.expect(PUBACK_TYPE)
      window.answered(1)
    }
    await window.done
    client.close()
  }
}

const drain = async (client: MqttClient, mailbox: number, work: Work): Promise<void> => {
  const arrivals = new Arrivals(work, mailbox)
  client.socket.write(connectPacket(`owner-${mailbox}`, false))
  await client.expect(CONNACK_TYPE)
  while (!arrivals.complete) {
    const acknowledgements: Buffer[] = []
    for (let found: Packet | null = await client.next(); found !== null; found = client.peek()) {
      if (found.type !== PUBLISH_TYPE) throw new WrongResult(`packet ${found.type} in place of a message`)
      const topicLength = found.body.readUInt16BE(0)
      acknowledgements.push(packet(PUBACK, found.body.subarray(2 + topicLength, 4 + topicLength)))
      arrivals.take(found.body.subarray(4 + topicLength))
    }
    client.socket.write(Buffer.concat(acknowledgements))
  }
  // Answered after the acknowledgements before it were taken.
  client.socket.write(packet(PINGREQ))
  await client.expect(PINGRESP_TYPE)
}

export const mqttLoad = async (at: string): Promise<Load> => {
  const port = Number(at)
  const mailboxes = (work: Work): readonly number[] => Array.from({ length: work.mailboxes }, (_, index) => index)
  return {
    prepare: async (work) => {
      await inGroups(mailboxes(work), async (mailbox) => {
        const client = await MqttClient.open(port)
        client.socket.write(connectPacket(`owner-${mailbox}`, false))
        await client.expect(CONNACK_TYPE)
        client.socket.write(packet(SUBSCRIBE, idBytes(1), text(topicOf(mailbox)), Buffer.from([1])))
        await client.expect(SUBACK_TYPE)
        client.close()
      })
    },
    deposit: async (work): Promise<Timed> => {
      const indexes = Array.from({ length: work.connections }, (_, index) => index)
      const runs = await inGroups(indexes, (index) => deposit(port, work, index))
      const startedMs = performance.now()
      await Promise.all(runs.map((run) => run()))
      return { seconds: (performance.now() - startedMs) / 1000 }
    },
    drain: async (work): Promise<Timed> => {
      const owners = await inGroups(mailboxes(work), () => MqttClient.open(port))
      const startedMs = performance.now()
      await Promise.all(owners.map((owner, mailbox) => drain(owner, mailbox, work)))
      const seconds = (performance.now() - startedMs) / 1000
      for (const owner of owners) owner.close()
      return { seconds }
    },
  }
}
