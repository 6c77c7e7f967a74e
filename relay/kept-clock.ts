/** The relay's clock together with the file that it is compared with at the next start. */

import { join } from 'node:path'
import { CLOCK_FILE } from './data-files.ts'
import { RelayClock } from './relay-clock.ts'
import type { Clocks, RelayTime } from './relay-clock.ts'
import { readWhole, writeWhole } from './whole-file.ts'

const KEEP_EVERY_MS = 60_000
/** Milliseconds since 1970 in decimals: anything longer is no time. */
const MAX_DIGITS = 16

export class KeptClock implements RelayTime {
  readonly #clock: RelayClock
  readonly #path: string
  readonly #timer: NodeJS.Timeout

  /** Call it once the folder is locked. */
  constructor(dataDir: string, clocks: Clocks) {
    this.#path = join(dataDir, CLOCK_FILE)
    this.#clock = new RelayClock(clocks, timeIn(readWhole(this.#path)))
    this.#timer = setInterval(() => {
      this.#keep()
    }, KEEP_EVERY_MS)
    this.#timer.unref()
  }

  now(): number {
    return this.#clock.now()
  }

  certainNow(): number {
    return this.#clock.certainNow()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#keep()
  }

  /** A disk that takes nothing leaves an older time there: the next start then doubts more. */
  #keep(): void {
    try {
      writeWhole(this.#path, new TextEncoder().encode(String(this.certainNow())))
    } catch {
      return
    }
  }
}

/** Null: there is none, or it is damaged; then the wall clock is believed. */
function timeIn(bytes: Uint8Array | null): number | null {
  if (bytes === null || bytes.length > MAX_DIGITS) return null
  const text = new TextDecoder().decode(bytes)
  return /^\d+$/.test(text) ? Number(text) : null
}
