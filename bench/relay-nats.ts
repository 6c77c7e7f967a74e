/** NATS JetStream clients of the relay benchmark: a mailbox is a file stream with a work queue and a durable pull consumer. */
import type { Socket } from 'node:net'
import { WrongResult } from './harness.ts'
import { inGroups } from './relay-parley.ts'
import { Arrived, openTcp, toTls, windowed } from './relay-peer-socket.ts'
import { Arrivals, batchesOf, MESSAGE_BYTES, messageOf } from './relay-work.ts'
import type { Load, Timed, Work } from './relay-work.ts'

const STREAM = 'box'
const CONSUMER = 'owner'

const streamOf = (mailbox: number): string => `${STREAM}${mailbox}`

interface Message {
  readonly reply: string
  readonly payload: Buffer
}

let inboxes = 0

class NatsClient {
  readonly socket: Socket
  readonly inbox = `_INBOX.${process.pid}.${inboxes++}`
  readonly #arrived: Arrived

  private constructor(socket: Socket) {
    this.socket = socket
    this.#arrived = new Arrived(socket)
  }

  static async open(port: number): Promise<NatsClient> {
    const plain = await openTcp(port)
    // The server says INFO before the handshake.
    await new Promise((resolve) => plain.once('data', resolve))
    const client = new NatsClient(await toTls(plain))
    const options = {
      verbose: false,
      pedantic: false,
      tls_required: true,
      protocol: 1,
      headers: true,
      no_responders: true,
    }
    client.socket.write(`CONNECT ${JSON.stringify(options)}\r\nSUB ${client.inbox}.* 1\r\nPING\r\n`)
    await client.#arrived.until('PONG\r\n')
    return client
  }

  /** Null: nothing whole is there. */
  peek(): Message | null {
    for (;;) {
      const { bytes } = this.#arrived
      const end = bytes.indexOf('\r\n')
      if (end < 0) return null
      const words = bytes.subarray(0, end).toString().split(' ')
      const [verb] = words
      if (verb !== 'MSG' && verb !== 'HMSG') {
        if (verb === '-ERR') throw new WrongResult(words.join(' '))
        if (verb === 'PING') this.socket.write('PONG\r\n')
        this.#arrived.take(end + 2)
        continue
      }
      const size = Number(words.at(-1))
      if (bytes.length < end + 4 + size) return null
      const payload = bytes.subarray(end + 2, end + 2 + size)
      this.#arrived.take(end + 4 + size)
      if (verb === 'HMSG') throw new WrongResult(payload.toString())
      return { reply: words.length === 5 ? (words[3] ?? '') : '', payload }
    }
  }

  async next(): Promise<Message> {
    for (;;) {
      const found = this.peek()
      if (found !== null) return found
      await this.#arrived.more()
    }
  }

  async ask(subject: string, body: object): Promise<Record<string, unknown>> {
    const text = JSON.stringify(body)
    this.socket.write(`PUB ${subject} ${this.inbox}.0 ${text.length}\r\n${text}\r\n`)
    const answer = JSON.parse((await this.next()).payload.toString()) as Record<string, unknown>
    if ('error' in answer) throw new WrongResult(JSON.stringify(answer['error']))
    return answer
  }

  close(): void {
    this.socket.end()
  }
}

const deposit = async (port: number, work: Work, index: number): Promise<() => Promise<void>> => {
  const client = await NatsClient.open(port)
  const batches = batchesOf(work, index)
  const end = Buffer.from('\r\n')
  const frames = batches.map((batch) =>
    Buffer.concat(
      batch.flatMap(({ mailbox, number }) => [
        Buffer.from(`PUB ${STREAM}.${mailbox} ${client.inbox}.1 ${MESSAGE_BYTES}\r\n`),
        messageOf(work.round, mailbox, number),
        end,
      ]),
    ),
  )
  return async () => {
    const window = windowed(batches, work.outstanding, (_, at) => client.socket.write(frames[at] ?? end))
    const total = batches.reduce((sum, batch) => sum + batch.length, 0)
    for (let answered = 0; answered < total; answered += 1) {
      const { payload } = await client.next()
      if (payload.includes('"error"')) throw new WrongResult(payload.toString())
      window.answered(1)
    }
    await window.done
    client.close()
  }
}

const drain = async (client: NatsClient, mailbox: number, work: Work): Promise<void> => {
  const arrivals = new Arrivals(work, mailbox)
  const pull = JSON.stringify({ batch: arrivals.expected, no_wait: true })
  client.socket.write(
    `PUB $JS.API.CONSUMER.MSG.NEXT.${streamOf(mailbox)}.${CONSUMER} ${client.inbox}.2 ${pull.length}\r\n${pull}\r\n`,
  )
  while (!arrivals.complete) {
    const acknowledgements: string[] = []
    for (let found: Message | null = await client.next(); found !== null; found = client.peek()) {
      arrivals.take(found.payload)
      // The last one's acknowledgement is answered.
      const reply = arrivals.complete ? ` ${client.inbox}.3` : ''
      acknowledgements.push(`PUB ${found.reply}${reply} 4\r\n+ACK\r\n`)
      if (arrivals.complete) break
    }
    client.socket.write(acknowledgements.join(''))
  }
  await client.next()
}

const expectEmpty = async (port: number, mailboxes: readonly number[]): Promise<void> => {
  const client = await NatsClient.open(port)
  for (const mailbox of mailboxes) {
    const { state } = (await client.ask(`$JS.API.STREAM.INFO.${streamOf(mailbox)}`, {})) as {
      readonly state: { readonly messages: number }
    }
    if (state.messages > 0) throw new WrongResult(`${state.messages} messages are left in mailbox ${mailbox}`)
  }
  client.close()
}

export const natsLoad = async (at: string): Promise<Load> => {
  const port = Number(at)
  const mailboxes = (work: Work): readonly number[] => Array.from({ length: work.mailboxes }, (_, index) => index)
  return {
    prepare: async (work) => {
      const client = await NatsClient.open(port)
      for (const mailbox of mailboxes(work)) {
        const name = streamOf(mailbox)
        const subjects = [`${STREAM}.${mailbox}`]
        await client.ask(`$JS.API.STREAM.CREATE.${name}`, { name, subjects, retention: 'workqueue', storage: 'file' })
        const config = { durable_name: CONSUMER, ack_policy: 'explicit' }
        await client.ask(`$JS.API.CONSUMER.DURABLE.CREATE.${name}.${CONSUMER}`, { stream_name: name, config })
      }
      client.close()
    },
    deposit: async (work): Promise<Timed> => {
      const indexes = Array.from({ length: work.connections }, (_, index) => index)
      const runs = await inGroups(indexes, (index) => deposit(port, work, index))
      const startedMs = performance.now()
      await Promise.all(runs.map((run) => run()))
      return { seconds: (performance.now() - startedMs) / 1000 }
    },
    drain: async (work): Promise<Timed> => {
      const owners = await inGroups(mailboxes(work), () => NatsClient.open(port))
      const startedMs = performance.now()
      await Promise.all(owners.map((owner, mailbox) => drain(owner, mailbox, work)))
      const seconds = (performance.now() - startedMs) / 1000
      for (const owner of owners) owner.close()
      await expectEmpty(port, mailboxes(work))
      return { seconds }
    },
  }
}
