/**
 * Notices a database that was put back from a copy: it would hand out one-time prekeys a second time. A value that changes
 * whenever such items went out is kept in the database and in a file beside it; where they differ, one of them is old.
 */

import { randomBytes } from 'node:crypto'
import { equalBytes } from '../shared/wire/bytes.ts'
import type { RelayStore } from './storage/relay-store.ts'
import { readWhole, writeWhole } from './whole-file.ts'

export class RestoreGuard {
  readonly #store: RelayStore
  readonly #path: string
  #stale = true

  constructor(store: RelayStore, path: string) {
    this.#store = store
    this.#path = path
  }

  /** How many one-time items were discarded; null when the database is the one that was left here. */
  async check(): Promise<number | null> {
    const inStore = await this.#store.incarnation()
    const inFile = readWhole(this.#path)
    const same = inStore === null ? inFile === null : inFile !== null && equalBytes(inStore, inFile)
    const discarded = same ? null : await this.#store.discardOneTimeItems()
    await this.renew()
    return discarded
  }

  /** A copy of the database that was made before now is old from the next `renew` on. */
  markTaken(): void {
    this.#stale = true
  }

  async renew(): Promise<void> {
    if (!this.#stale) return
    this.#stale = false
    const value = new Uint8Array(randomBytes(16))
    // A kill between the two costs prekeys and nothing else.
    await this.#store.setIncarnation(value)
    writeWhole(this.#path, value)
  }
}
