/** SHA-256 of ciphertext while it is made. Here in the loop that seals it; hash-thread.ts does it beside that loop. */

import { createHash } from 'node:crypto'

export interface CiphertextHash {
  /** Two buffers that batches are sealed into in turns. */
  readonly slots: readonly [Uint8Array, Uint8Array]
  /** In the order of calls. Resolves when that slot may be filled again. */
  update(slot: 0 | 1, lengthBytes: number): Promise<void>
  /** Of everything before; ends it. */
  digest(): Promise<Uint8Array>
}

/** `slotBytes`: of the largest batch; `totalBytes`: of the whole ciphertext. */
export type BeginHash = (slotBytes: number, totalBytes: number) => Promise<CiphertextHash>

export const hashInLoop: BeginHash = (slotBytes) => {
  const hash = createHash('sha256')
  const slots = [new Uint8Array(slotBytes), new Uint8Array(slotBytes)] as const
  return Promise.resolve({
    slots,
    update: (slot, lengthBytes) => {
      hash.update(slots[slot].subarray(0, lengthBytes))
      return Promise.resolve()
    },
    digest: () => Promise.resolve(new Uint8Array(hash.digest())),
  })
}
