/** Decrypting ranges of an attachment that lies here, for the window and for saving. */

import { ATTACHMENT_SEGMENT_BYTES, openAttachmentSegment, segmentRange } from '../../crypto/index.ts'
import type { Crypto } from '../../crypto/index.ts'
import type { BlobFiles } from '../../ports/store/profile.ts'
import type { AttachmentRecord } from '../../ports/store/records.ts'
import { concatBytes } from '../../../shared/wire/bytes.ts'
import { isParleyError, ParleyError } from '../../../shared/errors.ts'

/** At most this much of an attachment is decrypted for one request. */
const MAX_RANGE_BYTES = 8 << 20

/** Plaintext bytes from `start` up to and without `end`, cut to what there is and to 8 MiB. @throws file-gone | file-damaged */
export async function readRange(
  crypto: Crypto,
  blobs: BlobFiles,
  attachment: AttachmentRecord,
  start: number,
  end: number | null,
): Promise<Uint8Array> {
  const from = Math.min(start, attachment.sizeBytes)
  const to = Math.min(end ?? attachment.sizeBytes, attachment.sizeBytes, from + MAX_RANGE_BYTES)
  if (to <= from) return new Uint8Array()
  const range = segmentRange(from, to - from, attachment.sizeBytes)
  const sealed = await blobs.read(attachment.blobId, range.ciphertextStart, range.ciphertextEnd)
  const plain = openSegments(crypto, attachment, sealed, range.firstSegment)
  const skipped = from - range.firstSegment * ATTACHMENT_SEGMENT_BYTES
  return plain.slice(skipped, skipped + to - from)
}

function openSegments(crypto: Crypto, attachment: AttachmentRecord, sealed: Uint8Array, first: number): Uint8Array {
  const segmentBytes = ATTACHMENT_SEGMENT_BYTES + 16
  const lastIndex = Math.ceil(attachment.sizeBytes / ATTACHMENT_SEGMENT_BYTES) - 1
  const parts: Uint8Array[] = []
  try {
    for (let at = 0, index = first; at < sealed.length; at += segmentBytes, index++) {
      const segment = sealed.subarray(at, at + segmentBytes)
      parts.push(openAttachmentSegment(crypto, attachment.key, index, index === lastIndex, segment))
    }
  } catch (error) {
    if (!isParleyError(error, 'cannot-decrypt')) throw error
    throw new ParleyError('file-damaged', 'segment', { cause: error })
  }
  return concatBytes(...parts)
}
