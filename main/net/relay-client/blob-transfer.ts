/** Attachments to and from a relay, and from a device, over `/parley/blob/1`. */

import type { Connection } from '@libp2p/interface'
import type { BlobDownload, BlobUpload } from '../../ports/relay.ts'
import type { BlobId } from '../../../shared/model/ids.ts'
import { isParleyError, ParleyError } from '../../../shared/errors.ts'
import {
  BLOB_CHUNK_BYTES,
  BLOB_PROTOCOL,
  decodeBlobAnswer,
  encodeBlobRequest,
} from '../../../shared/wire/blob-stream.ts'
import type { BlobAnswer, BlobRequest } from '../../../shared/wire/blob-stream.ts'
import { FramedStream } from '../../../shared/wire/framed-stream.ts'
import { networkFailure } from '../failure.ts'

export type UploadAnswer = Extract<BlobAnswer, { status: 'held' | 'refused' }>

export interface BlobGet {
  readonly blobId: BlobId
  readonly readCapability: Uint8Array
  readonly offset: number
}

/** @throws unreachable | timeout | cancelled | relay-lying */
export async function uploadBlob(
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
    // While the bytes go out the relay may already refuse them: whichever comes first.
    const last = nextAnswer(stream)
    const sent = sendFrom(stream, first.offset, upload)
    const answer = await Promise.race([sent.then(() => last), last])
    if (answer.status === 'held') return answer
    // Nobody reads the rest: what is still being sent fails and ends.
    stream.abort(new Error('refused'))
    await Promise.allSettled([sent])
    if (answer.status !== 'refused') throw new ParleyError('relay-lying', 'blob answer')
    return answer
  })
}

async function sendFrom(stream: FramedStream, offset: number, upload: BlobUpload): Promise<void> {
  let done = offset
  upload.onProgress(done)
  for await (const chunk of upload.read(offset)) {
    for (let at = 0; at < chunk.length; at += BLOB_CHUNK_BYTES) {
      await stream.write(chunk.subarray(at, at + BLOB_CHUNK_BYTES))
    }
    done += chunk.length
    upload.onProgress(done)
  }
}

/** The same at a relay and at a device. Null: not here. @throws unreachable | timeout | cancelled | relay-lying */
export async function downloadBlob(
  connection: Connection,
  request: BlobGet,
  signal: AbortSignal,
): Promise<BlobDownload | null> {
  const open = await openBlobStream(connection, signal)
  try {
    await open.stream.write(encodeBlobRequest({ op: 'get', ...request }))
    const answer = await nextAnswer(open.stream)
    if (answer.status === 'absent') {
      await open.close()
      return null
    }
    if (answer.status !== 'from' || answer.offset !== request.offset)
      throw new ParleyError('relay-lying', 'blob answer')
    return { totalBytes: answer.totalBytes, chunks: chunksOf(open, answer.totalBytes - request.offset) }
  } catch (error) {
    throw open.fail(error)
  }
}

async function* chunksOf(open: OpenStream, expectedBytes: number): AsyncGenerator<Uint8Array> {
  let left = expectedBytes
  let finished = false
  try {
    for await (const chunk of open.stream.rawRest()) {
      left -= chunk.length
      if (left < 0) throw new ParleyError('relay-lying', 'more bytes than the blob has')
      yield chunk
    }
    finished = true
    if (left > 0) throw new ParleyError('unreachable', 'the stream ended early')
    await open.close()
  } catch (error) {
    finished = true
    throw open.fail(error)
  } finally {
    // A reader that stops early wants nothing more to come.
    if (!finished) open.fail(new ParleyError('cancelled'))
  }
}

/** @throws unreachable | timeout */
export async function tellBlobDone(connection: Connection, blobId: BlobId, readCapability: Uint8Array): Promise<void> {
  await onBlobStream(connection, null, async (stream) => {
    await stream.write(encodeBlobRequest({ op: 'done', blobId, readCapability }))
    await nextAnswer(stream)
  })
}

interface OpenStream {
  readonly stream: FramedStream
  close(): Promise<void>
  /** Ends it; returns what to throw. */
  fail(error: unknown): ParleyError
}

async function openBlobStream(connection: Connection, signal: AbortSignal | null): Promise<OpenStream> {
  if (signal?.aborted === true) throw new ParleyError('cancelled')
  const raw = await connection.newStream(BLOB_PROTOCOL, { runOnLimitedConnection: true }).catch((error: unknown) => {
    throw networkFailure(error)
  })
  const stream = new FramedStream(raw)
  const onAbort = (): void => {
    stream.abort(new ParleyError('cancelled'))
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  return {
    stream,
    close: async () => {
      signal?.removeEventListener('abort', onAbort)
      await stream.close()
    },
    fail: (error) => {
      signal?.removeEventListener('abort', onAbort)
      const failure = signal?.aborted === true ? new ParleyError('cancelled') : asFailure(error)
      stream.abort(failure)
      return failure
    },
  }
}

function asFailure(error: unknown): ParleyError {
  if (isParleyError(error, 'malformed')) return new ParleyError('relay-lying', error.detail, { cause: error })
  return networkFailure(error)
}

async function onBlobStream<T>(
  connection: Connection,
  signal: AbortSignal | null,
  work: (stream: FramedStream) => Promise<T>,
): Promise<T> {
  const open = await openBlobStream(connection, signal)
  try {
    const result = await work(open.stream)
    await open.close()
    return result
  } catch (error) {
    throw open.fail(error)
  }
}

async function nextAnswer(stream: FramedStream): Promise<BlobAnswer> {
  const frame = await stream.nextFrame()
  if (frame === null) throw new ParleyError('unreachable', 'the stream ended')
  return decodeBlobAnswer(frame)
}
