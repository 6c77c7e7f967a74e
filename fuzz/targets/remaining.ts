import { decodeRemaining, encodeRemaining } from '../../shared/wire/relay-answers.ts'
import { fuzzTarget } from '../engine/target.ts'

export const remaining = fuzzTarget({
  name: 'remaining',
  refuses: ['malformed'],
  hints: { maxBytes: 64 },
  prepare: () => ({
    samples: { remaining: encodeRemaining(200) },
    decode: decodeRemaining,
    encode: encodeRemaining,
  }),
})
