import { decodeBlobTaken, encodeBlobTaken } from '../../shared/wire/blob-stream.ts'
import { fuzzTarget } from '../engine/target.ts'

export const blobTaken = fuzzTarget({
  name: 'blob-taken',
  refuses: ['malformed'],
  hints: { maxBytes: 64 },
  prepare: () => ({
    samples: { start: encodeBlobTaken(0), later: encodeBlobTaken(2 ** 40 + 7) },
    decode: decodeBlobTaken,
    encode: encodeBlobTaken,
  }),
})
