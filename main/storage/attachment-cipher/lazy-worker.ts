/** At most one attachment worker: started when it is first asked for, ended when it was idle for a while. */

import type { Clock, Logger } from '../../ports/runtime.ts'
import { ParleyError } from '../../../shared/errors.ts'
import { errnoCode } from '../file-failure.ts'
import { RunningWorker } from './running-worker.ts'
import type { WorkerSetup } from './worker-messages.ts'

const IDLE_MS = 30_000

export interface LazyWorkerOptions {
  /** Null: this runtime has none. */
  readonly program: URL | null
  readonly setup: WorkerSetup
  readonly clock: Clock
  readonly log: Logger
}

export class LazyWorker {
  readonly #options: LazyWorkerOptions
  readonly #ending = new Set<Promise<void>>()
  #available: boolean
  #worker: Promise<RunningWorker | null> | null = null
  #cancelIdle: (() => void) | null = null
  #stopped = false

  constructor(options: LazyWorkerOptions) {
    this.#options = options
    this.#available = options.program !== null
  }

  /** Null: none starts here. @throws cancelled after `stop` */
  async awake(): Promise<RunningWorker | null> {
    this.#refuseStopped()
    this.#noLongerIdle()
    this.#worker ??= this.#start()
    const worker = await this.#worker
    this.#refuseStopped()
    return worker
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#noLongerIdle()
    const worker = await this.#worker
    await Promise.all([worker?.stop(), ...this.#ending])
  }

  #refuseStopped(): void {
    if (this.#stopped) throw new ParleyError('cancelled')
  }

  /** One that did not start will not start the next time either: it is said once. */
  async #start(): Promise<RunningWorker | null> {
    const { program, setup, log } = this.#options
    if (program === null || !this.#available) return null
    try {
      const worker: RunningWorker = await RunningWorker.start(program, setup, {
        onIdle: () => {
          this.#endLater(worker)
        },
        onEnd: () => {
          this.#worker = null
          this.#noLongerIdle()
        },
      })
      return worker
    } catch (error) {
      this.#available = false
      log.warn('attachment-worker-not-started', { code: errnoCode(error) })
      return null
    }
  }

  #endLater(worker: RunningWorker): void {
    this.#noLongerIdle()
    if (this.#stopped) return
    this.#cancelIdle = this.#options.clock.after(IDLE_MS, () => {
      this.#cancelIdle = null
      if (!worker.isIdle) return
      this.#worker = null
      const ending = worker.stop().finally(() => this.#ending.delete(ending))
      this.#ending.add(ending)
    })
  }

  #noLongerIdle(): void {
    this.#cancelIdle?.()
    this.#cancelIdle = null
  }
}
