/** `/parley/blob/1` at a device: `get` only. */

import type { BlobDownload } from '../ports/relay.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { BlobId } from '../../shared/model/ids.ts'
import { decodeBlobRequest, encodeBlobAnswer } from '../../shared/wire/blob-stream.ts'
import { FramedStream } from '../../shared/wire/framed-stream.ts'
import type { ByteStream } from '../../shared/wire/framed-stream.ts'

export async function serveBlob(
  stream: ByteStream,
  open: (blobId: BlobId, readCapability: Uint8Array, offset: number) => Promise<BlobDownload | null>,
): Promise<void> {
  const framed = new FramedStream(stream)
  try {
    const first = await framed.frames().next()
    if (first.done === true) return
    const request = decodeBlobRequest(first.value)
    if (request.op !== 'get') throw new ParleyError('malformed', 'a device answers get alone')
    const found = await open(request.blobId, request.readCapability, request.offset)
    if (found === null) {
      await framed.write(encodeBlobAnswer({ status: 'absent' }))
    } else {
      const { totalBytes, chunks } = found
      await framed.write(encodeBlobAnswer({ status: 'from', totalBytes, offset: request.offset }))
      for await (const chunk of chunks) await framed.writeRaw(chunk)
    }
    await framed.close()
  } catch (error) {
    framed.abort(error instanceof Error ? error : new Error('blob stream'))
  }
}
