/** A relay with a million mailboxes beside one with ten thousand: what each takes, gives back and needs to start again. */
import { join } from 'node:path'
import { figureMetric, interleaved, metricOf, say } from './harness.ts'
import type { BenchOptions, Metric } from './harness.ts'
import { Asked, startBenchRelay } from './relay-server.ts'
import type { BenchServer } from './relay-server.ts'
import { SCALE_MESSAGES } from './relay-scale-data.ts'
import type { Timed, Work } from './relay-work.ts'

const TCP = '/ip4/127.0.0.1/tcp/0'
const OWNERS_A_ROUND = 150
/** Mailboxes of owners are used up by a drain. */
const MAX_ROUNDS = 5

interface Size {
  readonly mailboxes: number
  readonly dataDir: string
}

interface Figures {
  readonly startMs: number
  readonly depositPerS: number
  readonly drainPerS: number
}

const measureSize = async ({ mailboxes, dataDir }: Size, round: number, messages: number): Promise<Figures> => {
  const startedMs = performance.now()
  const relay: BenchServer = await startBenchRelay(dataDir, [TCP])
  const startMs = performance.now() - startedMs
  const [address] = relay.addresses
  if (address === undefined) throw new Error('the relay listens nowhere')
  const load = await Asked.start('relay-load.ts', ['--server', 'scale', '--at', address, '--relay', relay.relayId])
  try {
    const work: Work = { messages, mailboxes, connections: 16, outstanding: 64, batch: 16, round }
    const drain = await load.ask<Timed>({ do: 'drain', work })
    const deposit = await load.ask<Timed>({ do: 'deposit', work })
    return {
      startMs,
      depositPerS: messages / deposit.seconds,
      drainPerS: (OWNERS_A_ROUND * SCALE_MESSAGES) / drain.seconds,
    }
  } finally {
    await load.stop()
    await relay.stop()
  }
}

const sayFigures = (mailboxes: number, { startMs, depositPerS, drainPerS }: Figures): void => {
  say(
    `  ${mailboxes} mailboxes: starts in ${Math.round(startMs)} ms, takes ${Math.round(depositPerS)}/s, ` +
      `gives ${Math.round(drainPerS)}/s`,
  )
}

export const measureScale = async (workDir: string, options: BenchOptions): Promise<readonly Metric[]> => {
  const [few, many] = options.quick ? [1_000, 20_000] : [10_000, 1_000_000]
  const small: Size = { mailboxes: few, dataDir: join(workDir, 'few') }
  const large: Size = { mailboxes: many, dataDir: join(workDir, 'many') }
  for (const { mailboxes, dataDir } of [small, large]) {
    // The relay makes its folder and keys.
    await (await startBenchRelay(dataDir, [TCP])).stop()
    const filler = await Asked.start('relay-fill.ts', ['--data', dataDir])
    const startedMs = performance.now()
    await filler.ask({ do: 'fill', mailboxes })
    say(
      `${mailboxes} mailboxes of ${SCALE_MESSAGES} filled in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
    )
    await filler.stop()
  }
  // Whole batches on each connection.
  const messages = options.quick ? 4_096 : 19_200
  const rounds = await interleaved(Math.min(options.rounds, MAX_ROUNDS), async (round) => {
    say(`scale round ${round}`)
    const ofFew = await measureSize(small, round, messages)
    sayFigures(few, ofFew)
    const ofMany = await measureSize(large, round, messages)
    sayFigures(many, ofMany)
    const ratios = [
      ofMany.startMs / ofFew.startMs,
      ofFew.depositPerS / ofMany.depositPerS,
      ofFew.drainPerS / ofMany.drainPerS,
    ]
    return { value: Math.max(...ratios), ours: ofMany.depositPerS, reference: ofFew.depositPerS }
  })
  const filler = await Asked.start('relay-fill.ts', ['--data', large.dataDir])
  const swept = await filler.ask<{ pauseMaxMs: number; seconds: number; swept: number }>({ do: 'sweep' })
  say(
    `${swept.swept} expired envelopes swept in ${swept.seconds.toFixed(1)} s, longest pause ${swept.pauseMaxMs.toFixed(1)} ms`,
  )
  await filler.stop()
  return [
    metricOf({ name: 'scale_1m_vs_10k', unit: 'ratio', better: 'lower', goal: 1.5 }, rounds),
    figureMetric({ name: 'sweep_pause_max_ms', unit: 'ms', better: 'lower' }, 50, [swept.pauseMaxMs]),
  ]
}
