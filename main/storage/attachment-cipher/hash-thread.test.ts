import { createHash, randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { hashInLoop } from './ciphertext-hash.ts'
import type { CiphertextHash } from './ciphertext-hash.ts'
import { HashThread } from './hash-thread.ts'

const PROGRAM = new URL('./hash-worker.ts', import.meta.url)

async function startThread(program = PROGRAM): Promise<HashThread> {
  const thread = await HashThread.start(program)
  if (thread === null) throw new Error('no thread')
  onTestFinished(() => thread.stop())
  return thread
}

async function hashAll(hash: CiphertextHash, batches: readonly Uint8Array[]): Promise<string> {
  let slot: 0 | 1 = 0
  let writing: Promise<void> = Promise.resolve()
  for (const batch of batches) {
    hash.slots[slot].set(batch)
    const update = hash.update(slot, batch.length)
    await writing
    writing = update
    slot = slot === 0 ? 1 : 0
  }
  await writing
  return Buffer.from(await hash.digest()).toString('hex')
}

const batches = [1_000, 1_000, 1_000, 1_000, 7].map((size) => new Uint8Array(randomBytes(size)))
const expected = createHash('sha256').update(Buffer.concat(batches)).digest('hex')

test('beside the loop and in it the hash is that of the whole, also of two streams at once', async () => {
  const thread = await startThread()
  expect(await hashAll(await hashInLoop(1_000, 4_007), batches)).toBe(expected)
  expect(await Promise.all([1, 2].map(() => hashAll(thread.begin(1_000), batches)))).toEqual([expected, expected])
})

test('a thread that does not start is none', async () => {
  expect(await HashThread.start(new URL('./no-such-program.ts', import.meta.url))).toBeNull()
})

test('a thread that ends fails what waits for it and what comes after', async () => {
  const thread = await startThread()
  const hash = thread.begin(1_000)
  const waiting = expect(hash.update(0, 1_000).then(() => hash.digest())).rejects.toThrow('the hash thread ended')
  await thread.stop()
  await waiting
  await expect(hash.update(1, 1_000)).rejects.toThrow('the hash thread ended')
  expect(thread.hasFailed).toBe(true)
})
