/**
 * What a relay takes, gives back and costs: our relay as its own process, clients in another one, the real protocol over
 * TCP, noise and yamux. Beside it, in the same rounds, SQLite alone, a bare echo, and with `--peers` other servers.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDir } from '../scripts/paths.ts'
import { figureMetric, interleaved, percentile, rateMetric, ratioMetric, runBenchmark, say } from './harness.ts'
import type { BenchOptions, Measured, Metric, Pair, Skipped } from './harness.ts'
import { idleMemoryMib } from './memory.ts'
import { startPeers } from './relay-peers.ts'
import { measureScale } from './relay-scale.ts'
import { Asked, cpuUsOf, startBenchRelay } from './relay-server.ts'
import type { BenchServer } from './relay-server.ts'
import type { Latencies } from './relay-online.ts'
import type { Timed, Work } from './relay-work.ts'

const TCP = '/ip4/127.0.0.1/tcp/0'
const TCP6 = '/ip6/::1/tcp/0'
const QUIC = '/ip4/127.0.0.1/udp/0/quic-v1'
const ONLINE_SECONDS = 10

const workOf = ({ quick }: BenchOptions): Omit<Work, 'round'> => ({
  messages: quick ? 4_000 : 20_000,
  mailboxes: 200,
  connections: 16,
  outstanding: 64,
  batch: 16,
})

const addressOf = (server: BenchServer): string => {
  const [address] = server.addresses
  if (address === undefined) throw new Error('the relay listens nowhere')
  return address
}

interface Contestant {
  readonly name: string
  readonly load: Asked
}

interface Rates {
  readonly depositPerS: number
  readonly drainPerS: number
}

interface ThroughputRound {
  readonly ours: Rates
  readonly peers: ReadonlyMap<string, Rates>
  readonly ceilingPerS: number
  readonly depositCpuUs: number
}

/** Deposit and drain goals; theirs come as they are, so NATS and mosquitto do not flush each message, and ours does. */
const PEER_GOALS: Readonly<Record<string, readonly [number, number]>> = {
  nats: [1.5, 1],
  mosquitto: [1, 1],
  ejabberd: [5, 5],
  prosody: [8, 8],
}

const ratesOf = async (load: Asked, work: Work, between: () => Promise<void>): Promise<Rates> => {
  const deposit = await load.ask<Timed>({ do: 'deposit', work })
  await between()
  const drain = await load.ask<Timed>({ do: 'drain', work })
  return { depositPerS: work.messages / deposit.seconds, drainPerS: work.messages / drain.seconds }
}

const sayRates = (name: string, { depositPerS, drainPerS }: Rates): void => {
  say(`  ${name}: takes ${Math.round(depositPerS)}/s, gives ${Math.round(drainPerS)}/s`)
}

/** One after the other in each round: what slows the machine for a while slows all. */
const throughputRound = async (
  work: Work,
  relay: BenchServer,
  loads: { readonly ours: Asked; readonly ceiling: Asked; readonly peers: readonly Contestant[] },
): Promise<ThroughputRound> => {
  const before = await cpuUsOf(relay.pid)
  let depositCpuUs = 0
  let ceilingPerS = 0
  const ours = await ratesOf(loads.ours, work, async () => {
    depositCpuUs = ((await cpuUsOf(relay.pid)) - before) / work.messages
    ceilingPerS = work.messages / (await loads.ceiling.ask<Timed>(work)).seconds
  })
  say(`round ${work.round}: ${depositCpuUs.toFixed(1)} µs of CPU a deposit, SQLite alone ${Math.round(ceilingPerS)}/s`)
  sayRates('ours', ours)
  const peers = new Map<string, Rates>()
  for (const { name, load } of loads.peers) {
    const rates = await ratesOf(load, work, () => Promise.resolve())
    sayRates(name, rates)
    peers.set(name, rates)
  }
  return { ours, peers, ceilingPerS, depositCpuUs }
}

const measureThroughput = async (workDir: string, options: BenchOptions): Promise<Measured> => {
  const work = workOf(options)
  const relay = await startBenchRelay(join(workDir, 'relay'), [TCP])
  const { peers, missing } = options.peers ? await startPeers(workDir) : { peers: [], missing: peersNotAsked() }
  const ceiling = await Asked.start('relay-ceiling.ts', ['--data', workDir])
  const ours = await Asked.start('relay-load.ts', [
    ...['--server', 'parley', '--at', addressOf(relay), '--relay', relay.relayId],
  ])
  const contestants: Contestant[] = []
  for (const { name, load, port } of peers) {
    contestants.push({ name, load: await Asked.start('relay-load.ts', ['--server', load, '--at', String(port)]) })
  }
  try {
    for (const load of [ours, ...contestants.map((contestant) => contestant.load)]) {
      await load.ask({ do: 'prepare', work: { ...work, round: 0 } })
    }
    const rounds = await interleaved(options.rounds, (round) =>
      throughputRound({ ...work, round }, relay, { ours, ceiling, peers: contestants }),
    )
    return { metrics: [...ownMetrics(rounds), ...peerMetrics(rounds, contestants)], skipped: missing }
  } finally {
    for (const load of [ours, ceiling, ...contestants.map((contestant) => contestant.load)]) await load.stop()
    for (const peer of peers) await peer.stop()
    await relay.stop()
  }
}

const peersNotAsked = (): readonly Skipped[] =>
  Object.keys(PEER_GOALS).map((name) => ({ name, why: 'asked for with --peers' }))

const ownMetrics = (rounds: readonly ThroughputRound[]): readonly Metric[] => [
  rateMetric(
    'deposit_rate_vs_sqlite_ceiling',
    0.5,
    rounds.map(({ ours, ceilingPerS }): Pair => ({ ours: ours.depositPerS, reference: ceilingPerS })),
  ),
  figureMetric(
    { name: 'deposit_cpu_us', unit: 'µs', better: 'lower' },
    45,
    rounds.map(({ depositCpuUs }) => depositCpuUs),
  ),
]

const peerMetrics = (rounds: readonly ThroughputRound[], contestants: readonly Contestant[]): readonly Metric[] =>
  contestants.flatMap(({ name }) => {
    const pairs = (rate: keyof Rates): readonly Pair[] =>
      rounds.map(({ ours, peers }) => ({ ours: ours[rate], reference: peers.get(name)?.[rate] ?? 0 }))
    const [deposit, drain] = PEER_GOALS[name] ?? [1, 1]
    return [
      rateMetric(`deposit_rate_vs_${name}`, deposit, pairs('depositPerS')),
      rateMetric(`drain_rate_vs_${name}`, drain, pairs('drainPerS')),
    ]
  })

const measureOnline = async (workDir: string, options: BenchOptions): Promise<readonly Metric[]> => {
  const relay = await startBenchRelay(join(workDir, 'online'), [TCP])
  const echo = await Asked.started('relay-echo.ts', ['--journal', join(workDir, 'echo')])
  const { addresses } = JSON.parse(echo.line) as { readonly addresses: readonly string[] }
  const load = await Asked.start('relay-load.ts', [
    ...['--server', 'online', '--at', addressOf(relay), '--echo', addresses[0] ?? ''],
  ])
  const seconds = options.quick ? 2 : ONLINE_SECONDS
  const rounds = await interleaved(options.rounds, async (number) => {
    const work = { ...workOf(options), round: number }
    const { ours, reference } = await load.ask<Latencies>({ do: 'measure', work, seconds })
    const at = (share: number): Pair => ({ ours: percentile(ours, share), reference: percentile(reference, share) })
    const [p50, p99] = [at(0.5), at(0.99)]
    say(
      `online round ${number}: ours ${p50.ours.toFixed(2)} and ${p99.ours.toFixed(2)} ms, ` +
        `echo ${p50.reference.toFixed(2)} and ${p99.reference.toFixed(2)} ms`,
    )
    return { p50, p99 }
  })
  await load.stop()
  await echo.asked.stop()
  await relay.stop()
  return [
    ratioMetric(
      'online_p50_vs_echo',
      2,
      rounds.map(({ p50 }) => p50),
    ),
    ratioMetric(
      'online_p99_vs_echo',
      3,
      rounds.map(({ p99 }) => p99),
    ),
  ]
}

/** The same messages to connected owners, with attackers at work and without, in turns. */
const measureAttack = async (workDir: string, options: BenchOptions): Promise<readonly Metric[]> => {
  const relay = await startBenchRelay(join(workDir, 'attacked'), [TCP, TCP6])
  const echo = await Asked.started('relay-echo.ts', ['--journal', join(workDir, 'attacked-echo')])
  const { addresses } = JSON.parse(echo.line) as { readonly addresses: readonly string[] }
  const [honest, hostile] = ['/ip4/', '/ip6/'].map((kind) => relay.addresses.find((one) => one.startsWith(kind)) ?? '')
  const load = await Asked.start('relay-load.ts', [
    ...['--server', 'online', '--at', honest ?? '', '--echo', addresses[0] ?? ''],
  ])
  const attack = await Asked.start('relay-load.ts', ['--server', 'attack', '--at', hostile ?? ''])
  const seconds = options.quick ? 2 : ONLINE_SECONDS
  const rounds = await interleaved(options.rounds, async (number): Promise<Pair> => {
    const work = { ...workOf(options), round: number }
    const rest = await load.ask<Latencies>({ do: 'measure', work, seconds })
    await attack.ask({ do: 'start' })
    const attacked = await load.ask<Latencies>({ do: 'measure', work, seconds })
    const { acts } = await attack.ask<{ readonly acts: number }>({ do: 'stop' })
    const pair = { ours: percentile(attacked.ours, 0.99), reference: percentile(rest.ours, 0.99) }
    say(
      `attack round ${number}: p99 ${pair.ours.toFixed(2)} ms under ${acts} hostile acts, ` +
        `${pair.reference.toFixed(2)} ms at rest`,
    )
    return pair
  })
  for (const each of [load, attack, echo.asked]) await each.stop()
  await relay.stop()
  return [ratioMetric('honest_p99_under_attack_vs_rest', 5, rounds)]
}

/** Memory of the relay for each of the owners that were added since it was idle and empty. */
const measureIdle = async (
  workDir: string,
  options: BenchOptions,
  transport: 'tcp' | 'quic',
): Promise<readonly Metric[]> => {
  const goal = transport === 'tcp' ? 64 : 96
  const relay = await startBenchRelay(join(workDir, `idle-${transport}`), [transport === 'tcp' ? TCP : QUIC])
  const load = await Asked.start('relay-load.ts', ['--server', 'idle', '--at', addressOf(relay)])
  const emptyMib = await idleMemoryMib(relay.pid)
  const samples: number[] = []
  for (const count of options.quick ? [100, 200] : [1_000, 5_000]) {
    await load.ask({ do: 'reach', count })
    const kib = (((await idleMemoryMib(relay.pid)) - emptyMib) * 1024) / count
    say(`${count} idle connections over ${transport}: ${kib.toFixed(1)} KiB each`)
    samples.push(kib)
  }
  await load.stop()
  await relay.stop()
  return [figureMetric({ name: `idle_connection_kib_${transport}`, unit: 'KiB', better: 'lower' }, goal, samples)]
}

const measure = async (options: BenchOptions): Promise<Measured> => {
  // In the cache folder, which lies on a real disk: /tmp is memory on many machines, and there an fsync costs nothing.
  await mkdir(cacheDir(), { recursive: true })
  const workDir = await mkdtemp(join(cacheDir(), 'bench-relay-'))
  try {
    if (options.scale) return { metrics: await measureScale(workDir, options), skipped: [] }
    const throughput = await measureThroughput(workDir, options)
    const metrics = [
      ...throughput.metrics,
      ...(await measureOnline(workDir, options)),
      ...(await measureAttack(workDir, options)),
      ...(await measureIdle(workDir, options, 'tcp')),
      ...(await measureIdle(workDir, options, 'quic')),
    ]
    return { metrics, skipped: throughput.skipped }
  } finally {
    await rm(workDir, { recursive: true, force: true })
  }
}

await runBenchmark('relay', measure)
