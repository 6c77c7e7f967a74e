import { sep } from 'node:path'
import { parseByteRange } from '../../main/electron/byte-range.ts'
import { rendererFile } from '../../main/electron/renderer-file.ts'
import { respondWithMedia } from '../../main/electron/media-response.ts'
import { fuzzTarget } from '../engine/target.ts'
import { textOf, utf8, words } from '../samples.ts'

const FOLDER = `${sep}window`
const TOTAL_BYTES = 1_000

/** URL, line break, `Range` header: what the shell serves to the window. No file outside of the folder, no byte outside of the file. */
export const windowRequest = fuzzTarget({
  name: 'window-request',
  refuses: [],
  hints: {
    maxBytes: 1_024,
    words: words('..', '%2e', '%2f', '%5c', '\\', '%00', '//', '?', '#', '@', ':', 'bytes=', '-', '999999999999999'),
  },
  prepare: () => ({
    samples: {
      index: utf8('app://parley/index.html\n'),
      outside: utf8('app://parley/%2e%2e/secret.js\n'),
      media: utf8('parley-media://attachment/AQEBAQEBAQEBAQEBAQEBAQ\nbytes=10-99'),
    },
    decode: async (input) => {
      const [url = '', range = ''] = textOf(input).split('\n')
      const file = rendererFile(FOLDER, url)
      if (file !== undefined && !file.path.startsWith(`${FOLDER}${sep}`)) throw new Error(`outside: ${file.path}`)
      const status = URL.canParse(url) ? await mediaStatus(url, range) : 0
      return { file: file?.mediaType ?? '', range: parseByteRange(range), status }
    },
  }),
})

async function mediaStatus(url: string, range: string): Promise<number> {
  // a header's value is latin-1 without line breaks: the browser sends no other
  const value = /^[\x20-\x7e]*$/.test(range) ? range : ''
  const response = await respondWithMedia(
    { url, method: 'GET', headers: new Headers({ range: value }) },
    async (_, start, end) => {
      if (start < 0 || end < start) throw new Error(`bytes from ${start} to ${end}`)
      const bytes = new Uint8Array(Math.max(0, Math.min(end, TOTAL_BYTES) - start))
      return { bytes, totalBytes: TOTAL_BYTES, mediaType: 'video/mp4' }
    },
  )
  await response.arrayBuffer()
  return response.status
}
