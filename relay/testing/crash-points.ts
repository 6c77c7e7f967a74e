/** A relay that dies where a test says, and comes back at the same address. */

import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { FromCrashingRelay, ToCrashingRelay } from './crash-steps.ts'
import { RelayProcess } from './relay-process.ts'
import type { StartLine } from './relay-process.ts'

const PROGRAM_PARTS = {
  program: fileURLToPath(new URL('crashing-relay.ts', import.meta.url)),
  // Strangers work little: what is tried here is what follows.
  env: { PARLEY_RELAY_DOOR_BITS: '1' },
}

/** A step that is not reached is a mistake of the test: it is not waited for. */
const DIES_WITHIN_MS = 10_000

export class CrashingRelay {
  readonly #dataDir: string
  #process: RelayProcess

  private constructor(dataDir: string, process: RelayProcess) {
    this.#dataDir = dataDir
    this.#process = process
  }

  static async start(dataDir: string): Promise<CrashingRelay> {
    return new CrashingRelay(dataDir, await RelayProcess.start(dataDir, undefined, PROGRAM_PARTS))
  }

  get contact(): StartLine {
    return this.#process.started
  }

  /** Counts steps from here; it dies before that one (from 0), or at none. */
  async arm(dieAt: number | null): Promise<void> {
    await this.#ask({ kind: 'arm', dieAt })
  }

  /** No flush of the disk ends until it is armed again. */
  async holdFlushes(): Promise<void> {
    await this.#ask({ kind: 'hold-flushes' })
  }

  /** What it did since it was armed. */
  async steps(): Promise<readonly string[]> {
    const answer = await this.#ask({ kind: 'list' })
    if (answer.kind !== 'steps') throw new Error(answer.kind)
    return answer.names
  }

  async #ask(message: ToCrashingRelay): Promise<FromCrashingRelay> {
    return (await this.#process.ask(message)) as FromCrashingRelay
  }

  /** Resolves when it runs again. */
  async restartAfterDeath(): Promise<void> {
    const { addresses } = this.contact
    const by = await Promise.race([this.#process.ended, delay(DIES_WITHIN_MS, 'not at all', { ref: false })])
    if (by !== 'SIGKILL') throw new Error(`the relay ended by ${String(by)}: ${this.#process.log}`)
    this.#process = await RelayProcess.start(this.#dataDir, addresses[0], PROGRAM_PARTS)
  }

  async killAndRestart(): Promise<void> {
    await Promise.all([this.kill(), this.restartAfterDeath()])
  }

  async kill(): Promise<void> {
    await this.#process.end('SIGKILL')
  }
}
