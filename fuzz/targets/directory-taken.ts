import { decodeDirectoryTaken, encodeDirectoryTaken } from '../../shared/wire/relay-answers.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled } from '../samples.ts'

export const directoryTaken = fuzzTarget({
  name: 'directory-taken',
  refuses: ['malformed'],
  hints: { sizes: [4_099, 4_100] },
  prepare: () => ({
    samples: { item: encodeDirectoryTaken(filled(60, 1)), none: encodeDirectoryTaken(null) },
    decode: decodeDirectoryTaken,
    encode: encodeDirectoryTaken,
  }),
})
