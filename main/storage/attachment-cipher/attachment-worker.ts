/** The attachment worker's program: a thread of its own that reads, encrypts, hashes and writes, and opens what is asked for. */

import { parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { createCrypto, selectBackend } from '../../crypto/index.ts'
import type { Crypto } from '../../crypto/index.ts'
import type { AttachmentCipher } from '../../ports/attachment-cipher.ts'
import { isParleyError } from '../../../shared/errors.ts'
import { createBlobFiles } from '../blob-files.ts'
import { hashInLoop } from './ciphertext-hash.ts'
import type { BeginHash } from './ciphertext-hash.ts'
import { HashThread } from './hash-thread.ts'
import { createInLoopCipher } from './in-loop-cipher.ts'
import type { CipherTask, FromWorker, TaskResult, ToWorker, WorkerSetup } from './worker-messages.ts'

/** 1 MiB at a time: messages and system calls cost little beside it, and a seek waits a millisecond. */
const BATCH_SEGMENTS = 16
/** Under this a hash in the same loop is done before another thread stands. */
const LARGE_BYTES = 16 * 1024 * 1024

/** It lies beside this file, whichever form that has. */
const HASH_PROGRAM = new URL(import.meta.url.endsWith('.ts') ? './hash-worker.ts' : './hash-worker.js', import.meta.url)

class AttachmentWorker {
  readonly #port: MessagePort
  readonly #cipher: AttachmentCipher
  readonly #tasks = new Map<number, AbortController>()
  #hashThread: Promise<HashThread | null> | null = null

  constructor(port: MessagePort, crypto: Crypto, { folder }: WorkerSetup) {
    this.#port = port
    this.#cipher = createInLoopCipher({
      crypto,
      blobs: createBlobFiles(folder),
      batchSegments: BATCH_SEGMENTS,
      beginHash: this.#beginHash,
    })
  }

  /** One thread for all large files, until the worker itself ends. Where none starts the hash is taken here. */
  readonly #beginHash: BeginHash = async (slotBytes, totalBytes) => {
    if (totalBytes < LARGE_BYTES) return await hashInLoop(slotBytes, totalBytes)
    this.#hashThread ??= HashThread.start(HASH_PROGRAM)
    const thread = await this.#hashThread
    return thread === null || thread.hasFailed ? await hashInLoop(slotBytes, totalBytes) : thread.begin(slotBytes)
  }

  listen(): void {
    this.#port.on('message', (message: ToWorker) => {
      switch (message.type) {
        case 'task':
          void this.#run(message.id, message.task, message.tellsProgress)
          return
        case 'cancel':
          this.#tasks.get(message.id)?.abort()
          return
        case 'stop':
          void this.#stop()
      }
    })
    this.#send({ type: 'ready' })
  }

  /** What is expected to fail is answered; a bug ends the worker, and with it every task. */
  async #run(id: number, task: CipherTask, tellsProgress: boolean): Promise<void> {
    const abort = new AbortController()
    this.#tasks.set(id, abort)
    try {
      const onProgress = (doneBytes: number): void => {
        if (tellsProgress) this.#send({ type: 'progress', id, doneBytes })
      }
      const result = await this.#resultOf(task, { signal: abort.signal, onProgress })
      this.#send({ type: 'done', id, result }, result instanceof Uint8Array ? [result.buffer] : [])
    } catch (error) {
      if (!isParleyError(error)) throw error
      this.#send({ type: 'failed', id, code: error.code, detail: error.detail })
    } finally {
      this.#tasks.delete(id)
    }
  }

  async #resultOf(
    task: CipherTask,
    control: { readonly signal: AbortSignal; readonly onProgress: (doneBytes: number) => void },
  ): Promise<TaskResult> {
    switch (task.kind) {
      case 'encrypt':
        return await this.#cipher.encrypt({ ...task, ...control })
      case 'save':
        await this.#cipher.save({ ...task, ...control })
        return null
      case 'read':
        return ownBuffer(await this.#cipher.read(task))
    }
  }

  async #stop(): Promise<void> {
    await this.#cipher.stop()
    await (await this.#hashThread)?.stop()
    this.#port.close()
  }

  #send(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer)
  }
}

/** Bytes that can be handed over without a copy, and take nothing else along. */
function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length
    ? new Uint8Array(buffer)
    : new Uint8Array(bytes)
}

if (parentPort === null) throw new Error('attachment-worker runs in a worker thread')
// Messages wait in the port until somebody listens.
new AttachmentWorker(parentPort, createCrypto(await selectBackend()), workerData as WorkerSetup).listen()
