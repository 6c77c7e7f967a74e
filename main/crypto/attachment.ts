/**
 * Attachments: STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015, section 6) over AES-256-GCM in segments of 64 KiB.
 * Callers do the reading and writing. docs/protocol/attachment.md.
 */

import { TAG_BYTES } from '../../shared/wire/envelope.ts'
import { ParleyError } from '../../shared/errors.ts'
import { createSegmentCipher } from './backend/segment-cipher.ts'
import type { SegmentCipher } from './backend/segment-cipher.ts'
import { deriveKey } from './crypto.ts'
import type { Crypto } from './crypto.ts'

export const ATTACHMENT_SEGMENT_BYTES = 65_536
const SEALED_SEGMENT_BYTES = ATTACHMENT_SEGMENT_BYTES + TAG_BYTES
const MAX_SEGMENTS = 2 ** 32
const KEY_BYTES = 32
const NONCE_PREFIX_BYTES = 7
const NONE = new Uint8Array()

interface Stream {
  readonly cipher: SegmentCipher
  readonly noncePrefix: Uint8Array
}

/** The key in the message serves other purposes too (who may fetch): the segments are sealed under one made of it. */
function streamOf(c: Crypto, attachmentKey: Uint8Array): Stream {
  const keys = deriveKey(c, attachmentKey, 'attachment', NONE, KEY_BYTES + NONCE_PREFIX_BYTES)
  return { cipher: createSegmentCipher(c.backend, keys.slice(0, KEY_BYTES)), noncePrefix: keys.slice(KEY_BYTES) }
}

/** Prefix 7 ‖ u32 segment ‖ u8 last. */
function segmentNonce(prefix: Uint8Array, index: number, last: boolean): Uint8Array {
  const nonce = new Uint8Array(12)
  nonce.set(prefix)
  new DataView(nonce.buffer).setUint32(NONCE_PREFIX_BYTES, index)
  nonce[11] = last ? 1 : 0
  return nonce
}

export interface AttachmentEncryptor {
  /** The next segment, 16 bytes longer, at the start of `into` or of its own. Each but the last is full. */
  seal(segment: Uint8Array, last: boolean, into?: Uint8Array): Uint8Array
}

/** @param key 32 fresh bytes for this one encryption: the same key must never seal other bytes */
export function attachmentEncryptor(c: Crypto, key: Uint8Array): AttachmentEncryptor {
  const stream = streamOf(c, key)
  let index = 0
  let ended = false
  return {
    seal: (segment, last, into) => {
      const fits = last
        ? segment.length > 0 && segment.length <= ATTACHMENT_SEGMENT_BYTES
        : segment.length === ATTACHMENT_SEGMENT_BYTES
      if (ended || !fits || index >= MAX_SEGMENTS)
        throw new Error('segments are full but for the last, and end with it')
      ended = last
      const sealed = firstOf(into, segment.length + TAG_BYTES)
      stream.cipher.sealInto(segmentNonce(stream.noncePrefix, index++, last), segment, sealed)
      return sealed
    },
  }
}

export interface AttachmentDecryptor {
  /**
   * Any segment at any time, at the start of `into` or of its own.
   * @throws cannot-decrypt: changed, in another place, or not the last where the last is due
   */
  open(index: number, last: boolean, segment: Uint8Array, into?: Uint8Array): Uint8Array
}

export function attachmentDecryptor(c: Crypto, key: Uint8Array): AttachmentDecryptor {
  const stream = streamOf(c, key)
  return {
    open: (index, last, segment, into) => {
      const fits = last
        ? segment.length > TAG_BYTES && segment.length <= SEALED_SEGMENT_BYTES
        : segment.length === SEALED_SEGMENT_BYTES
      if (!fits) throw new ParleyError('cannot-decrypt')
      const opened = firstOf(into, segment.length - TAG_BYTES)
      if (!stream.cipher.openInto(segmentNonce(stream.noncePrefix, index, last), segment, opened))
        throw new ParleyError('cannot-decrypt')
      return opened
    },
  }
}

function firstOf(into: Uint8Array | undefined, sizeBytes: number): Uint8Array {
  if (into === undefined) return new Uint8Array(sizeBytes)
  if (into.length < sizeBytes) throw new RangeError('a segment has no room')
  return into.subarray(0, sizeBytes)
}

/** Size of the ciphertext of `sizeBytes` of plaintext, at least 1. */
export function attachmentCiphertextBytes(sizeBytes: number): number {
  return sizeBytes + Math.ceil(sizeBytes / ATTACHMENT_SEGMENT_BYTES) * TAG_BYTES
}

/** Which ciphertext holds `length` plaintext bytes (at least 1) from `offset` of an attachment of `sizeBytes`. */
export function segmentRange(
  offset: number,
  length: number,
  sizeBytes: number,
): { readonly firstSegment: number; readonly ciphertextStart: number; readonly ciphertextEnd: number } {
  if (offset < 0 || length < 1 || offset + length > sizeBytes) throw new RangeError('a range outside the attachment')
  const firstSegment = Math.floor(offset / ATTACHMENT_SEGMENT_BYTES)
  const endSegment = Math.ceil((offset + length) / ATTACHMENT_SEGMENT_BYTES)
  return {
    firstSegment,
    ciphertextStart: firstSegment * SEALED_SEGMENT_BYTES,
    ciphertextEnd: Math.min(endSegment * SEALED_SEGMENT_BYTES, attachmentCiphertextBytes(sizeBytes)),
  }
}
