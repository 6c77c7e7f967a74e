/** From a file to ciphertext on disk: one pass, constant memory. */

import { ATTACHMENT_SEGMENT_BYTES, attachmentCiphertextBytes, attachmentEncryptor } from '../../crypto/index.ts'
import type { EncryptedAttachment, Encryption } from '../../ports/attachment-cipher.ts'
import type { BlobPart } from '../../ports/store/profile.ts'
import type { CiphertextHash } from './ciphertext-hash.ts'
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
  parts: CipherParts,
  encryption: Encryption,
  source: ByteSource,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const largestBatch = Math.min(parts.batchSegments * ATTACHMENT_SEGMENT_BYTES, source.sizeBytes)
  const hash = await parts.beginHash(
    attachmentCiphertextBytes(largestBatch),
    attachmentCiphertextBytes(source.sizeBytes),
  )
  try {
    await sealInto(part, hash, largestBatch, parts, encryption, source, signal)
  } catch (error) {
    await hash.digest().catch(() => undefined)
    throw error
  }
  return await hash.digest()
}

async function sealInto(
  part: BlobPart,
  hash: CiphertextHash,
  largestBatch: number,
  { crypto, batchSegments }: CipherParts,
  { key, onProgress }: Encryption,
  source: ByteSource,
  signal: AbortSignal,
): Promise<void> {
  const { sizeBytes } = source
  const encryptor = attachmentEncryptor(crypto, key)
  // Two buffers in turns for the whole file: a fresh one for each batch would leave the memory to the garbage collector.
  const plain = [new Uint8Array(largestBatch), new Uint8Array(largestBatch)] as const
  await runPipeline({
    sizeBytes,
    batchSegments,
    read: (position, length, slot) => source.read(position, plain[slot].subarray(0, length)),
    work: (batch, position, slot) => {
      const into = hash.slots[slot]
      let filled = 0
      for (let at = 0; at < batch.length; at += ATTACHMENT_SEGMENT_BYTES) {
        const segment = batch.subarray(at, at + ATTACHMENT_SEGMENT_BYTES)
        const last = position + at + segment.length === sizeBytes
        filled += encryptor.seal(segment, last, into.subarray(filled)).length
      }
      return into.subarray(0, filled)
    },
    write: async (bytes, slot) => {
      await Promise.all([part.append(bytes), hash.update(slot, bytes.length)])
    },
    signal,
    onProgress: (doneBytes) => onProgress?.(doneBytes),
  })
}
