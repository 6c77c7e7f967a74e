/** From a file to ciphertext on disk: one pass, constant memory. */

import { createHash } from 'node:crypto'
import { ATTACHMENT_SEGMENT_BYTES, attachmentCiphertextBytes, attachmentEncryptor } from '../../crypto/index.ts'
import type { EncryptedAttachment, Encryption } from '../../ports/attachment-cipher.ts'
import type { BlobPart } from '../../ports/store/profile.ts'
import { openSource } from './byte-source.ts'
import type { ByteSource } from './byte-source.ts'
import { runPipeline } from './pipeline.ts'
import type { CipherParts } from './pipeline.ts'

/** @throws file-empty | file-too-large | file-gone | file-unreadable | disk-full | cancelled: nothing is left behind */
export async function encryptFile(
  parts: CipherParts,
  encryption: Encryption,
  signal: AbortSignal,
): Promise<EncryptedAttachment> {
  const source = await openSource(encryption.source, encryption.maxSizeBytes)
  try {
    return await encryptWhole(parts, encryption, source, signal)
  } catch (error) {
    await parts.blobs.delete(encryption.blobId)
    throw error
  } finally {
    await source.close()
  }
}

async function encryptWhole(
  parts: CipherParts,
  encryption: Encryption,
  source: ByteSource,
  signal: AbortSignal,
): Promise<EncryptedAttachment> {
  const part = await parts.blobs.openPart(encryption.blobId, 0)
  try {
    const sha256 = await encryptInto(part, parts, encryption, source, signal)
    await part.finish()
    return { sizeBytes: source.sizeBytes, ciphertextBytes: attachmentCiphertextBytes(source.sizeBytes), sha256 }
  } finally {
    await part.close()
  }
}

/** The SHA-256 of what was written. */
async function encryptInto(
  part: BlobPart,
  { crypto, batchSegments }: CipherParts,
  { key, onProgress }: Encryption,
  source: ByteSource,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { sizeBytes } = source
  const hash = createHash('sha256')
  const encryptor = attachmentEncryptor(crypto, key)
  const largestBatch = Math.min(batchSegments * ATTACHMENT_SEGMENT_BYTES, sizeBytes)
  const plain = slots(largestBatch)
  const sealed = slots(attachmentCiphertextBytes(largestBatch))
  await runPipeline({
    sizeBytes,
    batchSegments,
    read: (position, length, slot) => source.read(position, plain(slot).subarray(0, length)),
    work: (batch, position, slot) => {
      const into = sealed(slot)
      let filled = 0
      for (let at = 0; at < batch.length; at += ATTACHMENT_SEGMENT_BYTES) {
        const segment = batch.subarray(at, at + ATTACHMENT_SEGMENT_BYTES)
        const last = position + at + segment.length === sizeBytes
        filled += encryptor.seal(segment, last, into.subarray(filled)).length
      }
      const whole = into.subarray(0, filled)
      hash.update(whole)
      return whole
    },
    write: (bytes) => part.append(bytes),
    signal,
    onProgress: (doneBytes) => onProgress?.(doneBytes),
  })
  return new Uint8Array(hash.digest())
}

/** Two buffers in turns for the whole file: a fresh one for each batch would leave the memory to the garbage collector. */
function slots(sizeBytes: number): (slot: number) => Uint8Array {
  const even = new Uint8Array(sizeBytes)
  const odd = new Uint8Array(sizeBytes)
  return (slot) => (slot === 0 ? even : odd)
}
