/** Attachments: STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over AES-256-GCM in 64 KiB segments. docs/protocol/attachment.md. */

import { ParleyError } from '../../shared/errors.ts'
import type { Crypto } from './crypto.ts'
import { TAG_BYTES } from './envelope.ts'

export const ATTACHMENT_SEGMENT_BYTES = 65_536
const SEALED_SEGMENT_BYTES = ATTACHMENT_SEGMENT_BYTES + TAG_BYTES
const NO_AD = new Uint8Array()

/** The key is fresh for each attachment: seven zero bytes ‖ u32 segment ‖ u8 last. */
function segmentNonce(index: number, last: boolean): Uint8Array {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setUint32(7, index)
  nonce[11] = last ? 1 : 0
  return nonce
}

export interface AttachmentEncryptor {
  /** Every segment but the last is full. */
  seal(segment: Uint8Array, last: boolean): Uint8Array
}

export function attachmentEncryptor(c: Crypto, key: Uint8Array): AttachmentEncryptor {
  let index = 0
  let ended = false
  return {
    seal: (segment, last) => {
      if (ended || segment.length === 0 || (!last && segment.length !== ATTACHMENT_SEGMENT_BYTES)) {
        throw new Error('segments are full but for the last, and end with it')
      }
      ended = last
      return c.backend.seal(key, segmentNonce(index++, last), NO_AD, segment)
    },
  }
}

/** @throws cannot-decrypt: changed, in another place, or not the last where the last is due */
export function openAttachmentSegment(
  c: Crypto,
  key: Uint8Array,
  index: number,
  last: boolean,
  segment: Uint8Array,
): Uint8Array {
  const opened = c.backend.open(key, segmentNonce(index, last), NO_AD, segment)
  if (opened === null) throw new ParleyError('cannot-decrypt')
  return opened
}

export function attachmentCiphertextBytes(sizeBytes: number): number {
  return sizeBytes + Math.ceil(sizeBytes / ATTACHMENT_SEGMENT_BYTES) * TAG_BYTES
}

/** Which ciphertext holds `length` plaintext bytes from `offset`. */
export function segmentRange(
  offset: number,
  length: number,
  sizeBytes: number,
): { readonly firstSegment: number; readonly ciphertextStart: number; readonly ciphertextEnd: number } {
  const firstSegment = Math.floor(offset / ATTACHMENT_SEGMENT_BYTES)
  const endSegment = Math.ceil((offset + length) / ATTACHMENT_SEGMENT_BYTES)
  return {
    firstSegment,
    ciphertextStart: firstSegment * SEALED_SEGMENT_BYTES,
    ciphertextEnd: Math.min(endSegment * SEALED_SEGMENT_BYTES, attachmentCiphertextBytes(sizeBytes)),
  }
}
