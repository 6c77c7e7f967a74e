/** One attachment worker as the engine sees it: tasks in, results out, and how it ended. */

import { Worker } from 'node:worker_threads'
import { ParleyError } from '../../../shared/errors.ts'
import type {
  CipherResults,
  CipherTask,
  FromWorker,
  TaskKind,
  TaskResult,
  ToWorker,
  WorkerSetup,
} from './worker-messages.ts'

export interface TaskControl {
  readonly signal?: AbortSignal
  readonly onProgress?: (doneBytes: number) => void
}

export interface WorkerListener {
  /** The last task has ended. */
  onIdle(): void
  /** The thread is gone. */
  onEnd(failure: Error): void
}

interface Pending {
  readonly resolve: (result: TaskResult) => void
  readonly reject: (error: unknown) => void
  readonly onProgress: ((doneBytes: number) => void) | undefined
}

export class RunningWorker {
  readonly #worker: Worker
  readonly #listener: WorkerListener
  readonly #onReady: () => void
  readonly #pending = new Map<number, Pending>()
  readonly #ended: Promise<void>
  #nextId = 1
  /** Why there will be no more answers. */
  #failure: Error | null = null

  private constructor(worker: Worker, listener: WorkerListener, onReady: () => void) {
    this.#worker = worker
    this.#listener = listener
    this.#onReady = onReady
    worker.on('message', (message: FromWorker) => {
      this.#onMessage(message)
    })
    worker.on('error', (error: Error) => {
      this.#failure ??= error
    })
    this.#ended = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#onExit()
        resolve()
      })
    })
  }

  /** @throws whatever keeps a worker from starting */
  static async start(program: URL, setup: WorkerSetup, listener: WorkerListener): Promise<RunningWorker> {
    const worker = new Worker(program, { workerData: setup })
    return await new Promise((resolve, reject) => {
      const running: RunningWorker = new RunningWorker(
        worker,
        {
          onIdle: () => {
            listener.onIdle()
          },
          onEnd: (failure) => {
            reject(failure)
            listener.onEnd(failure)
          },
        },
        () => {
          resolve(running)
        },
      )
    })
  }

  get isIdle(): boolean {
    return this.#pending.size === 0
  }

  /** @throws what the task ends with; cancelled after `stop`; when the worker dies of a bug: that bug */
  async run<Kind extends TaskKind>(
    task: CipherTask<Kind> & CipherTask,
    { signal, onProgress }: TaskControl,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<CipherResults[Kind]> {
    if (this.#failure !== null) throw this.#failure
    const id = this.#nextId++
    const cancel = (): void => {
      this.#send({ type: 'cancel', id })
    }
    const result = new Promise<TaskResult>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onProgress })
    })
    this.#worker.ref()
    this.#send({ type: 'task', id, task, tellsProgress: onProgress !== undefined }, transfer)
    if (signal?.aborted === true) cancel()
    signal?.addEventListener('abort', cancel)
    try {
      // The worker answers each kind with the result that is its own.
      return (await result) as CipherResults[Kind]
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
  }

  /** What is under way ends as cancelled. Resolves when the thread is gone. */
  async stop(): Promise<void> {
    this.#failure ??= new ParleyError('cancelled')
    this.#worker.ref()
    this.#send({ type: 'stop' })
    await this.#ended
  }

  #send(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  #onMessage(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        // While it has nothing to do it keeps no process alive.
        this.#worker.unref()
        this.#onReady()
        return
      case 'progress':
        this.#pending.get(message.id)?.onProgress?.(message.doneBytes)
        return
      case 'done':
        this.#take(message.id)?.resolve(message.result)
        return
      case 'failed':
        this.#take(message.id)?.reject(new ParleyError(message.code, message.detail))
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (this.isIdle) {
      this.#worker.unref()
      this.#listener.onIdle()
    }
    return pending
  }

  #onExit(): void {
    this.#failure ??= new Error('the attachment worker ended by itself')
    for (const pending of this.#pending.values()) pending.reject(this.#failure)
    this.#pending.clear()
    this.#listener.onEnd(this.#failure)
  }
}
