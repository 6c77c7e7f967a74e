import { mediaTypeOf } from '../../main/features/files/media-type.ts'
import { safeFileName } from '../../shared/features/files.ts'
import { fuzzTarget } from '../engine/target.ts'
import { textOf, utf8, words } from '../samples.ts'

/** A file's name as its sender gave it. */
export const mediaType = fuzzTarget({
  name: 'media-type',
  refuses: [],
  hints: {
    maxBytes: 1_024,
    words: words('.', '..', '/', '\\', ' ', '\u202e', '__proto__', 'constructor', 'toString', '.png'),
  },
  prepare: () => ({
    samples: { photo: utf8('garden.JPEG'), nothing: utf8('README'), odd: utf8('..\\a/.b.constructor') },
    decode: (input) => {
      const name = safeFileName(textOf(input))
      if (safeFileName(name) !== name) throw new Error('a safe name that is not safe')
      const found = mediaTypeOf(name)
      if (!/^[\w.+-]+\/[\w.+-]+$/.test(found)) throw new Error('no media type')
      return found
    },
  }),
})
