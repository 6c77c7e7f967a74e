/** What a relay does by itself: forgets what expired, erases what was deleted, watches the disk. */

import { statfs } from 'node:fs/promises'
import type { BlobFiles } from './blob-files.ts'
import type { RelayTime } from './relay-clock.ts'
import type { RelayLog } from './relay-log.ts'
import type { RestoreGuard } from './restore-guard.ts'
import type { RelayStore } from './storage/relay-store.ts'

/** Acknowledged bytes are gone from database, log and free pages within a minute. */
const ERASE_EVERY_MS = 30_000
const SWEEP_EVERY_MS = 60_000

export interface HousekeepingParts {
  readonly store: RelayStore
  readonly files: BlobFiles
  readonly guard: RestoreGuard
  readonly log: RelayLog
  readonly time: RelayTime
  readonly dataDir: string
  readonly minFreeDiskBytes: number
  readonly eraseEveryMs?: number
}

export class Housekeeping {
  readonly #parts: HousekeepingParts
  readonly #timers: NodeJS.Timeout[] = []
  #diskFull = false
  #sweeping: Promise<void> = Promise.resolve()

  constructor(parts: HousekeepingParts) {
    this.#parts = parts
  }

  get isDiskFull(): boolean {
    return this.#diskFull
  }

  async start(): Promise<void> {
    await this.#measureDisk()
    this.#timers.push(
      setInterval(() => {
        this.#parts.store.erase()
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

  async #sweep(): Promise<void> {
    const { guard, log } = this.#parts
    try {
      await guard.renew()
      await this.sweep()
      await this.#measureDisk()
    } catch (error) {
      log.error('sweep-failed', { reason: error instanceof Error ? error.name : 'unknown' })
    }
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

  async #measureDisk(): Promise<void> {
    const { dataDir, minFreeDiskBytes, log } = this.#parts
    const { bavail, bsize } = await statfs(dataDir)
    const full = bavail * bsize < minFreeDiskBytes
    if (full !== this.#diskFull) log.info(full ? 'disk-full' : 'disk-free-again')
    this.#diskFull = full
  }
}
