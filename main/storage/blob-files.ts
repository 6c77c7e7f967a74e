/** The ciphertext of attachments on disk: `<blob id>` when whole, `<blob id>.part` while it arrives. */

import { open, rename, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobFiles, BlobPart } from '../ports/store/profile.ts'
import type { BlobId } from '../../shared/model/ids.ts'
import { ParleyError } from '../../shared/errors.ts'
import { isMissing, writeFailure } from './file-failure.ts'
import { makePrivateFolder, syncFolder } from './private-file.ts'

const FILE_MODE = 0o600
const BLOB_ID = /^[A-Za-z0-9_-]{22}$/

/** Of the ciphertext files of a profile. */
export function attachmentsFolder(profileDir: string): string {
  return join(profileDir, 'attachments')
}

/** @param folder made when the first part is opened */
export function createBlobFiles(folder: string): BlobFiles {
  const whole = (blobId: BlobId): string => {
    if (!BLOB_ID.test(blobId)) throw new ParleyError('malformed', 'blob id')
    return join(folder, blobId)
  }
  const part = (blobId: BlobId): string => `${whole(blobId)}.part`
  return {
    openPart: async (blobId, offset) => {
      const paths = { folder, whole: whole(blobId), part: part(blobId) }
      makePrivateFolder(folder)
      return await openPart(paths, offset)
    },
    partSize: async (blobId) => (await sizeOf(part(blobId))) ?? 0,
    read: async (blobId, start, end) => await readRange(whole(blobId), start, end),
    readPart: async (blobId, start, end) => await readRange(part(blobId), start, end),
    size: async (blobId) => await sizeOf(whole(blobId)),
    delete: async (blobId) => {
      await rm(part(blobId), { force: true })
      await rm(whole(blobId), { force: true })
    },
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

/** Up to `end` or the end of the file, whichever comes first. */
async function readRange(path: string, start: number, end: number): Promise<Uint8Array> {
  const file = await openOrGone(path)
  try {
    const { size } = await file.stat()
    const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start))
    let at = 0
    while (at < bytes.length) {
      const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at)
      if (bytesRead === 0) throw new ParleyError('file-gone', 'a blob that became shorter')
      at += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}

async function openOrGone(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (cause) {
    if (isMissing(cause)) throw new ParleyError('file-gone', 'blob', { cause })
    throw cause
  }
}

interface PartPaths {
  readonly folder: string
  readonly whole: string
  readonly part: string
}

async function writing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw writeFailure(error)
  }
}

async function openPart(paths: PartPaths, offset: number): Promise<BlobPart> {
  const file = await writing(() => open(paths.part, offset === 0 ? 'w' : 'r+', FILE_MODE)).catch((error: unknown) => {
    throw isMissing(error) ? new ParleyError('file-gone', 'part', { cause: error }) : error
  })
  try {
    const { size } = await file.stat()
    if (size < offset) throw new ParleyError('file-gone', 'a part that is shorter')
    await writing(() => file.truncate(offset))
  } catch (error) {
    await file.close()
    throw error
  }
  return new OpenPart(file, paths, offset)
}

class OpenPart implements BlobPart {
  readonly #file: FileHandle
  readonly #paths: PartPaths
  #offset: number
  #open = true

  constructor(file: FileHandle, paths: PartPaths, offset: number) {
    this.#file = file
    this.#paths = paths
    this.#offset = offset
  }

  /** @throws disk-full: what was appended before is kept */
  async append(bytes: Uint8Array): Promise<void> {
    await writing(async () => {
      let written = 0
      while (written < bytes.length) {
        const at = this.#offset + written
        written += (await this.#file.write(bytes, written, bytes.length - written, at)).bytesWritten
      }
    })
    this.#offset += bytes.length
  }

  async finish(): Promise<void> {
    await writing(async () => {
      // A failed append may have left bytes behind what counts.
      await this.#file.truncate(this.#offset)
      await this.#file.sync()
      await this.close()
      await rename(this.#paths.part, this.#paths.whole)
      syncFolder(this.#paths.folder)
    })
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.#file.close()
  }
}
