/** What a relay does by itself: forgets what expired, erases what was deleted. */

import type { BlobFiles } from './blob-files.ts'
import type { RelayTime } from './relay-clock.ts'
import type { RelayLog } from './relay-log.ts'
import type { RestoreGuard } from './restore-guard.ts'
import type { RelayStore, StoreTotals } from './storage/relay-store.ts'

/** Acknowledged bytes are gone from database, log and free pages within a minute. */
const ERASE_EVERY_MS = 30_000
const SWEEP_EVERY_MS = 60_000

export interface HousekeepingParts {
  readonly store: RelayStore
  readonly files: BlobFiles
  readonly guard: RestoreGuard
  readonly log: RelayLog
  readonly time: RelayTime
  readonly eraseEveryMs?: number
}

export class Housekeeping {
  readonly #parts: HousekeepingParts
  readonly #timers: NodeJS.Timeout[] = []
  #totals: StoreTotals = { mailboxes: 0, envelopes: 0, envelopeBytes: 0 }
  #sweeping: Promise<void> = Promise.resolve()

  constructor(parts: HousekeepingParts) {
    this.#parts = parts
  }

  /** As of the last minute. */
  get totals(): StoreTotals {
    return this.#totals
  }

  start(): void {
    this.#sweeping = this.#count()
    this.#timers.push(
      setInterval(() => {
        this.erase()
      }, this.#parts.eraseEveryMs ?? ERASE_EVERY_MS),
      setInterval(() => {
        this.#sweeping = this.#sweep()
      }, SWEEP_EVERY_MS),
    )
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await this.#sweeping
  }

  /** On a disk that takes nothing the bytes stay for now; the next round tries again. */
  erase(): void {
    try {
      this.#parts.store.erase()
    } catch (error) {
      this.#failed('erase-failed', error)
    }
  }

  async #sweep(): Promise<void> {
    try {
      await this.sweep()
    } catch (error) {
      this.#failed('sweep-failed', error)
    }
    try {
      await this.#parts.guard.renew()
    } catch (error) {
      this.#failed('renewal-failed', error)
    }
    await this.#count()
  }

  #failed(event: string, error: unknown): void {
    this.#parts.log.error(event, { reason: error instanceof Error ? error.name : 'unknown' })
  }

  /** In slices, so that requests get their turn between them. */
  async sweep(): Promise<void> {
    const { store, files, time } = this.#parts
    for (let more = true; more;) {
      const swept = await store.sweep(time.certainNow())
      for (const blob of swept.blobs) await files.delete(blob)
      more = swept.more
    }
  }

  async #count(): Promise<void> {
    try {
      this.#totals = await this.#parts.store.totals()
    } catch (error) {
      this.#failed('count-failed', error)
    }
  }
}
