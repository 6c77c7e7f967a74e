/** `/parley/blob/1` at a relay: put (resumed where it stopped), get by capability, done. docs/protocol/relay.md, "Blobs". */

import type { Hash } from 'node:crypto'
import { isParleyError, ParleyError } from '../shared/errors.ts'
import {
  BLOB_TAKEN_EVERY_BYTES,
  decodeBlobRequest,
  encodeBlobAnswer,
  sendWithinWindow,
} from '../shared/wire/blob-stream.ts'
import type { BlobAnswer, BlobRequest } from '../shared/wire/blob-stream.ts'
import { equalBytes } from '../shared/wire/bytes.ts'
import { FramedStream } from '../shared/wire/framed-stream.ts'
import type { ByteStream } from '../shared/wire/framed-stream.ts'
import { receiptsToSign } from '../shared/wire/relay-receipt.ts'
import type { BlobFiles } from './blob-files.ts'
import type { RelayConfig } from './config.ts'
import type { DailyQuota } from './daily-quota.ts'
import { senderName } from './deposits.ts'
import { sha256 } from './hashes.ts'
import type { HalfFrames } from './half-frames.ts'
import type { RelayMetrics } from './metrics.ts'
import { Refused, refusalOf } from './refused.ts'
import type { RelayKey } from './relay-key.ts'
import type { BlobName, BlobRow, RelayStore } from './storage/relay-store.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const FULL_RETRY_SECONDS = 600

type Put = Extract<BlobRequest, { op: 'put' }>
type ByCapability = Extract<BlobRequest, { op: 'get' | 'done' }>

export interface BlobParts {
  readonly store: RelayStore
  readonly files: BlobFiles
  readonly config: RelayConfig
  readonly key: RelayKey
  readonly quota: DailyQuota
  readonly now: () => number
  /** Whether the disk has room for that much more. */
  readonly hasRoomFor: (bytes: number) => boolean
  readonly halfFrames: HalfFrames
  readonly metrics: RelayMetrics
}

interface Writer {
  /** Lets go of a sender that came back on another stream. */
  abort(): void
  readonly ended: Promise<void>
}

export class Blobs {
  readonly #parts: BlobParts
  /** One writer a blob: the newest. */
  readonly #writers = new Map<string, Writer>()

  constructor(parts: BlobParts) {
    this.#parts = parts
  }

  async serve(stream: ByteStream): Promise<void> {
    const onHalfFrame = this.#parts.halfFrames.watch((error) => {
      stream.abort(error)
    })
    const framed = new FramedStream(stream, onHalfFrame)
    try {
      const first = await framed.nextFrame()
      if (first === null) return
      await this.#answer(framed, decodeBlobRequest(first))
      await framed.close()
    } catch (error) {
      framed.abort(error instanceof Error ? error : new Error('blob stream'))
    }
  }

  async #answer(framed: FramedStream, request: BlobRequest): Promise<void> {
    switch (request.op) {
      case 'get':
        return this.#get(framed, request)
      case 'put':
        return this.#put(framed, request)
      case 'done':
        return this.#done(framed, request)
    }
  }

  #find({ blobId, readCapability }: ByCapability): Promise<BlobRow | null> {
    return this.#parts.store.blobByCapability(blobId, sha256(readCapability), this.#parts.now())
  }

  async #get(framed: FramedStream, request: Extract<BlobRequest, { op: 'get' }>): Promise<void> {
    const row = await this.#find(request)
    if (row === null || request.offset > row.sizeBytes) return say(framed, { status: 'absent' })
    await say(framed, { status: 'from', totalBytes: row.sizeBytes, offset: request.offset })
    if (request.offset === row.sizeBytes) return
    const { offset } = request
    await sendWithinWindow(framed, this.#parts.files.read(row, offset), { offset, totalBytes: row.sizeBytes })
    this.#parts.metrics.add('blobBytesOut', row.sizeBytes - offset)
  }

  async #done(framed: FramedStream, request: Extract<BlobRequest, { op: 'done' }>): Promise<void> {
    const row = await this.#find(request)
    if (row !== null) {
      await this.#parts.store.deleteBlob(row)
      await this.#parts.files.delete(row)
    }
    await say(framed, { status: 'done' })
  }

  async #put(framed: FramedStream, put: Put): Promise<void> {
    try {
      await this.#checkSender(put)
      await this.#asOnlyWriter(framed, put, async () => say(framed, await this.#receive(framed, put)))
    } catch (error) {
      if (!isParleyError(error)) throw error
      this.#parts.metrics.refused(error.code)
      await say(framed, { status: 'refused', ...refusalOf(error) })
    }
  }

  /** @throws token-revoked | too-large | relay-full */
  async #checkSender({ mailboxId, token, sizeBytes }: Put): Promise<void> {
    const { store, config, hasRoomFor } = this.#parts
    if (!(await store.hasToken(mailboxId, sha256(token)))) throw new Refused('token-revoked', 'blob')
    if (sizeBytes === 0 || sizeBytes > config.maxBlobBytes) throw new Refused('too-large', 'blob')
    if (!hasRoomFor(0)) throw new Refused('relay-full', 'disk', FULL_RETRY_SECONDS)
  }

  /** Its mailbox is closed: whoever writes there ends, and the file may go. */
  async letGo(name: BlobName): Promise<void> {
    const writer = this.#writers.get(writerName(name))
    writer?.abort()
    await writer?.ended
  }

  async #asOnlyWriter(framed: FramedStream, { mailboxId, blobId }: Put, write: () => Promise<void>): Promise<void> {
    const name = writerName({ mailboxId, blobId })
    for (let before = this.#writers.get(name); before !== undefined; before = this.#writers.get(name)) {
      before.abort()
      await before.ended
    }
    let end = (): void => undefined
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const writer: Writer = {
      ended,
      abort: () => {
        framed.abort(new Error('the sender came back on another stream'))
      },
    }
    this.#writers.set(name, writer)
    try {
      await write()
    } finally {
      this.#writers.delete(name)
      end()
    }
  }

  /** @throws relay-refused: another blob of that name | relay-full | relay-quota | file-damaged | malformed */
  async #receive(framed: FramedStream, put: Put): Promise<BlobAnswer> {
    const row = await this.#begin(put)
    if (row.complete) return this.#held(row)
    const { files } = this.#parts
    const { sizeBytes } = put
    let offset = await files.sizeBytes(row)
    if (offset > sizeBytes) {
      await files.delete(row)
      offset = 0
    }
    const hash = await files.hash(row, offset)
    await say(framed, { status: 'from', totalBytes: sizeBytes, offset })
    await this.#append(framed, row, offset, hash)
    if (!equalBytes(new Uint8Array(hash.digest()), put.sha256)) return this.#discard(row)
    await files.publish(row)
    const storedAtMs = this.#parts.now()
    await this.#parts.store.completeBlob(row, storedAtMs)
    return this.#held({ ...row, storedAtMs })
  }

  /** @throws malformed | relay-full */
  async #append(framed: FramedStream, row: BlobRow, offset: number, hash: Hash): Promise<void> {
    const { files, hasRoomFor } = this.#parts
    const totalBytes = row.sizeBytes
    let taken = offset
    let said = offset
    const file = await files.append(row)
    try {
      while (taken < totalBytes) {
        const chunk = await framed.nextFrame()
        if (chunk === null) throw new Error('the sender left')
        if (taken + chunk.length > totalBytes) throw new ParleyError('malformed', 'more than announced')
        if (!hasRoomFor(chunk.length)) throw new Refused('relay-full', 'disk', FULL_RETRY_SECONDS)
        await file.writeFile(chunk)
        hash.update(chunk)
        taken += chunk.length
        this.#parts.metrics.add('blobBytesIn', chunk.length)
        if (taken - said < BLOB_TAKEN_EVERY_BYTES || taken === totalBytes) continue
        said = taken
        await say(framed, { status: 'from', totalBytes, offset: taken })
      }
      await files.sync(file)
    } catch (error) {
      throw asExpected(error)
    } finally {
      await file.close()
    }
  }

  /** The row of an earlier attempt, when it is the same blob, or a new one. */
  async #begin(put: Put): Promise<BlobRow> {
    const { store, quota, config, now } = this.#parts
    const nowMs = now()
    const { mailboxId, blobId, sizeBytes, sha256: hash, capabilityHash, ttlSeconds } = put
    const lifeMs = Math.min(Math.max(1, ttlSeconds) * 1000, config.retentionDays * DAY_MS)
    const times = { storedAtMs: nowMs, expiresAtMs: nowMs + lifeMs }
    const fresh = { mailboxId, blobId, sizeBytes, sha256: hash, capabilityHash, complete: false, ...times }
    const sender = senderName(mailboxId, sha256(put.token))
    const cost = { envelopes: 0, bytes: sizeBytes }
    if (!quota.charge(sender, cost, nowMs)) throw new Refused('relay-quota', 'blob', quota.secondsLeft(nowMs))
    const row = await store.beginBlob(fresh)
    if (row !== fresh) quota.refund(sender, cost)
    if (row === 'full') throw new Refused('relay-full', 'blobs', FULL_RETRY_SECONDS)
    const same =
      row.sizeBytes === sizeBytes && equalBytes(row.sha256, hash) && equalBytes(row.capabilityHash, capabilityHash)
    if (!same) throw new Refused('relay-refused', 'another blob of that name')
    return row
  }

  /** Bytes that are not what was announced must not be the start of the next attempt. */
  async #discard(row: BlobRow): Promise<BlobAnswer> {
    await this.#parts.store.deleteBlob(row)
    await this.#parts.files.delete(row)
    throw new Refused('file-damaged', 'blob')
  }

  #held(row: BlobRow): BlobAnswer {
    const { key } = this.#parts
    const { mailboxId, blobId, storedAtMs, expiresAtMs } = row
    const held = [{ mailboxId, subject: blobId, storedAtMs, expiresAtMs }]
    const signature = key.sign(receiptsToSign('blob', key.relayId, held, sha256))
    return { status: 'held', storedAtMs, expiresAtMs, signature }
  }
}

function writerName({ mailboxId, blobId }: BlobName): string {
  return `${mailboxId} ${blobId}`
}

async function say(framed: FramedStream, answer: BlobAnswer): Promise<void> {
  await framed.write(encodeBlobAnswer(answer))
}

function asExpected(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : null
  return code === 'ENOSPC' ? new Refused('relay-full', 'disk', FULL_RETRY_SECONDS) : error
}
