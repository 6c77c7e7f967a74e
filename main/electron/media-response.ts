import { APP_ORIGIN } from './origin.ts'
import { parseByteRange } from './byte-range.ts'

/** Bytes asked of the engine at a time; keeps a 100 MB video from lying in memory whole. */
const SEGMENT_BYTES = 1_048_576

export interface MediaPart {
  readonly bytes: Uint8Array
  readonly totalBytes: number
  readonly mediaType: string
}

/** Bytes from `start` up to and without `end`, cut at the attachment's end; undefined when there are none to have. */
export type ReadMedia = (messageId: string, start: number, end: number) => Promise<MediaPart | undefined>

/** What may be shown in place; anything else is bytes, whatever its sender calls it. */
const SHOWN = /^(image\/(png|jpeg|webp|gif|avif)|video\/(mp4|webm)|audio\/(mpeg|mp4|ogg|webm|wav))$/

const headersFor = (part: MediaPart): Record<string, string> => ({
  'Content-Type': SHOWN.test(part.mediaType) ? part.mediaType : 'application/octet-stream',
  'Content-Security-Policy': "default-src 'none'; sandbox",
  'X-Content-Type-Options': 'nosniff',
  'Access-Control-Allow-Origin': APP_ORIGIN,
  'Accept-Ranges': 'bytes',
  'Cache-Control': 'no-store',
})

const messageIdOf = (url: string): string | undefined => {
  const { host, pathname } = new URL(url)
  const match = /^\/([A-Za-z0-9_-]{22})$/.exec(pathname)
  return host === 'attachment' ? match?.[1] : undefined
}

const segmentsFrom = (
  read: ReadMedia,
  messageId: string,
  first: MediaPart,
  start: number,
  end: number,
): ReadableStream<Uint8Array> => {
  let position = start
  let next: MediaPart | undefined = first
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const part = next ?? (await read(messageId, position, Math.min(position + SEGMENT_BYTES, end)))
      next = undefined
      if (part === undefined || part.bytes.length === 0) {
        controller.error(new Error('the attachment ended early'))
        return
      }
      controller.enqueue(part.bytes)
      position += part.bytes.length
      if (position >= end) controller.close()
    },
  })
}

/** Answers a request for `parley-media://attachment/<messageId>`, with one range if it asks for one. */
export const respondWithMedia = async (
  request: { readonly url: string; readonly method: string; readonly headers: Headers },
  read: ReadMedia,
): Promise<Response> => {
  const messageId = messageIdOf(request.url)
  if (request.method !== 'GET' || messageId === undefined) return new Response(null, { status: 404 })
  const range = parseByteRange(request.headers.get('range'))
  const start = range?.start ?? 0
  const firstEnd = Math.min(start + SEGMENT_BYTES, range?.end ?? Infinity)
  const first = await read(messageId, start, firstEnd)
  if (first === undefined) return new Response(null, { status: 404 })
  const headers = headersFor(first)
  const end = Math.min(range?.end ?? first.totalBytes, first.totalBytes)
  if (start >= end) {
    return new Response(null, { status: 416, headers: { ...headers, 'Content-Range': `bytes */${first.totalBytes}` } })
  }
  headers['Content-Length'] = String(end - start)
  if (range) headers['Content-Range'] = `bytes ${start}-${end - 1}/${first.totalBytes}`
  return new Response(segmentsFrom(read, messageId, first, start, end), { status: range ? 206 : 200, headers })
}
