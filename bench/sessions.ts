/**
 * Sessions beside libsignal (bench/libsignal.ts), in Node and in Electron's Node: 200-byte ping-pong with header encryption, a
 * snapshot of the state at each step and the post-quantum ratchet; one way; a handshake from the bundle to the first message.
 * Both sides of a comparison run in one process, in turn. Then what the engine does with them: bench/open-envelope.ts and
 * bench/attachment.ts.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleForNode } from '../scripts/bundle-for-node.ts'
import { electronRuntime } from '../scripts/electron-runtime.ts'
import { run } from '../scripts/run.ts'
import { measureAttachment } from './attachment.ts'
import { durationMetric, rateMetric, runBenchmark, say, WrongResult } from './harness.ts'
import type { BenchOptions, Measured, Metric, Skipped } from './harness.ts'
import { installLibsignal, LIBSIGNAL_VERSION } from './libsignal.ts'
import { measureOpenEnvelope } from './open-envelope.ts'
import type { WorkerReport } from './sessions-worker.ts'

const GOALS = {
  electron: { pingpong: 2, oneway: 8, pqxdh: 1.5, sender_key: 1.5, group_rotation_1024: 4 },
  node: { pingpong: 1.4, oneway: 8, pqxdh: 1.5, sender_key: 1.5, group_rotation_1024: 4 },
} as const
const GAP_GOAL_MS = 1

type Runtime = keyof typeof GOALS

const measureIn = async (
  runtime: Runtime,
  entry: string,
  options: BenchOptions,
  worker: string,
): Promise<WorkerReport> => {
  const electron = runtime === 'electron' ? await electronRuntime() : null
  const size = options.quick ? 'quick' : 'full'
  say(`sessions: in ${runtime}`)
  const { code, output } = await run(
    electron?.executablePath ?? process.execPath,
    [worker, entry, String(options.rounds), size],
    { output: 'collect', env: { ...process.env, ...electron?.env, ELECTRON_RUN_AS_NODE: '1' } },
  )
  const line = output.trim().split('\n').at(-1) ?? ''
  if (code !== 0) throw new WrongResult(output.slice(-2_000))
  return JSON.parse(line) as WorkerReport
}

const metricsOf = (runtime: Runtime, { pairs, gapMsPerMessage }: WorkerReport): readonly Metric[] => {
  const suffix = runtime === 'node' ? '_node24' : ''
  const goals: Readonly<Record<string, number>> = GOALS[runtime]
  return [
    ...Object.entries(pairs).map(([name, rounds]) =>
      rateMetric(`${name}_vs_libsignal${suffix}`, goals[name] ?? 1, rounds),
    ),
    durationMetric(`receive_after_gap_1000_ms${suffix}`, GAP_GOAL_MS, gapMsPerMessage),
  ]
}

const measure = async (options: BenchOptions): Promise<Measured> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-sessions-'))
  try {
    await bundleForNode({ entries: { worker: 'bench/sessions-worker.ts' }, outDir: folder, extension: 'mjs' })
    const worker = join(folder, 'worker.mjs')
    const metrics: Metric[] = []
    const skipped: Skipped[] = []
    const entry = await installLibsignal().catch((error: unknown) => {
      skipped.push({ name: `libsignal ${LIBSIGNAL_VERSION}`, why: error instanceof Error ? error.message : 'unknown' })
      return null
    })
    if (entry !== null) {
      for (const runtime of ['electron', 'node'] as const) {
        metrics.push(...metricsOf(runtime, await measureIn(runtime, entry, options, worker)))
      }
    }
    for (const { metrics: more } of [await measureOpenEnvelope(options), await measureAttachment(options)]) {
      metrics.push(...more)
    }
    return { metrics, skipped }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

await runBenchmark('sessions', measure)
