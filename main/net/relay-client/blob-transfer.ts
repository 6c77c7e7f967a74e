/** Attachments to a relay, and what is said of them, over `/parley/blob/1`. docs/protocol/relay.md, "Blobs". */

import type { Connection } from '@libp2p/interface'
import type { BlobUpload } from '../../ports/relay.ts'
import type { BlobId } from '../../../shared/model/ids.ts'
import { isParleyError, ParleyError } from '../../../shared/errors.ts'
import {
  BLOB_CHUNK_BYTES,
  BLOB_PROTOCOL,
  BLOB_WINDOW_BYTES,
  decodeBlobAnswer,
  encodeBlobRequest,
} from '../../../shared/wire/blob-stream.ts'
import type { BlobAnswer, BlobRequest } from '../../../shared/wire/blob-stream.ts'
import { FramedStream } from '../../../shared/wire/framed-stream.ts'
import { networkFailure } from '../failure.ts'

export type UploadAnswer = Extract<BlobAnswer, { status: 'held' | 'refused' }>

/** @throws unreachable | timeout | cancelled | relay-lying */
export function uploadBlob(
  connection: Connection,
  request: Extract<BlobRequest, { op: 'put' }>,
  upload: BlobUpload,
  signal: AbortSignal,
): Promise<UploadAnswer> {
  return onBlobStream(connection, signal, async (stream) => {
    await stream.write(encodeBlobRequest(request))
    const first = await nextAnswer(stream)
    if (first.status === 'held' || first.status === 'refused') return first
    if (first.status !== 'from' || first.offset > upload.sizeBytes) throw new ParleyError('relay-lying', 'blob answer')
    upload.onProgress(first.offset)
    const window = new UploadWindow(first.offset)
    const answering = readAnswers(stream, upload, window)
    const sending = sendFrom(stream, first.offset, upload, window)
    // While bytes go out the relay may already refuse them.
    const answer = await Promise.race([sending.then(() => answering), answering])
    if (answer.status === 'held') return answer
    // Nobody reads the rest: what is still being sent fails and ends.
    window.fail(new ParleyError('relay-refused', 'blob'))
    stream.abort(new Error('refused'))
    await Promise.allSettled([sending])
    return answer
  })
}

/** Where the sender may go up to. */
class UploadWindow {
  #sentBytes: number
  #takenBytes: number
  #failure: Error | null = null
  #wake: (() => void) | null = null

  constructor(offset: number) {
    this.#sentBytes = offset
    this.#takenBytes = offset
  }

  /** Resolves when `sizeBytes` more may be sent. */
  async reserve(sizeBytes: number): Promise<void> {
    while (this.#sentBytes + sizeBytes > this.#takenBytes + BLOB_WINDOW_BYTES) {
      if (this.#failure !== null) throw this.#failure
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#sentBytes += sizeBytes
  }

  /** @throws relay-lying: it cannot have taken that */
  taken(offset: number): void {
    if (offset < this.#takenBytes || offset > this.#sentBytes) throw new ParleyError('relay-lying', 'taken')
    this.#takenBytes = offset
    this.#wakeUp()
  }

  fail(error: Error): void {
    this.#failure = error
    this.#wakeUp()
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = null
  }
}

async function readAnswers(stream: FramedStream, upload: BlobUpload, window: UploadWindow): Promise<UploadAnswer> {
  try {
    for (;;) {
      const answer = await nextAnswer(stream)
      if (answer.status === 'held') upload.onProgress(upload.sizeBytes)
      if (answer.status === 'held' || answer.status === 'refused') return answer
      if (answer.status !== 'from') throw new ParleyError('relay-lying', 'blob answer')
      window.taken(answer.offset)
      upload.onProgress(answer.offset)
    }
  } catch (error) {
    window.fail(networkFailure(error))
    throw error
  }
}

async function sendFrom(stream: FramedStream, offset: number, upload: BlobUpload, window: UploadWindow): Promise<void> {
  for await (const chunk of upload.read(offset)) {
    for (let at = 0; at < chunk.length; at += BLOB_CHUNK_BYTES) {
      const piece = chunk.subarray(at, at + BLOB_CHUNK_BYTES)
      await window.reserve(piece.length)
      await stream.write(piece)
    }
  }
}

/** @throws unreachable | timeout | relay-lying */
export async function tellBlobDone(connection: Connection, blobId: BlobId, readCapability: Uint8Array): Promise<void> {
  await onBlobStream(connection, null, async (stream) => {
    await stream.write(encodeBlobRequest({ op: 'done', blobId, readCapability }))
    await nextAnswer(stream)
  })
}

async function nextAnswer(stream: FramedStream): Promise<BlobAnswer> {
  const frame = await stream.nextFrame()
  if (frame === null) throw new ParleyError('unreachable', 'the stream ended')
  return decodeBlobAnswer(frame)
}

async function onBlobStream<T>(
  connection: Connection,
  signal: AbortSignal | null,
  work: (stream: FramedStream) => Promise<T>,
): Promise<T> {
  const isCancelled = (): boolean => signal?.aborted ?? false
  if (isCancelled()) throw new ParleyError('cancelled')
  const stream = new FramedStream(await openStream(connection))
  const onAbort = (): void => {
    stream.abort(new ParleyError('cancelled'))
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    const result = await work(stream)
    await stream.close()
    return result
  } catch (error) {
    const failure = isCancelled() ? new ParleyError('cancelled', '', { cause: error }) : asFailure(error)
    stream.abort(failure)
    throw failure
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

async function openStream(connection: Connection) {
  try {
    return await connection.newStream(BLOB_PROTOCOL)
  } catch (error) {
    throw networkFailure(error)
  }
}

/** What a relay says that makes no sense, as what it is. */
export function asFailure(error: unknown): ParleyError {
  if (isParleyError(error, 'malformed')) return new ParleyError('relay-lying', error.detail, { cause: error })
  return networkFailure(error)
}
