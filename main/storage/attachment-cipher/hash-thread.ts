/**
 * A thread beside the attachment worker's that hashes what the worker seals: SHA-256 takes about as long as AES-GCM, and the
 * two run at once. The ciphertext lies in memory that both threads see, so nothing is copied.
 */

import { Worker } from 'node:worker_threads'
import type { CiphertextHash } from './ciphertext-hash.ts'
import type { FromHashThread, ToHashThread } from './hash-messages.ts'

type Answer = Exclude<FromHashThread, { type: 'ready' }>

interface Waiting {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

export class HashThread {
  readonly #worker: Worker
  readonly #ended: Promise<unknown>
  /** The thread answers everything in the order in which it was asked. */
  readonly #waiting: Waiting[] = []
  #nextId = 1
  #failure: Error | null = null

  private constructor(worker: Worker) {
    this.#worker = worker
    this.#ended = new Promise((resolve) => worker.once('exit', resolve))
    worker.on('message', (message: FromHashThread) => {
      if (message.type !== 'ready') this.#waiting.shift()?.resolve(message)
    })
    worker.on('error', (error: Error) => {
      this.#fail(error)
    })
    worker.once('exit', () => {
      this.#fail(new Error('the hash thread ended'))
    })
  }

  /** Null: none starts here. */
  static async start(program: URL): Promise<HashThread | null> {
    try {
      const worker = new Worker(program)
      const thread = new HashThread(worker)
      await new Promise((resolve, reject) => {
        worker.once('message', resolve)
        worker.once('error', reject)
        worker.once('exit', reject)
      })
      return thread
    } catch {
      return null
    }
  }

  get hasFailed(): boolean {
    return this.#failure !== null
  }

  begin(slotBytes: number): CiphertextHash {
    const id = this.#nextId++
    const slots = [sharedBytes(slotBytes), sharedBytes(slotBytes)] as const
    this.#send({ type: 'begin', id, slots })
    return {
      slots,
      update: async (slot, lengthBytes) => {
        await this.#ask({ type: 'update', id, slot, lengthBytes })
      },
      digest: async () => {
        const answer = await this.#ask({ type: 'end', id })
        if (answer.type !== 'digest') throw new Error('the hash thread lost count')
        return answer.sha256
      },
    }
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
    await this.#ended
  }

  #send(message: ToHashThread): void {
    this.#worker.postMessage(message)
  }

  #ask(message: ToHashThread): Promise<Answer> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    this.#send(message)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure)
  }
}

function sharedBytes(sizeBytes: number): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(new SharedArrayBuffer(sizeBytes))
}
