/** What is kept of an envelope that was collected: a keyed hash, so that the table alone says nothing of which there were. */

import { hash, randomBytes } from 'node:crypto'
import { bytesOf } from './sqlite-database.ts'
import type { Row } from './sqlite-database.ts'

export const MARK_BYTES = 16
const BLOCK_BYTES = 64
const HASH_BYTES = 32
const MAILBOX_BYTES = 32
const ENVELOPE_ID_BYTES = 16

interface Secrets {
  get(sql: string, ...values: readonly unknown[]): Row | undefined
  run(sql: string, ...values: readonly unknown[]): number
}

/** 32 random bytes of this database, made when they are missing. */
export function secretOf(database: Secrets, name: string): Uint8Array {
  const row = database.get('select value from secret where name = ?', name)
  if (row !== undefined) return bytesOf(row, 'value')
  const value = new Uint8Array(randomBytes(HASH_BYTES))
  database.run('insert into secret (name, value) values (?, ?)', name, value)
  return value
}

/** HMAC-SHA-256 over mailbox id 32 ‖ envelope id 16, cut to 16 bytes; `createHmac` takes five times as long. */
export class Marks {
  readonly #inner = new Uint8Array(BLOCK_BYTES + MAILBOX_BYTES + ENVELOPE_ID_BYTES).fill(0x36, 0, BLOCK_BYTES)
  readonly #outer = new Uint8Array(BLOCK_BYTES + HASH_BYTES).fill(0x5c, 0, BLOCK_BYTES)

  constructor(key: Uint8Array) {
    for (const [at, byte] of key.entries()) {
      this.#inner[at] = byte ^ 0x36
      this.#outer[at] = byte ^ 0x5c
    }
  }

  of(mailboxId: Uint8Array, envelopeId: Uint8Array): Uint8Array {
    this.#inner.set(mailboxId, BLOCK_BYTES)
    this.#inner.set(envelopeId, BLOCK_BYTES + MAILBOX_BYTES)
    this.#outer.set(hash('sha256', this.#inner, 'buffer'), BLOCK_BYTES)
    return hash('sha256', this.#outer, 'buffer').subarray(0, MARK_BYTES)
  }
}
