/** What all benchmarks share: options, medians over interleaved rounds, the one report. */
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../scripts/paths.ts'

const DEFAULT_ROUNDS = 5

export interface BenchOptions {
  readonly json: boolean
  /** Counted rounds, after the warm-up. */
  readonly rounds: number
  /** Fewer messages a round: to see that it works, not to compare. */
  readonly quick: boolean
  /** Other servers beside ours, where they are installed. */
  readonly peers: boolean
  /** The long run at a million. */
  readonly scale: boolean
}

export interface Metric {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly better: 'lower' | 'higher'
  readonly goal: number | null
  readonly ok: boolean
  readonly ours: number
  readonly reference: number
  /** The smallest and the largest of the rounds. */
  readonly spread: readonly [number, number]
}

export interface Skipped {
  readonly name: string
  readonly why: string
}

export interface Measured {
  readonly metrics: readonly Metric[]
  readonly skipped: readonly Skipped[]
  /** Where it is not the Node that runs the benchmark. */
  readonly runtime?: string
}

export interface Report {
  readonly bench: string
  readonly version: string
  readonly runtime: string
  readonly cpus: number
  readonly rounds: number
  readonly metrics: readonly Metric[]
  readonly skipped: readonly Skipped[]
}

/** Something was lost, doubled or wrong: the figures mean nothing. */
export class WrongResult extends Error {}

export const readOptions = (args: readonly string[]): BenchOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      scale: { type: 'boolean', default: false },
      rounds: { type: 'string', default: String(DEFAULT_ROUNDS) },
    },
  })
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number from 1')
  return { json: values.json, quick: values.quick, peers: values.peers, scale: values.scale, rounds }
}

/** The value below which that share of the samples lies; between two samples by the nearest rank. */
export const percentile = (samples: readonly number[], share: number): number => {
  const sorted = [...samples].sort((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  if (value === undefined) throw new Error('no samples')
  return value
}

export const median = (samples: readonly number[]): number => {
  const sorted = [...samples].sort((a, b) => a - b)
  const upper = sorted[sorted.length >> 1]
  const lower = sorted[(sorted.length - 1) >> 1]
  if (upper === undefined || lower === undefined) throw new Error('no samples')
  return (lower + upper) / 2
}

export interface Pair {
  readonly ours: number
  readonly reference: number
}

interface Round extends Pair {
  readonly value: number
}

/** The medians of the rounds. What slows the machine down in a round slows both sides, so a ratio is taken in each. */
export const metricOf = (
  about: Pick<Metric, 'name' | 'unit' | 'better' | 'goal'>,
  rounds: readonly Round[],
): Metric => {
  const values = rounds.map((round) => round.value)
  const value = median(values)
  const { goal, better } = about
  return {
    ...about,
    value: rounded(value),
    ok: goal === null || (better === 'higher' ? value >= goal : value <= goal),
    ours: rounded(median(rounds.map(({ ours }) => ours))),
    reference: rounded(median(rounds.map(({ reference }) => reference))),
    spread: [rounded(Math.min(...values)), rounded(Math.max(...values))],
  }
}

const withRatios = (pairs: readonly Pair[]): readonly Round[] =>
  pairs.map((pair) => ({ ...pair, value: pair.ours / pair.reference }))

/** Of two durations. */
export const ratioMetric = (name: string, goal: number, pairs: readonly Pair[]): Metric =>
  metricOf({ name, unit: 'ratio', better: 'lower', goal }, withRatios(pairs))

/** Of two rates. */
export const rateMetric = (name: string, goal: number, pairs: readonly Pair[]): Metric =>
  metricOf({ name, unit: 'ratio', better: 'higher', goal }, withRatios(pairs))

/** A duration that is held against a fixed goal. @param samples milliseconds, one a round */
export const durationMetric = (name: string, goalMs: number, samples: readonly number[]): Metric =>
  metricOf(
    { name, unit: 'ms', better: 'lower', goal: goalMs },
    samples.map((ms) => ({ value: ms, ours: ms, reference: goalMs })),
  )

/** A figure of ours that is held against a fixed goal. */
export const figureMetric = (
  about: Pick<Metric, 'name' | 'unit' | 'better'>,
  goal: number,
  samples: readonly number[],
): Metric =>
  metricOf(
    { ...about, goal },
    samples.map((value) => ({ value, ours: value, reference: goal })),
  )

/** A warm-up that does not count, then the rounds; each measures ours and the reference, one after the other. */
export const interleaved = async <T>(rounds: number, round: (number: number) => Promise<T>): Promise<readonly T[]> => {
  await round(0)
  const results: T[] = []
  for (let number = 1; number <= rounds; number += 1) results.push(await round(number))
  return results
}

const rounded = (value: number): number => Number(value.toPrecision(4))

/** Progress goes to standard error: standard output is the report. */
export const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const printTable = (report: Report): void => {
  print(`${report.bench}: Parley ${report.version}, ${report.runtime}, ${report.cpus} CPUs, ${report.rounds} rounds`)
  const rows = [
    ['metric', 'value', 'goal', 'met', 'ours', 'reference', 'spread'],
    ...report.metrics.map((metric) => [
      metric.name,
      `${metric.value} ${metric.unit}`,
      metric.goal === null ? '' : `${metric.better === 'lower' ? '≤' : '≥'} ${metric.goal}`,
      metric.ok ? 'yes' : 'NO',
      String(metric.ours),
      String(metric.reference),
      metric.spread.join(' to '),
    ]),
  ]
  const widths = rows.reduce<readonly number[]>(
    (widest, row) => row.map((cell, column) => Math.max(cell.length, widest[column] ?? 0)),
    [],
  )
  for (const row of rows) print(`  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
  for (const { name, why } of report.skipped) print(`  skipped ${name}: ${why}`)
}

/** Runs one benchmark and ends the process: 0 with a report, whether goals are met or not; 1 when it was wrong. */
export const runBenchmark = async (
  bench: string,
  measure: (options: BenchOptions) => Promise<Measured>,
): Promise<never> => {
  // What a build or an installation says on the way is progress too.
  console.log = say
  try {
    const options = readOptions(process.argv.slice(2))
    const { metrics, skipped, runtime } = await measure(options)
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    const report: Report = {
      bench,
      version,
      runtime: runtime ?? `node ${process.versions.node}`,
      cpus: availableParallelism(),
      rounds: options.rounds,
      metrics,
      skipped,
    }
    if (options.json) print(JSON.stringify(report))
    else printTable(report)
    process.exit(0)
  } catch (error) {
    say(
      error instanceof WrongResult
        ? `${bench}: WRONG: ${error.message}`
        : `${bench}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
    process.exit(1)
  }
}
