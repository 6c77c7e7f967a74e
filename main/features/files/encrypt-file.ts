/** From a file to ciphertext on disk: one pass, constant memory. */

import { createHash } from 'node:crypto'
import { ATTACHMENT_SEGMENT_BYTES, attachmentEncryptor } from '../../crypto/index.ts'
import type { Crypto } from '../../crypto/index.ts'
import type { BlobFiles } from '../../ports/store/profile.ts'
import type { BlobId } from '../../../shared/model/ids.ts'
import type { ByteSource } from './byte-source.ts'

export interface EncryptedFile {
  readonly sizeBytes: number
  readonly ciphertextBytes: number
  readonly sha256: Uint8Array
}

/** @throws file-gone | file-unreadable | disk-full; nothing is left behind */
export async function encryptFile(
  crypto: Crypto,
  blobs: BlobFiles,
  source: ByteSource,
  to: { readonly blobId: BlobId; readonly key: Uint8Array },
): Promise<EncryptedFile> {
  try {
    return await encrypt(crypto, blobs, source, to)
  } catch (error) {
    await blobs.delete(to.blobId)
    throw error
  }
}

async function encrypt(
  crypto: Crypto,
  blobs: BlobFiles,
  source: ByteSource,
  to: { readonly blobId: BlobId; readonly key: Uint8Array },
): Promise<EncryptedFile> {
  const part = await blobs.openPart(to.blobId, 0)
  try {
    const hash = createHash('sha256')
    const encryptor = attachmentEncryptor(crypto, to.key)
    let ciphertextBytes = 0
    for (let done = 0; done < source.sizeBytes;) {
      const length = Math.min(ATTACHMENT_SEGMENT_BYTES, source.sizeBytes - done)
      const segment = await source.read(done, length)
      done += length
      const sealed = encryptor.seal(segment, done === source.sizeBytes)
      hash.update(sealed)
      ciphertextBytes += sealed.length
      await part.append(sealed)
    }
    await part.finish()
    return { sizeBytes: source.sizeBytes, ciphertextBytes, sha256: new Uint8Array(hash.digest()) }
  } finally {
    await part.close()
  }
}
