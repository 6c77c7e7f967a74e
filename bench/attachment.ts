/**
 * How fast a large file becomes ciphertext on disk, by the engine's own attachment cipher and its worker, beside bare
 * AES-256-GCM of node:crypto: one cipher over the same file in the same batches, written and flushed to the same disk.
 * The reference has no segments, no tags but one, no hash and no other thread; it does nothing but that.
 *
 * While ours runs, the delay of the loop that asked for it is measured, and the memory of the process. What was made is
 * opened again and compared by hash.
 */
import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { closeSync, createReadStream, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { createCrypto, selectBackend } from '../main/crypto/index.ts'
import { attachmentWorkerProgram } from '../main/runtime/attachment-worker-program.ts'
import { systemClock } from '../main/runtime/system-clock.ts'
import { createWorkerCipher } from '../main/storage/attachment-cipher/worker-cipher.ts'
import { attachmentsFolder } from '../main/storage/blob-files.ts'
import type { AttachmentCipher } from '../main/ports/attachment-cipher.ts'
import { cacheDir } from '../scripts/paths.ts'
import type { BlobId } from '../shared/model/ids.ts'
import { idFromBytes } from '../shared/model/ids.ts'
import { interleaved, metricOf, runBenchmark, say, WrongResult } from './harness.ts'
import type { BenchOptions, Measured, Metric } from './harness.ts'

const MIB = 1 << 20
const STREAM_BYTES = 1_000_000_000
const QUICK_BYTES = 200_000_000
const BATCH_BYTES = MIB
const GOAL = 0.7
const DELAY_RESOLUTION_MS = 1
/** A loop that is blocked for longer drops frames of a call. */
const MAX_BLOCK_MS = 50
const MAX_GROWTH_MIB = 64
const IDLE_MS = 1_000
const SAMPLE_MEMORY_MS = 20

interface Round {
  /** Megabytes a second. */
  readonly ours: number
  readonly reference: number
  readonly longestBlockMs: number
  /** Of the same loop while nobody encrypts: what the machine's other work does to it. */
  readonly idleBlockMs: number
  readonly grownMib: number
}

const writeRandomFile = async (path: string, sizeBytes: number): Promise<void> => {
  const file = await open(path, 'w')
  try {
    for (let at = 0; at < sizeBytes; at += BATCH_BYTES) {
      await file.write(randomBytes(Math.min(BATCH_BYTES, sizeBytes - at)))
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

const hashOf = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: BATCH_BYTES })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** One thread that does nothing else, without a word to any other. Milliseconds. */
const bareAesGcm = async (source: string, target: string): Promise<number> => {
  const startMs = performance.now()
  const from = openSync(source, 'r')
  const to = openSync(target, 'w')
  try {
    const cipher = createCipheriv('aes-256-gcm', randomBytes(32), randomBytes(12))
    const batch = new Uint8Array(BATCH_BYTES)
    for (let read = readSync(from, batch); read > 0; read = readSync(from, batch)) {
      writeSync(to, cipher.update(batch.subarray(0, read)))
    }
    cipher.final()
    writeSync(to, cipher.getAuthTag())
    fsyncSync(to)
  } finally {
    closeSync(from)
    closeSync(to)
  }
  const tookMs = performance.now() - startMs
  await rm(target)
  return tookMs
}

interface Watched<T> {
  readonly result: T
  readonly tookMs: number
  readonly longestBlockMs: number
  readonly grownMib: number
}

const watched = async <T>(work: () => Promise<T>): Promise<Watched<T>> => {
  const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS })
  const beforeBytes = process.memoryUsage.rss()
  let mostBytes = beforeBytes
  const sampling = setInterval(() => {
    mostBytes = Math.max(mostBytes, process.memoryUsage.rss())
  }, SAMPLE_MEMORY_MS)
  delay.enable()
  const startMs = performance.now()
  try {
    const result = await work()
    const tookMs = performance.now() - startMs
    const longestBlockMs = Math.max(0, delay.max / 1e6 - DELAY_RESOLUTION_MS)
    return { result, tookMs, longestBlockMs, grownMib: (mostBytes - beforeBytes) / MIB }
  } finally {
    delay.disable()
    clearInterval(sampling)
  }
}

interface Bench {
  readonly cipher: AttachmentCipher
  readonly source: string
  readonly sourceHash: string
  readonly sizeBytes: number
  readonly workDir: string
}

/** What was made opens to the bytes it was made of, and has the hash that was told. */
const verify = async (bench: Bench, made: Made): Promise<void> => {
  const { blobId, key, sha256 } = made
  const told = Buffer.from(sha256).toString('hex')
  if ((await hashOf(join(attachmentsFolder(bench.workDir), blobId))) !== told) {
    throw new WrongResult('the ciphertext on disk has another hash than was told')
  }
  const path = join(bench.workDir, 'opened')
  await bench.cipher.save({ blobId, key, sizeBytes: bench.sizeBytes, path })
  if ((await hashOf(path)) !== bench.sourceHash) throw new WrongResult('what was opened is not what was sealed')
  await rm(path)
}

interface Made {
  readonly blobId: BlobId
  readonly key: Uint8Array
  readonly sha256: Uint8Array
}

const measureRound = async (bench: Bench, number: number): Promise<Round> => {
  const { cipher, source, sizeBytes, workDir } = bench
  const blobId = idFromBytes<BlobId>(randomBytes(16))
  const key = new Uint8Array(randomBytes(32))
  const ours = async () =>
    await watched(() =>
      cipher.encrypt({ blobId, key, source: { kind: 'path', path: source }, maxSizeBytes: sizeBytes }),
    )
  // Each goes first in turn: the disk has more to do for the second.
  const first = number % 2 === 0 ? await bareAesGcm(source, join(workDir, 'bare')) : null
  const { result, tookMs, longestBlockMs, grownMib } = await ours()
  await verify(bench, { blobId, key, sha256: result.sha256 })
  await rm(join(attachmentsFolder(workDir), blobId))
  const idle = await watched(() => wait(IDLE_MS))
  const bareMs = first ?? (await bareAesGcm(source, join(workDir, 'bare')))
  const rate = (ms: number): number => sizeBytes / 1_000 / ms
  say(
    `attachment round ${number}: ours ${rate(tookMs).toFixed(0)} MB/s, bare ${rate(bareMs).toFixed(0)} MB/s, ` +
      `longest block ${longestBlockMs.toFixed(1)} ms (idle ${idle.longestBlockMs.toFixed(1)}), memory +${grownMib.toFixed(0)} MiB`,
  )
  return { ours: rate(tookMs), reference: rate(bareMs), longestBlockMs, idleBlockMs: idle.longestBlockMs, grownMib }
}

/** Part of `bench:sessions`. @throws WrongResult */
export const measureAttachment = async (options: BenchOptions): Promise<Measured> => {
  // In the cache folder, which lies on a real disk: /tmp is memory on many machines, and there a flush costs nothing.
  await mkdir(cacheDir(), { recursive: true })
  const workDir = await mkdtemp(join(cacheDir(), 'bench-attachment-'))
  const sizeBytes = options.quick ? QUICK_BYTES : STREAM_BYTES
  const source = join(workDir, 'source')
  const cipher = createWorkerCipher({
    crypto: createCrypto(await selectBackend()),
    folder: attachmentsFolder(workDir),
    program: attachmentWorkerProgram(),
    clock: systemClock,
    log: { info: say, warn: say },
  })
  try {
    await writeRandomFile(source, sizeBytes)
    const bench = { cipher, source, sourceHash: await hashOf(source), sizeBytes, workDir }
    const rounds = await interleaved(options.rounds, (number) => measureRound(bench, number))
    return { metrics: metricsOf(rounds), skipped: [] }
  } finally {
    await cipher.stop()
    await rm(workDir, { recursive: true, force: true })
  }
}

const metricsOf = (rounds: readonly Round[]): readonly Metric[] => [
  metricOf(
    { name: 'attachment_mb_s_vs_aes_gcm', unit: 'ratio', better: 'higher', goal: GOAL },
    rounds.map(({ ours, reference }) => ({ value: ours / reference, ours, reference })),
  ),
  metricOf(
    { name: 'attachment_loop_block_max_ms', unit: 'ms', better: 'lower', goal: MAX_BLOCK_MS },
    rounds.map(({ longestBlockMs, idleBlockMs }) => ({
      value: longestBlockMs,
      ours: longestBlockMs,
      reference: idleBlockMs,
    })),
  ),
  metricOf(
    { name: 'attachment_memory_growth_mib', unit: 'MiB', better: 'lower', goal: MAX_GROWTH_MIB },
    rounds.map(({ grownMib }) => ({ value: grownMib, ours: grownMib, reference: 0 })),
  ),
]

if (import.meta.main) await runBenchmark('attachment', measureAttachment)
