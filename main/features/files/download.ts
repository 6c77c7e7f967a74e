/** Bringing an attachment's ciphertext here: direct from its author where there is a path, else from a relay of ours; resumed where it stopped. */

import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import type { BlobFiles } from '../../ports/store/profile.ts'
import type { BlobDownload, RelayPort } from '../../ports/relay.ts'
import type { AttachmentRecord } from '../../ports/store/records.ts'
import type { Core } from '../../services/core.ts'
import type { Paths } from '../../services/paths.ts'
import { offeredRelays, readCapability } from '../../services/reach.ts'
import type { ContactId } from '../../../shared/model/ids.ts'
import { equalBytes } from '../../../shared/wire/bytes.ts'
import { isParleyError, ParleyError } from '../../../shared/errors.ts'
import type { DeliveryPathOfTransfer } from '../../../shared/ipc/engine-contract.ts'

const REHASH_CHUNK_BYTES = 1 << 20

export interface DownloadParts {
  readonly core: Core
  readonly paths: Paths
  readonly relays: RelayPort
  readonly blobs: BlobFiles
  readonly onProgress: (attachment: AttachmentRecord, doneBytes: number, path: DeliveryPathOfTransfer) => void
}

type Source = { readonly path: DeliveryPathOfTransfer; open(offset: number): Promise<BlobDownload | null> }

/**
 * True: the bytes are here and their hash is right. False: nobody has them now.
 * @throws file-damaged when what came has another hash; disk-full; cancelled
 */
export async function download(
  parts: DownloadParts,
  attachment: AttachmentRecord,
  author: ContactId,
  signal: AbortSignal,
): Promise<boolean> {
  for (const source of sources(parts, attachment, author, signal)) {
    try {
      if (await fetchFrom(parts, attachment, source, signal)) return true
    } catch (error) {
      if (!isParleyError(error) || signal.aborted || isFinal(error)) throw error
      parts.core.log.warn('blob-source-failed', { code: error.code, path: source.path })
    }
  }
  return false
}

function isFinal(error: ParleyError): boolean {
  return error.code === 'disk-full' || error.code === 'file-damaged' || error.code === 'cancelled'
}

function sources(
  { core, paths, relays }: DownloadParts,
  { blobId, key }: AttachmentRecord,
  author: ContactId,
  signal: AbortSignal,
): readonly Source[] {
  const capability = readCapability(core.crypto, key, core.local.device.deviceId)
  const request = (offset: number) => ({ blobId, readCapability: capability, offset })
  return [
    ...paths.linksOf(author).map((link): Source => ({
      path: 'direct',
      open: (offset) => link.getBlob(request(offset), signal),
    })),
    ...offeredRelays(core.store).map((relay): Source => ({
      path: 'relay',
      open: (offset) => relays.getBlob(relay, request(offset), signal),
    })),
  ]
}

async function fetchFrom(
  parts: DownloadParts,
  attachment: AttachmentRecord,
  source: Source,
  signal: AbortSignal,
): Promise<boolean> {
  const { blobs } = parts
  let done = Math.min(await blobs.partSize(attachment.blobId), attachment.ciphertextBytes)
  const found = await source.open(done)
  if (found === null) return false
  const hash = await hashOfPart(blobs, attachment, done)
  const part = await blobs.openPart(attachment.blobId, done)
  try {
    for await (const chunk of found.chunks) {
      if (signal.aborted) throw new ParleyError('cancelled')
      if (done + chunk.length > attachment.ciphertextBytes)
        throw new ParleyError('file-damaged', 'longer than announced')
      await part.append(chunk)
      hash.update(chunk)
      done += chunk.length
      parts.onProgress(attachment, done, source.path)
    }
    if (done < attachment.ciphertextBytes) return false
    if (!equalBytes(new Uint8Array(hash.digest()), attachment.sha256)) throw new ParleyError('file-damaged', 'hash')
    await part.finish()
    return true
  } catch (error) {
    // Bytes that are wrong must not be the start of the next attempt.
    if (isParleyError(error, 'file-damaged')) await blobs.delete(attachment.blobId)
    throw error
  } finally {
    await part.close()
  }
}

/** What an earlier attempt left is hashed before it is continued. */
async function hashOfPart(blobs: BlobFiles, { blobId }: AttachmentRecord, doneBytes: number): Promise<Hash> {
  const hash = createHash('sha256')
  for (let at = 0; at < doneBytes; at += REHASH_CHUNK_BYTES) {
    hash.update(await blobs.readPart(blobId, at, Math.min(doneBytes, at + REHASH_CHUNK_BYTES)))
  }
  return hash
}
