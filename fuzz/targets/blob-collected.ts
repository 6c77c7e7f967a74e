import { decodeBlobCollected, encodeBlobCollected } from '../../shared/features/files.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled } from '../samples.ts'

export const blobCollected = fuzzTarget({
  name: 'blob-collected',
  refuses: ['malformed'],
  hints: { maxBytes: 64 },
  prepare: () => ({
    samples: { collected: filled(16, 1) },
    decode: decodeBlobCollected,
    encode: encodeBlobCollected,
  }),
})
