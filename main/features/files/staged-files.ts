/** Pasted bytes have no path: they wait in memory until they are sent, so that no plaintext touches the disk. */

import { randomBytes } from 'node:crypto'
import { LIMITS } from '../../../shared/ipc/engine-contract.ts'
import { toBase64Url } from '../../../shared/wire/bytes.ts'

const GRANT_BYTES = 16
/** Two of the largest: the oldest goes first. */
const MAX_TOTAL_BYTES = 2 * LIMITS.stagedFileBytes

export interface StagedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

export class StagedFiles {
  readonly #files = new Map<string, StagedFile>()

  stage(name: string, bytes: Uint8Array): string {
    const grant = toBase64Url(randomBytes(GRANT_BYTES))
    this.#files.set(grant, { name, bytes })
    this.#trim()
    return grant
  }

  /** Good for one use. Null: not staged here. */
  redeem(grant: string): StagedFile | null {
    const file = this.#files.get(grant) ?? null
    this.#files.delete(grant)
    return file
  }

  #trim(): void {
    let total = [...this.#files.values()].reduce((sum, file) => sum + file.bytes.length, 0)
    for (const [grant, file] of this.#files) {
      if (total <= MAX_TOTAL_BYTES) return
      this.#files.delete(grant)
      total -= file.bytes.length
    }
  }
}
