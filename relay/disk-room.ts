/**
 * Room on the disk. Below a floor of free space nothing new is taken, while what is held still goes out. An acknowledgement
 * needs some room itself, for the log that it is written to: so a file lies in reserve, which is given up when the disk
 * takes no more, and is made again when there is room. A database that was drained keeps its size: what is free inside of
 * it counts as room.
 */

import { randomBytes } from 'node:crypto'
import { rmSync, statSync } from 'node:fs'
import { rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RelayConfig } from './config.ts'
import { RESERVE_FILE } from './data-files.ts'
import type { RelayLog } from './relay-log.ts'

/**
 * What SQLite's log may have grown to when the disk is full: about 4 MiB until it is taken into the database, once more as
 * much where that fails for want of room, and the group of deposits that hit the end.
 */
const RESERVE_BYTES = 16 * 1024 * 1024
/** What the log needs to go on, where there is no reserve: room inside of the database does not help it. */
const LOG_BYTES = 8 * 1024 * 1024
const MEASURE_EVERY_MS = 1_000
/** A busy relay writes tens of megabytes a second, and it is not alone on the disk. */
const MEASURE_EVERY_BYTES = 1024 * 1024
/** Above the floor, so that a disk on the border is not full and free again by turns. */
const FREE_AGAIN_BYTES = 4 * 1024 * 1024

export interface DiskRoomParts {
  readonly dataDir: string
  readonly config: Pick<RelayConfig, 'minFreeDiskBytes'>
  readonly log: RelayLog
}

export class DiskRoom {
  readonly #parts: DiskRoomParts
  readonly #path: string
  #timer: NodeJS.Timeout | null = null
  #measuring: Promise<void> | null = null
  #full = false
  /** As of the last measurement. */
  #aboveFloorBytes = 0
  #grantedBytes = 0
  #reserved = false
  #measuredFreeBytes = 0
  #reusableBytes: () => number = () => 0

  constructor(parts: DiskRoomParts) {
    this.#parts = parts
    this.#path = join(parts.dataDir, RESERVE_FILE)
  }

  /** Whether that much more may be written. What was granted since the last measurement counts. */
  hasRoomFor(bytes: number): boolean {
    if (this.#full) return false
    if (this.#grantedBytes + bytes > this.#aboveFloorBytes) {
      this.#turn(true)
      this.#measureNow()
      return false
    }
    this.#grantedBytes += bytes
    if (this.#grantedBytes >= MEASURE_EVERY_BYTES) this.#measureNow()
    return true
  }

  /** Of the disk, as of the last second. */
  get freeBytes(): number {
    return this.#measuredFreeBytes
  }

  /** Before the database is opened: that writes as well. */
  async start(): Promise<void> {
    this.#reserved = sizeOf(this.#path) === RESERVE_BYTES
    await this.measure()
    if ((await this.#freeBytes()) < LOG_BYTES) this.release()
    this.#timer = setInterval(() => {
      this.#measureNow()
    }, MEASURE_EVERY_MS)
  }

  #measureNow(): void {
    this.#measuring ??= this.measure()
      .catch(() => {
        this.#parts.log.error('disk-not-measured')
      })
      .finally(() => {
        this.#measuring = null
      })
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#measuring
  }

  /** The disk took no more. */
  filled(): void {
    this.#turn(true)
  }

  /** Gives the reserve up, for what must go on. False: it was given up before. */
  release(): boolean {
    this.filled()
    if (!this.#reserved) return false
    this.#reserved = false
    rmSync(this.#path, { force: true })
    return true
  }

  reuses(freeBytes: () => number): void {
    this.#reusableBytes = freeBytes
  }

  async measure(): Promise<void> {
    const { minFreeDiskBytes } = this.#parts.config
    const grantedBefore = this.#grantedBytes
    const freeBytes = await this.#freeBytes()
    if (!this.#reserved && freeBytes >= minFreeDiskBytes + 2 * RESERVE_BYTES) await this.#reserve()
    const roomBytes = freeBytes + this.#reusableBytes()
    this.#aboveFloorBytes = this.#reserved
      ? roomBytes - minFreeDiskBytes
      : Math.min(freeBytes - LOG_BYTES, roomBytes - minFreeDiskBytes - 2 * RESERVE_BYTES)
    this.#grantedBytes -= grantedBefore
    this.#turn(this.#aboveFloorBytes < (this.#full ? FREE_AGAIN_BYTES : 0))
  }

  async #freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#parts.dataDir)
    this.#measuredFreeBytes = bavail * bsize
    return this.#measuredFreeBytes
  }

  /** Random bytes, as some file systems would keep nothing for zeros; none of them a letter, so that it holds no word by chance. */
  async #reserve(): Promise<void> {
    try {
      await writeFile(
        this.#path,
        randomBytes(RESERVE_BYTES).map((byte) => byte | 0x80),
        { mode: 0o600, flush: true },
      )
      this.#reserved = true
    } catch {
      await rm(this.#path, { force: true })
    }
  }

  #turn(full: boolean): void {
    if (full === this.#full) return
    this.#full = full
    this.#parts.log.info(full ? 'disk-full' : 'disk-free-again')
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
