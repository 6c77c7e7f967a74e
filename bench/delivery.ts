/**
 * How long a text takes from the command at one engine to the commit at the other, engines and relay each in a process of
 * its own, beside a bare libp2p echo of the same bytes with as many fsyncs.
 *
 * One clock for both: this process's. It stands before the command is written to a process, and stops when the line that
 * ends it is read: the other engine's `message.changed`, which is emitted after its commit, or the echo's answer. One text is
 * under way at a time, at a steady pace; the next begins after the sender shows two ticks, so that no receipt runs beside a
 * measurement.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { HeadlessPerson } from '../main/testing/headless-person.ts'
import { LineProcess } from '../main/testing/line-process.ts'
import { cacheDir, ROOT } from '../scripts/paths.ts'
import { startRelayProcess } from '../scripts/relay-process.ts'
import { interleaved, percentile, ratioMetric, runBenchmark, say, WrongResult } from './harness.ts'
import type { BenchOptions, Measured } from './harness.ts'
import type { MessageView } from '../shared/model/chat.ts'
import type { ChatId } from '../shared/model/ids.ts'

/** A text of this length is sealed into an envelope of the smallest padded size, 1 KiB (docs/protocol/session.md). */
const TEXT_CHARS = 300
const ENVELOPE_BYTES = 1_024
/** 25 texts a second: this is about how long one takes, not about how many there can be. */
const PACE_MS = 40
const ARRIVES_WITHIN_MS = 30_000
const PAGE = 200
const LISTEN = '/ip4/127.0.0.1/udp/0/quic-v1,/ip4/127.0.0.1/tcp/0'

type Way = 'direct' | 'relay'

interface Talk {
  readonly sender: HeadlessPerson
  readonly receiver: HeadlessPerson
  readonly senderChat: ChatId
  readonly receiverChat: ChatId
}

interface Latency {
  /** Milliseconds. */
  send(text: string): Promise<number>
  stop(): Promise<void>
}

const within = async <T>(what: string, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new WrongResult(`${what} took longer than ${ARRIVES_WITHIN_MS} ms`))
    }, ARRIVES_WITHIN_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

const pathOf = async (person: HeadlessPerson): Promise<Way | 'waiting' | undefined> =>
  (await person.call('chats.list', {}))[0]?.path

/** A path that every message takes: a direct link over QUIC, or, with the address hidden, the relay alone. */
const settle = async (person: HeadlessPerson, way: Way): Promise<void> => {
  if (way === 'relay') await person.call('settings.set', { hideAddress: true })
  await person.until(`the path is ${way}`, async () => {
    const [chat] = await person.call('chats.list', {})
    if (chat?.path !== way) return false
    if (way === 'relay') return true
    return (await person.call('contacts.get', { contactId: chat.contactId })).transport === 'quic'
  })
}

const startTalk = async (workDir: string, relayPaste: string, way: Way): Promise<Talk> => {
  const open = async (name: string): Promise<HeadlessPerson> => {
    const person = await HeadlessPerson.create(name, {
      profileDir: join(workDir, `${way}-${name}`),
      transports: 'quic,tcp,circuit',
      listen: LISTEN,
    })
    const relay = await person.call('relays.add', { address: relayPaste })
    await person.until('the relay is connected', async () => {
      const state = await person.call('app.state', {})
      return (
        state.phase === 'ready' &&
        state.network.relays.some(({ relayId, state: now }) => relayId === relay.relayId && now === 'connected')
      )
    })
    return person
  }
  const receiver = await open('Mira')
  const sender = await open('Robin')
  const { link } = await receiver.call('invites.create', { label: 'Robin' })
  const { chatId: senderChat } = await sender.call('invites.accept', { link })
  const { chatId: receiverChat } = await receiver.until('the chat is there', async () => {
    const [chat] = await receiver.call('chats.list', {})
    return chat
  })
  await settle(sender, way)
  await settle(receiver, way)
  return { sender, receiver, senderChat, receiverChat }
}

/** Resolves with the time of the first event about a message of that text that `matches`. */
const awaitMessage = (
  person: HeadlessPerson,
  text: string,
  matches: (message: MessageView) => boolean,
): Promise<number> =>
  new Promise((resolve) => {
    const forget = person.onEvent((message, atMs) => {
      if (message.event !== 'message.changed') return
      const { body } = message.payload
      if (body.kind !== 'text' || body.text !== text || !matches(message.payload)) return
      forget()
      resolve(atMs)
    })
  })

const oursOf = (talk: Talk): Latency => ({
  send: async (text) => {
    const arrived = awaitMessage(talk.receiver, text, (message) => message.authorId !== null)
    const ticked = awaitMessage(
      talk.sender,
      text,
      ({ status }) => status === 'delivered' || status === 'read' || status === 'failed',
    )
    const startMs = performance.now()
    const sent = talk.sender.call('messages.send-text', { chatId: talk.senderChat, text })
    const [endMs] = await within('a text', Promise.all([arrived, ticked, sent]))
    return endMs - startMs
  },
  stop: async () => {
    await talk.sender.stop()
    await talk.receiver.stop()
  },
})

const startEcho = async (workDir: string, way: Way): Promise<Latency> => {
  const peer = (name: string, args: readonly string[]): LineProcess =>
    new LineProcess(process.execPath, [
      join(ROOT, 'bench', 'echo-peer.ts'),
      '--journal',
      join(workDir, `${way}-echo-${name}`),
      '--bytes',
      String(ENVELOPE_BYTES),
      ...args,
    ])
  const addressOf = async (server: LineProcess): Promise<string> => {
    const { addresses } = JSON.parse(await server.firstLine()) as { readonly addresses: readonly string[] }
    const [address] = addresses
    if (address === undefined) throw new Error('the echo listens nowhere')
    return address
  }
  const listen = ['--listen', way === 'direct' ? '/ip4/127.0.0.1/udp/0/quic-v1' : '/ip4/127.0.0.1/tcp/0']
  const server = peer('server', listen)
  const peers = [server]
  let address = await addressOf(server)
  if (way === 'relay') {
    const hop = peer('hop', [...listen, '--onward', address])
    peers.push(hop)
    address = await addressOf(hop)
  }
  const client = peer('client', ['--dial', address])
  peers.push(client)
  await client.firstLine()
  let nextId = 1
  const ask = async (text: string): Promise<number> => {
    const id = nextId++
    const answered = new Promise<number>((resolve, reject) => {
      const forget = client.onLine((line, atMs) => {
        const answer = JSON.parse(line) as { readonly id: number; readonly same: boolean }
        forget()
        if (answer.id === id && answer.same) resolve(atMs)
        else reject(new WrongResult('the echo answered with something else'))
      })
    })
    const startMs = performance.now()
    client.write(JSON.stringify({ id, text }))
    return (await within('an echo', answered)) - startMs
  }
  return {
    send: ask,
    stop: async () => {
      for (const one of peers) await one.stop()
    },
  }
}

/** Everything that was sent is there, once, in order, unchanged. */
const verify = async (talk: Talk, sent: readonly string[]): Promise<void> => {
  let texts: string[] = []
  let before: string | null = null
  for (;;) {
    const page: { readonly messages: readonly MessageView[]; readonly hasMore: boolean } = await talk.receiver.call(
      'messages.page',
      { chatId: talk.receiverChat, before, limit: PAGE },
    )
    texts = [
      ...page.messages.flatMap(({ body, authorId }) => (body.kind === 'text' && authorId !== null ? [body.text] : [])),
      ...texts,
    ]
    const [first] = page.messages
    if (!page.hasMore || first === undefined) break
    before = first.orderKey
  }
  const wrongAt = sent.findIndex((text, index) => texts[index] !== text)
  if (wrongAt >= 0) throw new WrongResult(`text ${wrongAt + 1} of ${sent.length} is missing or out of its place`)
  if (texts.length !== sent.length) throw new WrongResult(`${texts.length} texts arrived, ${sent.length} were sent`)
}

interface Round {
  readonly ours: readonly number[]
  readonly reference: readonly number[]
}

/** In turns at a steady pace: what slows the machine for a moment slows both, and what a side does after a text is over. */
const inTurns = async (ours: Latency, echo: Latency, texts: readonly string[]): Promise<Round> => {
  const samples: Record<keyof Round, number[]> = { ours: [], reference: [] }
  const paced = async (latency: Latency, text: string, into: number[]): Promise<void> => {
    const pace = wait(PACE_MS)
    into.push(await latency.send(text))
    await pace
  }
  for (const text of texts) {
    await paced(ours, text, samples.ours)
    await paced(echo, text, samples.reference)
  }
  return samples
}

const measureWay = async (
  workDir: string,
  relayPaste: string,
  way: Way,
  options: BenchOptions & { readonly texts: number },
): Promise<readonly Round[]> => {
  const talk = await startTalk(workDir, relayPaste, way)
  const ours = oursOf(talk)
  const echo = await startEcho(workDir, way)
  const sent: string[] = []
  try {
    const rounds = await interleaved(options.rounds, async (number) => {
      const texts = Array.from({ length: options.texts }, (_, index) => `${number}-${index} `.padEnd(TEXT_CHARS, '.'))
      sent.push(...texts)
      const round = await inTurns(ours, echo, texts)
      say(
        `${way} round ${number}: ours ${percentile(round.ours, 0.5).toFixed(2)} ms, echo ${percentile(round.reference, 0.5).toFixed(2)} ms`,
      )
      const path = await pathOf(talk.sender)
      if (path !== way) throw new WrongResult(`the path became ${path ?? 'none'}, not ${way}`)
      return round
    })
    await verify(talk, sent)
    return rounds
  } finally {
    await ours.stop()
    await echo.stop()
  }
}

const metricOf = (name: string, goal: number, share: number, rounds: readonly Round[]) =>
  ratioMetric(
    name,
    goal,
    rounds.map(({ ours, reference }) => ({
      ours: percentile(ours, share),
      reference: percentile(reference, share),
    })),
  )

const measure = async (options: BenchOptions): Promise<Measured> => {
  // In the cache folder, which lies on a real disk: /tmp is memory on many machines, and there an fsync costs nothing.
  await mkdir(cacheDir(), { recursive: true })
  const workDir = await mkdtemp(join(cacheDir(), 'bench-delivery-'))
  const relay = await startRelayProcess(join(workDir, 'relay'))
  const texts = options.quick ? 30 : 200
  try {
    const direct = await measureWay(workDir, relay.paste, 'direct', { ...options, texts })
    const relayed = await measureWay(workDir, relay.paste, 'relay', { ...options, texts: texts / 2 })
    return {
      metrics: [
        metricOf('direct_p50_vs_echo', 1.5, 0.5, direct),
        metricOf('direct_p99_vs_echo', 2.5, 0.99, direct),
        metricOf('relay_p50_vs_echo', 1.5, 0.5, relayed),
      ],
      skipped: [],
    }
  } finally {
    await relay.stop()
    await rm(workDir, { recursive: true, force: true })
  }
}

await runBenchmark('delivery', measure)
