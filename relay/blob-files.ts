/** Ciphertext of attachments as files; names say nothing: SHA-256 of mailbox ‖ blob. */

import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobId, MailboxId } from '../shared/model/ids.ts'
import { idToBytes } from '../shared/model/ids.ts'

const READ_CHUNK_BYTES = 64 * 1024

export class BlobFiles {
  readonly #dir: string

  constructor(dataDir: string) {
    this.#dir = join(dataDir, 'blobs')
  }

  async prepare(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
  }

  #path(mailboxId: MailboxId, blobId: BlobId): string {
    const name = createHash('sha256').update(idToBytes(mailboxId)).update(idToBytes(blobId)).digest('hex')
    return join(this.#dir, name)
  }

  async sizeBytes(mailboxId: MailboxId, blobId: BlobId): Promise<number> {
    try {
      return (await stat(this.#path(mailboxId, blobId))).size
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
      throw error
    }
  }

  async append(mailboxId: MailboxId, blobId: BlobId): Promise<FileHandle> {
    return open(this.#path(mailboxId, blobId), 'a', 0o600)
  }

  read(mailboxId: MailboxId, blobId: BlobId, offset: number): AsyncIterable<Uint8Array> {
    return createReadStream(this.#path(mailboxId, blobId), { start: offset, highWaterMark: READ_CHUNK_BYTES })
  }

  /** Of what is there: constant memory. */
  async hash(mailboxId: MailboxId, blobId: BlobId, sizeBytes: number): Promise<Hash> {
    const hash = createHash('sha256')
    if (sizeBytes > 0) for await (const chunk of this.read(mailboxId, blobId, 0)) hash.update(chunk)
    return hash
  }

  async delete(mailboxId: MailboxId, blobId: BlobId): Promise<void> {
    await rm(this.#path(mailboxId, blobId), { force: true })
  }
}
