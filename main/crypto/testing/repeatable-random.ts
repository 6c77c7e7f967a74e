import { concatBytes } from '../../../shared/wire/bytes.ts'
import { nobleBackend } from '../backend/noble-backend.ts'
import type { RandomSource } from '../index.ts'

const BLOCK_BYTES = 32

/** The same bytes for the same seed: the concatenation of SHA-256(seed ‖ u32 n), n from 0, handed out in order. */
export function repeatableRandom(seed: string): RandomSource {
  const start = new TextEncoder().encode(seed)
  let blocks = 0
  let rest = new Uint8Array()
  return (sizeBytes) => {
    const parts = [rest]
    for (let length = rest.length; length < sizeBytes; length += BLOCK_BYTES) {
      const number = new Uint8Array(4)
      new DataView(number.buffer).setUint32(0, blocks++)
      parts.push(new Uint8Array(nobleBackend.sha256(concatBytes(start, number))))
    }
    const all = concatBytes(...parts)
    rest = all.slice(sizeBytes)
    return all.slice(0, sizeBytes)
  }
}
