import { describe, expect, test } from 'vitest'
import { respondWithMedia } from './media-response.ts'
import type { ReadMedia } from './media-response.ts'

const MEBIBYTE = 1_048_576
const ID = 'A'.repeat(22)
const content = Uint8Array.from({ length: 2.5 * MEBIBYTE }, (_, index) => index % 251)

const readFrom =
  (bytes: Uint8Array, mediaType = 'image/png', asked: [number, number][] = []): ReadMedia =>
  async (_messageId, start, end) => {
    asked.push([start, end])
    return { bytes: bytes.slice(start, end), totalBytes: bytes.length, mediaType }
  }

const request = (range?: string, url = `parley-media://attachment/${ID}`, method = 'GET') => ({
  url,
  method,
  headers: new Headers(range === undefined ? {} : { range }),
})

const bodyOf = async (response: Response): Promise<Uint8Array> => new Uint8Array(await response.arrayBuffer())

describe('an attachment', () => {
  test('is answered whole, asked of the engine in parts', async () => {
    const asked: [number, number][] = []
    const response = await respondWithMedia(request(), readFrom(content, 'image/png', asked))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe(String(content.length))
    expect(Buffer.compare(await bodyOf(response), content)).toBe(0)
    expect(asked).toEqual([
      [0, MEBIBYTE],
      [MEBIBYTE, 2 * MEBIBYTE],
      [2 * MEBIBYTE, content.length],
    ])
  })

  test.each([
    ['bytes=10-19', 10, 20],
    ['bytes=1048570-1048590', 1_048_570, 1_048_591],
    ['bytes=2621000-', 2_621_000, content.length],
    ['bytes=2621000-99999999', 2_621_000, content.length],
  ])('is answered by the range %s', async (range, start, end) => {
    const response = await respondWithMedia(request(range), readFrom(content))
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/${content.length}`)
    expect(Buffer.compare(await bodyOf(response), content.slice(start, end))).toBe(0)
  })

  test('has no range past its end', async () => {
    const response = await respondWithMedia(request(`bytes=${content.length}-`), readFrom(content))
    expect(response.status).toBe(416)
    expect(response.headers.get('content-range')).toBe(`bytes */${content.length}`)
  })

  test('that the engine does not have is not found', async () => {
    expect((await respondWithMedia(request(), async () => undefined)).status).toBe(404)
  })

  test('that ends early breaks off, and is not taken for whole', async () => {
    const truncated: ReadMedia = async (_id, start, end) => ({
      bytes: content.slice(start, Math.min(end, 100)),
      totalBytes: content.length,
      mediaType: 'video/mp4',
    })
    const response = await respondWithMedia(request(), truncated)
    await expect(response.arrayBuffer()).rejects.toThrow()
  })

  test.each(['text/html', 'image/svg+xml', 'application/pdf', 'image/png; charset=utf-8'])(
    'called %s by its sender is bytes only',
    async (mediaType) => {
      const response = await respondWithMedia(request(), readFrom(content.slice(0, 10), mediaType))
      expect(response.headers.get('content-type')).toBe('application/octet-stream')
    },
  )

  test.each([`parley-media://other/${ID}`, `parley-media://attachment/${ID}/x`, 'parley-media://attachment/short'])(
    'has no other address: %s',
    async (url) => {
      expect((await respondWithMedia(request(undefined, url), readFrom(content))).status).toBe(404)
    },
  )

  test('is only read', async () => {
    const response = await respondWithMedia(request(undefined, undefined, 'POST'), readFrom(content))
    expect(response.status).toBe(404)
  })
})
