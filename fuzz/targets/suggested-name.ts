import { suggestedFileName } from '../../main/electron/suggested-name.ts'
import { fuzzTarget } from '../engine/target.ts'
import { textOf, utf8, words } from '../samples.ts'

/** A file's name on its way into the save dialog. */
export const suggestedName = fuzzTarget({
  name: 'suggested-name',
  refuses: [],
  differs: 'what is harmful in a name is taken out',
  hints: {
    maxBytes: 1_024,
    sizes: [199, 200, 201, 400],
    words: words('.', '..', '/', '\\', ' ', '\u00a0', '\u202e', '🌱', '\0'),
  },
  prepare: () => ({
    samples: { plain: utf8('notes.pdf'), harmful: utf8('../../.profile\u202e ') },
    decode: (input) => {
      const name = suggestedFileName(textOf(input))
      if (!name.isWellFormed()) throw new Error('half a character')
      return name
    },
    encode: utf8,
  }),
})
