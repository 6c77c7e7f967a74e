/** From ciphertext on disk to plaintext: ranges for the window, whole files for the person. */

import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  ATTACHMENT_SEGMENT_BYTES,
  attachmentCiphertextBytes,
  attachmentDecryptor,
  segmentRange,
} from '../../crypto/index.ts'
import type { Crypto } from '../../crypto/index.ts'
import { MAX_RANGE_BYTES } from '../../ports/attachment-cipher.ts'
import type { PlaintextRange, Saving, StoredAttachment } from '../../ports/attachment-cipher.ts'
import type { BlobFiles } from '../../ports/store/profile.ts'
import { isParleyError, ParleyError } from '../../../shared/errors.ts'
import { errnoCode } from '../file-failure.ts'
import { syncFolder } from '../private-file.ts'
import { runPipeline } from './pipeline.ts'
import type { CipherParts } from './pipeline.ts'

const SEALED_SEGMENT_BYTES = attachmentCiphertextBytes(ATTACHMENT_SEGMENT_BYTES)
const FILE_MODE = 0o600
const FULL_CODES = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** Opens runs of segments of one attachment. */
type SegmentReader = (sealed: Uint8Array, firstSegment: number) => Uint8Array

/** The keys are derived once for all that is read. */
function segmentReader(crypto: Crypto, { key, sizeBytes }: StoredAttachment): SegmentReader {
  const decryptor = attachmentDecryptor(crypto, key)
  const lastIndex = Math.ceil(sizeBytes / ATTACHMENT_SEGMENT_BYTES) - 1
  return (sealed, firstSegment) => {
    const plain = new Uint8Array(sealed.length)
    let filled = 0
    for (let at = 0, index = firstSegment; at < sealed.length; at += SEALED_SEGMENT_BYTES, index += 1) {
      const segment = sealed.subarray(at, at + SEALED_SEGMENT_BYTES)
      const room = plain.subarray(filled)
      filled += openOrDamaged(() => decryptor.open(index, index === lastIndex, segment, room)).length
    }
    return plain.subarray(0, filled)
  }
}

function openOrDamaged(work: () => Uint8Array): Uint8Array {
  try {
    return work()
  } catch (error) {
    if (!isParleyError(error, 'cannot-decrypt')) throw error
    throw new ParleyError('file-damaged', 'segment', { cause: error })
  }
}

/** How many bytes a range has after it was cut to what there is and to 8 MiB. */
export function rangeLength({ start, end, sizeBytes }: PlaintextRange): number {
  return Math.max(0, Math.min((end ?? sizeBytes) - start, sizeBytes - start, MAX_RANGE_BYTES))
}

/** @throws file-gone | file-damaged */
export async function readRange(
  { crypto, blobs }: Pick<CipherParts, 'crypto' | 'blobs'>,
  range: PlaintextRange,
): Promise<Uint8Array> {
  const length = rangeLength(range)
  if (length === 0) return new Uint8Array()
  const { firstSegment } = segmentRange(range.start, length, range.sizeBytes)
  const sealed = await readSealed(blobs, range, range.start, length)
  const plain = segmentReader(crypto, range)(sealed, firstSegment)
  const skipped = range.start - firstSegment * ATTACHMENT_SEGMENT_BYTES
  return plain.slice(skipped, skipped + length)
}

/** @throws file-gone; file-damaged: there is less than there should be */
async function readSealed(
  blobs: BlobFiles,
  { blobId, sizeBytes }: StoredAttachment,
  start: number,
  length: number,
): Promise<Uint8Array> {
  const { ciphertextStart, ciphertextEnd } = segmentRange(start, length, sizeBytes)
  const sealed = await blobs.read(blobId, ciphertextStart, ciphertextEnd)
  if (sealed.length !== ciphertextEnd - ciphertextStart) throw new ParleyError('file-damaged', 'shorter than announced')
  return sealed
}

/** @throws file-gone | file-damaged | file-unreadable | disk-full | cancelled: nothing is left behind */
export async function saveFile(parts: CipherParts, saving: Saving, signal: AbortSignal): Promise<void> {
  const size = await parts.blobs.size(saving.blobId)
  if (size === null) throw new ParleyError('file-gone', 'blob')
  if (size !== attachmentCiphertextBytes(saving.sizeBytes)) throw new ParleyError('file-damaged', 'size')
  // Beside the target, so that the name is given to a whole file in one step; short, as names have a limit.
  const beside = join(dirname(saving.path), `.parley-${randomBytes(8).toString('hex')}.part`)
  try {
    const file = await saved(() => open(beside, 'wx', FILE_MODE))
    try {
      await decryptInto(file, parts, saving, signal)
      await saved(() => file.sync())
    } finally {
      await file.close()
    }
    await saved(async () => {
      await rename(beside, saving.path)
      syncFolder(dirname(saving.path))
    })
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}

async function decryptInto(
  file: FileHandle,
  { crypto, blobs, batchSegments }: CipherParts,
  saving: Saving,
  signal: AbortSignal,
): Promise<void> {
  const openSegments = segmentReader(crypto, saving)
  await runPipeline({
    sizeBytes: saving.sizeBytes,
    batchSegments,
    read: (position, length) => readSealed(blobs, saving, position, length),
    work: (sealed, position) => openSegments(sealed, position / ATTACHMENT_SEGMENT_BYTES),
    write: (bytes) => saved(() => file.writeFile(bytes)),
    signal,
    onProgress: (doneBytes) => saving.onProgress?.(doneBytes),
  })
}

/** The place is the person's choice: what its disk says is said to them. */
async function saved<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const code = errnoCode(cause)
    throw new ParleyError(FULL_CODES.has(code) ? 'disk-full' : 'file-unreadable', code, { cause })
  }
}
