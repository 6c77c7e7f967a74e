/** `/parley/blob/1` at a relay: put (resumed where it stopped), get by capability, done. docs/protocol/relay.md. */

import { isParleyError, ParleyError } from '../shared/errors.ts'
import type { ErrorCode } from '../shared/errors.ts'
import { decodeBlobRequest, encodeBlobAnswer } from '../shared/wire/blob-stream.ts'
import type { BlobAnswer, BlobRequest } from '../shared/wire/blob-stream.ts'
import { equalBytes } from '../shared/wire/bytes.ts'
import { FramedStream } from '../shared/wire/framed-stream.ts'
import type { ByteStream } from '../shared/wire/framed-stream.ts'
import { receiptBytes } from '../shared/wire/relay-signed.ts'
import type { BlobFiles } from './blob-files.ts'
import type { RelayConfig } from './config.ts'
import { sha256 } from './mailbox.ts'
import type { RelayKey } from './relay-key.ts'
import type { BlobRow, RelayStore } from './storage/relay-store.ts'

const DAY_MS = 24 * 60 * 60 * 1000

type Put = Extract<BlobRequest, { op: 'put' }>

export class Blobs {
  readonly #store: RelayStore
  readonly #files: BlobFiles
  readonly #config: RelayConfig
  readonly #key: RelayKey
  readonly #now: () => number
  /** One writer a blob. */
  readonly #writing = new Set<string>()

  constructor(store: RelayStore, files: BlobFiles, config: RelayConfig, key: RelayKey, now: () => number) {
    this.#store = store
    this.#files = files
    this.#config = config
    this.#key = key
    this.#now = now
  }

  async serve(stream: ByteStream): Promise<void> {
    const framed = new FramedStream(stream)
    try {
      const frames = framed.frames()
      const first = await frames.next()
      if (first.done === true) return
      const request = decodeBlobRequest(first.value)
      switch (request.op) {
        case 'get':
          await this.#get(framed, request)
          break
        case 'put':
          await this.#put(framed, request, frames)
          break
        case 'done':
          await this.#done(framed, request)
      }
      await framed.close()
    } catch (error) {
      framed.abort(error instanceof Error ? error : new Error('blob stream'))
    }
  }

  async #answer(framed: FramedStream, answer: BlobAnswer): Promise<void> {
    await framed.write(encodeBlobAnswer(answer))
  }

  async #get(framed: FramedStream, request: Extract<BlobRequest, { op: 'get' }>): Promise<void> {
    const row = this.#store.blobByCapability(request.blobId, sha256(request.readCapability))
    if (row === null || request.offset > row.sizeBytes) {
      await this.#answer(framed, { status: 'absent' })
      return
    }
    await this.#answer(framed, { status: 'from', totalBytes: row.sizeBytes, offset: request.offset })
    if (request.offset === row.sizeBytes) return
    for await (const chunk of this.#files.read(row.mailboxId, row.blobId, request.offset)) await framed.writeRaw(chunk)
  }

  async #done(framed: FramedStream, request: Extract<BlobRequest, { op: 'done' }>): Promise<void> {
    const row = this.#store.blobByCapability(request.blobId, sha256(request.readCapability))
    if (row !== null) {
      this.#store.transaction(() => {
        this.#store.deleteBlob(row.mailboxId, row.blobId)
      })
      await this.#files.delete(row.mailboxId, row.blobId)
    }
    await this.#answer(framed, { status: 'done' })
  }

  async #put(framed: FramedStream, put: Put, frames: AsyncIterator<Uint8Array>): Promise<void> {
    const name = `${put.mailboxId} ${put.blobId}`
    const refusal = this.#writing.has(name) ? 'rate-limited' : this.#refusal(put)
    if (refusal !== null) {
      await this.#answer(framed, { status: 'refused', code: refusal })
      return
    }
    this.#writing.add(name)
    try {
      await this.#answer(framed, await this.#receive(framed, put, frames))
    } catch (error) {
      if (!isParleyError(error)) throw error
      await this.#answer(framed, { status: 'refused', code: error.code })
    } finally {
      this.#writing.delete(name)
    }
  }

  #refusal(put: Put): ErrorCode | null {
    if (this.#store.handleOf(put.mailboxId, sha256(put.token)) === null) return 'token-revoked'
    if (put.sizeBytes === 0 || put.sizeBytes > this.#config.maxBlobBytes) return 'too-large'
    const known = this.#store.blob(put.mailboxId, put.blobId)
    if (known !== null) {
      const same = known.sizeBytes === put.sizeBytes && equalBytes(known.sha256, put.sha256)
      return same && equalBytes(known.capabilityHash, put.capabilityHash) ? null : 'relay-refused'
    }
    const full = this.#store.blobBytes(put.mailboxId) + put.sizeBytes > this.#config.mailboxMaxBlobBytes
    return full ? 'relay-full' : null
  }

  async #receive(framed: FramedStream, put: Put, frames: AsyncIterator<Uint8Array>): Promise<BlobAnswer> {
    const { mailboxId, blobId, sizeBytes } = put
    const row = this.#store.blob(mailboxId, blobId) ?? this.#begin(put)
    if (row.complete) return this.#held(row)
    let done = await this.#files.sizeBytes(mailboxId, blobId)
    if (done > sizeBytes) {
      await this.#files.delete(mailboxId, blobId)
      done = 0
    }
    const hash = await this.#files.hash(mailboxId, blobId, done)
    await this.#answer(framed, { status: 'from', totalBytes: sizeBytes, offset: done })
    const file = await this.#files.append(mailboxId, blobId)
    try {
      while (done < sizeBytes) {
        const next = await frames.next()
        if (next.done === true) throw new Error('the sender left')
        const chunk = next.value
        if (done + chunk.length > sizeBytes) throw new ParleyError('malformed', 'more than announced')
        await file.writeFile(chunk)
        hash.update(chunk)
        done += chunk.length
      }
      await file.sync()
    } finally {
      await file.close()
    }
    if (!equalBytes(new Uint8Array(hash.digest()), put.sha256)) return this.#discard(put)
    const storedAtMs = this.#now()
    this.#store.transaction(() => {
      this.#store.completeBlob(mailboxId, blobId, storedAtMs)
    })
    return this.#held({ ...row, storedAtMs })
  }

  async #discard({ mailboxId, blobId }: Put): Promise<BlobAnswer> {
    this.#store.transaction(() => {
      this.#store.deleteBlob(mailboxId, blobId)
    })
    await this.#files.delete(mailboxId, blobId)
    return { status: 'refused', code: 'malformed' }
  }

  #begin(put: Put): BlobRow {
    const nowMs = this.#now()
    const row: BlobRow = {
      mailboxId: put.mailboxId,
      blobId: put.blobId,
      sizeBytes: put.sizeBytes,
      sha256: put.sha256,
      capabilityHash: put.capabilityHash,
      complete: false,
      storedAtMs: nowMs,
      expiresAtMs: nowMs + Math.min(Math.max(1, put.ttlSeconds) * 1000, this.#config.retentionDays * DAY_MS),
    }
    this.#store.transaction(() => {
      this.#store.putBlob(row)
    })
    return row
  }

  #held(row: BlobRow): BlobAnswer {
    const { mailboxId, storedAtMs, expiresAtMs } = row
    const receipt = receiptBytes({
      what: 'blob',
      relayId: this.#key.relayId,
      mailboxId,
      subject: row.blobId,
      storedAtMs,
      expiresAtMs,
    })
    return { status: 'held', storedAtMs, expiresAtMs, signature: this.#key.sign(receipt) }
  }

  /** Files of rows that expired. */
  async deleteFiles(rows: readonly Pick<BlobRow, 'mailboxId' | 'blobId'>[]): Promise<void> {
    for (const { mailboxId, blobId } of rows) await this.#files.delete(mailboxId, blobId)
  }
}
