/** A file system of a few megabytes, to fill. Linux and root only. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, statfsSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class SmallDisk {
  readonly path: string
  #ballast: string | null = null

  private constructor(path: string) {
    this.path = path
  }

  /** The reason why there is none here: a test that needs it says so in its name. */
  static unavailable(): string | null {
    if (process.platform !== 'linux') return 'needs Linux'
    if (process.getuid?.() !== 0) return 'needs root, to mount a small disk'
    try {
      SmallDisk.mount(1).remove()
      return null
    } catch (error) {
      return error instanceof Error ? error.message : 'cannot mount'
    }
  }

  static mount(mebibytes: number): SmallDisk {
    const path = mkdtempSync(join(tmpdir(), 'parley-small-disk-'))
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path])
    if (mounted.status !== 0) {
      rmdirSync(path)
      throw new Error('this machine mounts no tmpfs')
    }
    return new SmallDisk(path)
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path)
    return bavail * bsize
  }

  /** Somebody else's file takes all but so much. */
  fill(leaveBytes = 0): void {
    this.#ballast = join(this.path, 'somebody-elses-file')
    writeFileSync(this.#ballast, Buffer.alloc(Math.max(0, this.freeBytes - leaveBytes)), { flag: 'a' })
  }

  free(): void {
    if (this.#ballast !== null) unlinkSync(this.#ballast)
    this.#ballast = null
  }

  remove(): void {
    spawnSync('umount', ['-l', this.path])
    rmdirSync(this.path)
  }
}
