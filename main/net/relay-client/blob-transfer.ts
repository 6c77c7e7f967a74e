/** Attachments to and from a relay over `/parley/blob/1`. */

import type { Connection } from '@libp2p/interface'
import type { BlobDownload, BlobUpload } from '../../ports/relay.ts'
import type { BlobId } from '../../../shared/model/ids.ts'
import { ParleyError } from '../../../shared/errors.ts'
import { BLOB_PROTOCOL, decodeBlobAnswer, encodeBlobRequest } from '../../../shared/wire/blob-stream.ts'
import type { BlobAnswer, BlobRequest } from '../../../shared/wire/blob-stream.ts'
import { FramedStream, FrameSplitter } from '../../../shared/wire/framed-stream.ts'
import type { ByteStream } from '../../../shared/wire/framed-stream.ts'
import { networkFailure } from '../failure.ts'

export type UploadAnswer = Extract<BlobAnswer, { status: 'held' | 'refused' }>

async function openBlobStream(connection: Connection): Promise<ByteStream> {
  try {
    return await connection.newStream(BLOB_PROTOCOL, { runOnLimitedConnection: true })
  } catch (error) {
    throw networkFailure(error)
  }
}

/** @throws unreachable | cancelled | relay-lying */
export async function uploadBlob(
  connection: Connection,
  request: Extract<BlobRequest, { op: 'put' }>,
  upload: BlobUpload,
  signal: AbortSignal,
): Promise<UploadAnswer> {
  const stream = new FramedStream(await openBlobStream(connection))
  const frames = stream.frames()
  try {
    await stream.write(encodeBlobRequest(request))
    const first = await nextAnswer(frames)
    if (first.status === 'held' || first.status === 'refused') return first
    if (first.status !== 'from' || first.offset > upload.sizeBytes) throw new ParleyError('relay-lying', 'blob answer')
    let done = first.offset
    for await (const chunk of upload.read(first.offset)) {
      if (signal.aborted) throw new ParleyError('cancelled')
      await stream.write(chunk)
      done += chunk.length
      upload.onProgress(done)
    }
    const last = await nextAnswer(frames)
    if (last.status !== 'held' && last.status !== 'refused') throw new ParleyError('relay-lying', 'blob answer')
    await stream.close()
    return last
  } catch (error) {
    const failure = networkFailure(error)
    stream.abort(failure)
    throw failure
  }
}

async function nextAnswer(frames: AsyncGenerator<Uint8Array>): Promise<BlobAnswer> {
  const next = await frames.next()
  if (next.done === true) throw new ParleyError('unreachable', 'the stream ended')
  return decodeBlobAnswer(next.value)
}

export interface BlobGet {
  readonly blobId: BlobId
  readonly readCapability: Uint8Array
  readonly offset: number
}

/** The same at a relay and at a device. Null: not here. @throws unreachable | timeout */
export async function downloadBlob(
  connection: Connection,
  request: BlobGet,
  signal: AbortSignal,
): Promise<BlobDownload | null> {
  const stream = await openBlobStream(connection)
  const onAbort = (): void => {
    stream.abort(new ParleyError('cancelled'))
  }
  signal.addEventListener('abort', onAbort, { once: true })
  const bytes = bytesOf(stream)
  try {
    await new FramedStream(stream).write(encodeBlobRequest({ op: 'get', ...request }))
    const head = await readHead(bytes)
    if (head.answer.status === 'absent') {
      await stream.close()
      return null
    }
    if (head.answer.status !== 'from') throw new ParleyError('relay-lying', 'blob answer')
    return {
      totalBytes: head.answer.totalBytes,
      chunks: chunks(stream, head.rest, bytes, () => {
        signal.removeEventListener('abort', onAbort)
      }),
    }
  } catch (error) {
    signal.removeEventListener('abort', onAbort)
    const failure = networkFailure(error)
    stream.abort(failure)
    throw failure
  }
}

async function* bytesOf(stream: ByteStream): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield chunk.subarray()
}

/** The answer is one frame; what came with it in the same chunk is already ciphertext. */
async function readHead(bytes: AsyncGenerator<Uint8Array>): Promise<{ answer: BlobAnswer; rest: Uint8Array }> {
  let received = new Uint8Array()
  for (;;) {
    const next = await bytes.next()
    if (next.done === true) throw new ParleyError('unreachable', 'the stream ended')
    const joined = new Uint8Array(received.length + next.value.length)
    joined.set(received)
    joined.set(next.value, received.length)
    received = joined
    const length = received.length >= 4 ? new DataView(received.buffer).getUint32(0) : Infinity
    if (length > 256 && length !== Infinity) throw new ParleyError('malformed', 'blob answer')
    if (received.length < 4 + length) continue
    const [frame] = [...new FrameSplitter().push(received.slice(0, 4 + length))]
    if (frame === undefined) throw new ParleyError('malformed', 'blob answer')
    return { answer: decodeBlobAnswer(frame), rest: received.slice(4 + length) }
  }
}

async function* chunks(
  stream: ByteStream,
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array>,
  onEnd: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    if (first.length > 0) yield first
    yield* rest
    await stream.close()
  } catch (error) {
    throw networkFailure(error)
  } finally {
    onEnd()
  }
}

/** @throws unreachable | timeout */
export async function tellBlobDone(connection: Connection, blobId: BlobId, readCapability: Uint8Array): Promise<void> {
  const stream = new FramedStream(await openBlobStream(connection))
  try {
    await stream.write(encodeBlobRequest({ op: 'done', blobId, readCapability }))
    await nextAnswer(stream.frames())
    await stream.close()
  } catch (error) {
    const failure = networkFailure(error)
    stream.abort(failure)
    throw failure
  }
}
