import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCrypto, selectBackend } from '../../crypto/index.ts'
import { attachmentCipherContract } from '../../ports/contract-tests/attachment-cipher.ts'
import { blobIdOf } from '../../ports/contract-tests/sample-records.ts'
import type { Clock } from '../../ports/runtime.ts'
import { createBlobFiles } from '../blob-files.ts'
import { startChild } from '../testing/child.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { hashInLoop } from './ciphertext-hash.ts'
import { createInLoopCipher } from './in-loop-cipher.ts'
import { createWorkerCipher } from './worker-cipher.ts'

const crypto = createCrypto(await selectBackend())
const PROGRAM = new URL('./attachment-worker.ts', import.meta.url)
const key = new Uint8Array(32).fill(3)

/** Its one timer fires when the test says so. */
class TestClock implements Clock {
  #due: (() => void) | null = null

  nowMs(): number {
    return 0
  }

  monotonicMs(): number {
    return 0
  }

  after(_delayMs: number, callback: () => void): () => void {
    this.#due = callback
    return () => {
      this.#due = null
    }
  }

  get isWaiting(): boolean {
    return this.#due !== null
  }

  fire(): void {
    const due = this.#due
    this.#due = null
    due?.()
  }
}

function workerCipher(program: URL | null = PROGRAM) {
  const clock = new TestClock()
  const warnings: string[] = []
  const blobFolder = join(temporaryFolder(), 'attachments')
  const log = {
    info: () => undefined,
    warn: (event: string) => {
      warnings.push(event)
    },
  }
  const cipher = createWorkerCipher({ crypto, folder: blobFolder, program, clock, log })
  onTestFinished(() => cipher.stop())
  return { cipher, clock, warnings, blobFolder, folder: temporaryFolder() }
}

function inLoopCipher() {
  const blobFolder = join(temporaryFolder(), 'attachments')
  const cipher = createInLoopCipher({
    crypto,
    blobs: createBlobFiles(blobFolder),
    batchSegments: 4,
    beginHash: hashInLoop,
  })
  onTestFinished(() => cipher.stop())
  return { cipher, blobFolder, folder: temporaryFolder() }
}

attachmentCipherContract('in the loop', inLoopCipher)
attachmentCipherContract('in a worker', workerCipher)
attachmentCipherContract('where no worker starts', () => workerCipher(null))

const large = (blob = 1) => ({
  blobId: blobIdOf(blob),
  key,
  source: { kind: 'bytes', bytes: new Uint8Array(1_000_000) } as const,
  maxSizeBytes: 1_000_000,
})

describe('the worker', () => {
  test('takes pasted bytes without a copy: they are gone here', async () => {
    const { cipher } = workerCipher()
    const job = large()
    await cipher.encrypt(job)
    expect(job.source.bytes.length).toBe(0)
  })

  test('is not woken for what is small', async () => {
    const { cipher, clock } = workerCipher()
    const bytes = new Uint8Array(1_000)
    await cipher.encrypt({ ...large(), source: { kind: 'bytes', bytes } })
    await cipher.read({ blobId: blobIdOf(1), key, sizeBytes: 1_000, start: 0, end: null })
    expect(bytes.length).toBe(1_000)
    expect(clock.isWaiting).toBe(false)
  })

  test('ends when it was idle for a while, and another begins when there is work', async () => {
    const { cipher, clock } = workerCipher()
    await cipher.encrypt(large())
    expect(clock.isWaiting).toBe(true)
    const next = cipher.read({ blobId: blobIdOf(1), key, sizeBytes: 1_000_000, start: 0, end: null })
    expect(clock.isWaiting).toBe(false)
    await next
    clock.fire()
    expect(await cipher.read({ blobId: blobIdOf(1), key, sizeBytes: 1_000_000, start: 0, end: null })).toHaveLength(
      1_000_000,
    )
  })

  test('that cannot start is said once, and its work is done here', async () => {
    const { cipher, warnings, blobFolder } = workerCipher(new URL('./no-such-worker.ts', import.meta.url))
    await cipher.encrypt(large(1))
    await cipher.encrypt(large(2))
    expect(warnings).toEqual(['attachment-worker-not-started'])
    expect(readdirSync(blobFolder)).toHaveLength(2)
  })

  test('that dies of a bug takes its work along and leaves nothing; the next is begun', async () => {
    const { cipher, blobFolder, warnings } = workerCipher(new URL('./testing/dying-worker.ts', import.meta.url))
    mkdirSync(blobFolder)
    for (const blob of [1, 2]) {
      await expect(cipher.encrypt(large(blob))).rejects.toThrow('a bug')
      expect(readdirSync(blobFolder)).toEqual([])
    }
    expect(warnings).toEqual([])
  })

  test('tells the hash of what it wrote, also of a file that is hashed in a thread of its own', async () => {
    const { cipher, blobFolder } = workerCipher()
    const sizeBytes = 20_000_000
    const bytes = new Uint8Array(randomBytes(sizeBytes))
    const { sha256 } = await cipher.encrypt({ ...large(), source: { kind: 'bytes', bytes }, maxSizeBytes: sizeBytes })
    const written = createHash('sha256')
      .update(readFileSync(join(blobFolder, blobIdOf(1))))
      .digest()
    expect(Buffer.from(sha256)).toEqual(written)
  })

  test('leaves the loop free while it encrypts', async () => {
    const { cipher } = workerCipher()
    await cipher.encrypt(large(1))
    const before = performance.eventLoopUtilization()
    const sizeBytes = 60_000_000
    await cipher.encrypt({
      ...large(2),
      source: { kind: 'bytes', bytes: new Uint8Array(sizeBytes) },
      maxSizeBytes: sizeBytes,
    })
    const { utilization } = performance.eventLoopUtilization(before)
    // In the loop itself this is near 1: it computes all the time.
    expect(utilization).toBeLessThan(0.5)
  })
})

test('a key reaches no file', async () => {
  const { cipher, blobFolder, folder } = workerCipher()
  const secret = randomBytes(32)
  const path = join(folder, 'saved')
  await cipher.encrypt({ ...large(), key: new Uint8Array(secret) })
  await cipher.save({ blobId: blobIdOf(1), key: new Uint8Array(secret), sizeBytes: 1_000_000, path })
  expect(readFileSync(join(blobFolder, blobIdOf(1))).includes(secret)).toBe(false)
  expect(statSync(path).mode & 0o077).toBe(0)
})

test.each(['loop', 'worker'])('a full disk is said so, and nothing is left: in the %s', async (where) => {
  const folder = temporaryFolder()
  const sizeBytes = 3_000_000
  const source = { kind: 'path', path: join(folder, 'source') } as const
  writeFileSync(source.path, new Uint8Array(sizeBytes))
  const blobs = createBlobFiles(join(folder, 'attachments'))
  const cipher = createInLoopCipher({ crypto, blobs, batchSegments: 4, beginHash: hashInLoop })
  await cipher.encrypt({ blobId: blobIdOf(1), key, source, maxSizeBytes: sizeBytes })

  const program = new URL('../testing/fill-disk-with-attachment.ts', import.meta.url)
  const child = startChild(program, [folder, where, String(sizeBytes)], 2_048)
  expect(JSON.parse((await child.line()) ?? '')).toEqual({ encrypt: 'disk-full', save: 'disk-full' })
  expect(await child.ended).toBe(0)
  expect(readdirSync(folder).sort()).toEqual(['attachments', 'source'])
  expect(readdirSync(join(folder, 'attachments'))).toEqual([blobIdOf(1)])
})
