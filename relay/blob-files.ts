/** Ciphertext of attachments as files; names say nothing: SHA-256 of mailbox ‖ blob. */

import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { idToBytes } from '../shared/model/ids.ts'
import { BLOB_CHUNK_BYTES } from '../shared/wire/blob-stream.ts'
import type { BlobName } from './storage/relay-store.ts'

const HEX_DIGITS = 64
/** Ours: what else lies in the folder is left alone. */
const NAME = /^[0-9a-f]{64}(\..*)?$/

export class BlobFiles {
  readonly #dir: string
  readonly #writer: string

  /** Where several front ends share the folder, each writes under a name of its own until a file is whole. */
  constructor(dir: string, writer = '') {
    this.#dir = dir
    this.#writer = writer
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

  #draftPath(blob: BlobName): string {
    return this.#writer === '' ? this.#path(blob) : `${this.#path(blob)}.${this.#writer}`
  }

  /** Of what was written here so far. 0: nothing. */
  async sizeBytes(blob: BlobName): Promise<number> {
    try {
      return (await stat(this.#draftPath(blob))).size
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
      throw error
    }
  }

  async append(blob: BlobName): Promise<FileHandle> {
    return open(this.#draftPath(blob), 'a', 0o600)
  }

  /** Makes the bytes, and the name of the file, survive a power cut. */
  async sync(file: FileHandle): Promise<void> {
    await file.sync()
    await this.#syncDir()
  }

  async #syncDir(): Promise<void> {
    if (process.platform === 'win32') return
    const dir = await open(this.#dir, 'r')
    try {
      await dir.sync()
    } finally {
      await dir.close()
    }
  }

  /** It is whole: from here on everybody reads it. */
  async publish(blob: BlobName): Promise<void> {
    if (this.#writer === '') return
    await rename(this.#draftPath(blob), this.#path(blob))
    await this.#syncDir()
  }

  read(blob: BlobName, offset: number): AsyncIterable<Uint8Array> {
    return createReadStream(this.#path(blob), { start: offset, highWaterMark: BLOB_CHUNK_BYTES })
  }

  /** Of what is there: constant memory. */
  async hash(blob: BlobName, sizeBytes: number): Promise<Hash> {
    const hash = createHash('sha256')
    if (sizeBytes > 0) for await (const chunk of createReadStream(this.#draftPath(blob))) hash.update(chunk as Buffer)
    return hash
  }

  async delete(blob: BlobName): Promise<void> {
    await rm(this.#path(blob), { force: true })
    await rm(this.#draftPath(blob), { force: true })
  }

  /** Those of which nothing is here: neither a whole file nor one that somebody still writes. */
  async missingOf(blobs: readonly BlobName[]): Promise<readonly BlobName[]> {
    const found = new Set((await this.#list()).map((name) => name.slice(0, HEX_DIGITS)))
    return blobs.filter((blob) => !found.has(this.#nameOf(blob)))
  }

  async #list(): Promise<readonly string[]> {
    const found: string[] = []
    for await (const entry of await opendir(this.#dir)) if (NAME.test(entry.name)) found.push(entry.name)
    return found
  }

  /**
   * Files that a kill left behind after their row went. Returns how many. The files are listed first: another front end may
   * begin one meanwhile, and its row is there before the file is.
   */
  async deleteOthers(known: () => Promise<readonly BlobName[]>): Promise<number> {
    const found = await this.#list()
    const names = new Set((await known()).map((blob) => this.#nameOf(blob)))
    const others = found.filter((name) => !names.has(name.slice(0, HEX_DIGITS)))
    for (const name of others) await rm(join(this.#dir, name), { force: true })
    return others.length
  }
}
