/** Ciphertext of attachments as files; names say nothing: SHA-256 of mailbox ‖ blob. */

import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, opendir, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { idToBytes } from '../shared/model/ids.ts'
import { BLOB_CHUNK_BYTES } from '../shared/wire/blob-stream.ts'
import type { BlobName } from './storage/relay-store.ts'

export class BlobFiles {
  readonly #dir: string

  constructor(dataDir: string) {
    this.#dir = join(dataDir, 'blobs')
  }

  async prepare(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
  }

  #nameOf({ mailboxId, blobId }: BlobName): string {
    return createHash('sha256').update(idToBytes(mailboxId)).update(idToBytes(blobId)).digest('hex')
  }

  #path(blob: BlobName): string {
    return join(this.#dir, this.#nameOf(blob))
  }

  /** 0: there is no file. */
  async sizeBytes(blob: BlobName): Promise<number> {
    try {
      return (await stat(this.#path(blob))).size
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
      throw error
    }
  }

  async append(blob: BlobName): Promise<FileHandle> {
    return open(this.#path(blob), 'a', 0o600)
  }

  /** Makes the bytes, and the name of the file, survive a power cut. */
  async sync(file: FileHandle): Promise<void> {
    await file.sync()
    if (process.platform === 'win32') return
    const dir = await open(this.#dir, 'r')
    try {
      await dir.sync()
    } finally {
      await dir.close()
    }
  }

  read(blob: BlobName, offset: number): AsyncIterable<Uint8Array> {
    return createReadStream(this.#path(blob), { start: offset, highWaterMark: BLOB_CHUNK_BYTES })
  }

  /** Of what is there: constant memory. */
  async hash(blob: BlobName, sizeBytes: number): Promise<Hash> {
    const hash = createHash('sha256')
    if (sizeBytes > 0) for await (const chunk of this.read(blob, 0)) hash.update(chunk)
    return hash
  }

  async delete(blob: BlobName): Promise<void> {
    await rm(this.#path(blob), { force: true })
  }

  /** Files that a kill left behind after their row went. Returns how many. */
  async deleteOthers(known: readonly BlobName[]): Promise<number> {
    const names = new Set(known.map((blob) => this.#nameOf(blob)))
    let deleted = 0
    for await (const entry of await opendir(this.#dir)) {
      if (names.has(entry.name)) continue
      await rm(join(this.#dir, entry.name), { force: true })
      deleted += 1
    }
    return deleted
  }
}
