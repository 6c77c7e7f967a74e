import { concatBytes } from '../../../shared/wire/bytes.ts'
import type { Backend } from '../backend/backend.ts'
import { nobleBackend } from '../backend/noble-backend.ts'
import type { RandomSource } from '../index.ts'

const BLOCK_BYTES = 32

/**
 * The same bytes for the same seed: the concatenation of SHA-256(seed ‖ u32 n), n from 0, handed out in order.
 * @param sha256 a faster one, where much is drawn
 */
export function repeatableRandom(seed: string, sha256: Backend['sha256'] = nobleBackend.sha256): RandomSource {
  const start = new TextEncoder().encode(seed)
  let blocks = 0
  let rest = new Uint8Array()
  return (sizeBytes) => {
    const parts = [rest]
    for (let length = rest.length; length < sizeBytes; length += BLOCK_BYTES) {
      const number = new Uint8Array(4)
      new DataView(number.buffer).setUint32(0, blocks++)
      parts.push(new Uint8Array(sha256(concatBytes(start, number))))
    }
    const all = concatBytes(...parts)
    rest = all.slice(sizeBytes)
    return all.slice(0, sizeBytes)
  }
}
