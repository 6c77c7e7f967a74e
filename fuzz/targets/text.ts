import { decodeText, encodeText } from '../../shared/features/text.ts'
import { fuzzTarget } from '../engine/target.ts'
import { words } from '../samples.ts'

export const text = fuzzTarget({
  name: 'text',
  refuses: ['malformed'],
  hints: { maxBytes: 70_000, sizes: [65_540, 65_541], words: words('\ufeff', '\u202e', '🌱', '\0') },
  prepare: () => ({
    samples: { plain: encodeText('hello'), other: encodeText('\ufeffשלום 🌱\n') },
    decode: decodeText,
    encode: encodeText,
  }),
})
