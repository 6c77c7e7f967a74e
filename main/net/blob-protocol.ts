/** `/parley/blob/1` at a device: answers `get`, and asks for it, from devices and relays. docs/protocol/direct.md. */

import type { Connection, Stream } from '@libp2p/interface'
import type { BlobDownload } from '../ports/relay.ts'
import type { DirectHandlers } from '../ports/direct.ts'
import { ParleyError } from '../../shared/errors.ts'
import {
  BLOB_PROTOCOL,
  BLOB_TAKEN_EVERY_BYTES,
  decodeBlobAnswer,
  decodeBlobRequest,
  encodeBlobAnswer,
  encodeBlobRequest,
  encodeBlobTaken,
  sendWithinWindow,
} from '../../shared/wire/blob-stream.ts'
import { FramedStream } from '../../shared/wire/framed-stream.ts'
import { networkFailure } from './failure.ts'
import type { BlobRequestParts } from './link.ts'

const OPEN_WITHIN_MS = 10_000

/** Never rejects: whatever fails ends the stream. */
export async function serveBlob(stream: Stream, open: DirectHandlers['openBlob']): Promise<void> {
  const framed = new FramedStream(stream)
  try {
    const first = await framed.nextFrame()
    if (first === null) return
    const request = decodeBlobRequest(first)
    if (request.op !== 'get') throw new ParleyError('malformed', 'a device answers get alone')
    const found = await open(request.blobId, request.readCapability, request.offset)
    if (found === null) {
      await framed.write(encodeBlobAnswer({ status: 'absent' }))
    } else {
      await framed.write(encodeBlobAnswer({ status: 'from', totalBytes: found.totalBytes, offset: request.offset }))
      await sendWithinWindow(framed, found.chunks, { offset: request.offset, totalBytes: found.totalBytes })
    }
    await framed.close()
  } catch (error) {
    framed.abort(networkFailure(error))
  }
}

/** Null: not there for this reader. @throws unreachable | timeout | cancelled | malformed */
export async function getBlob(
  connection: Connection,
  request: BlobRequestParts,
  signal: AbortSignal,
): Promise<BlobDownload | null> {
  const stream = await openStream(connection, signal)
  const onAbort = (): void => {
    stream.abort(new ParleyError('cancelled', 'blob'))
  }
  signal.addEventListener('abort', onAbort)
  const done = (): void => {
    signal.removeEventListener('abort', onAbort)
  }
  const framed = new FramedStream(stream)
  try {
    await framed.write(encodeBlobRequest({ op: 'get', ...request }))
    const first = await framed.nextFrame()
    if (first === null) throw new ParleyError('unreachable', 'no answer')
    const answer = decodeBlobAnswer(first)
    if (answer.status === 'absent') {
      await framed.close()
      done()
      return null
    }
    if (answer.status !== 'from' || answer.offset !== request.offset || answer.totalBytes < request.offset) {
      throw new ParleyError('malformed', 'blob answer')
    }
    const { totalBytes } = answer
    return { totalBytes, chunks: download(framed, { offset: request.offset, totalBytes }, signal, done) }
  } catch (error) {
    done()
    const failure = failureOf(error, signal)
    framed.abort(failure)
    throw failure
  }
}

async function openStream(connection: Connection, signal: AbortSignal): Promise<Stream> {
  try {
    return await connection.newStream(BLOB_PROTOCOL, {
      runOnLimitedConnection: true,
      signal: AbortSignal.any([signal, AbortSignal.timeout(OPEN_WITHIN_MS)]),
    })
  } catch (error) {
    throw failureOf(error, signal)
  }
}

function failureOf(error: unknown, signal: AbortSignal): ParleyError {
  return signal.aborted ? new ParleyError('cancelled', 'blob', { cause: error }) : networkFailure(error)
}

async function* download(
  framed: FramedStream,
  { offset, totalBytes }: { readonly offset: number; readonly totalBytes: number },
  signal: AbortSignal,
  done: () => void,
): AsyncGenerator<Uint8Array> {
  let takenBytes = offset
  let saidBytes = offset
  let complete = false
  try {
    for await (const chunk of framed.rawRest()) {
      if (takenBytes + chunk.length > totalBytes) throw new ParleyError('malformed', 'more than the blob')
      yield chunk
      takenBytes += chunk.length
      if (takenBytes - saidBytes >= BLOB_TAKEN_EVERY_BYTES && takenBytes < totalBytes) {
        saidBytes = takenBytes
        await framed.write(encodeBlobTaken(takenBytes))
      }
    }
    if (takenBytes < totalBytes) throw new ParleyError('unreachable', 'the blob ended early')
    complete = true
    await framed.close()
  } catch (error) {
    if (!complete) throw failureOf(error, signal)
  } finally {
    done()
    // also when the consumer stopped: nobody takes what is on the way
    if (!complete) framed.abort(new ParleyError('cancelled', 'blob'))
  }
}
