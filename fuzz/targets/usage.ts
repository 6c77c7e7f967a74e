import { decodeUsage, encodeUsage } from '../../shared/wire/relay-answers.ts'
import { fuzzTarget } from '../engine/target.ts'

export const usage = fuzzTarget({
  name: 'usage',
  refuses: ['malformed'],
  hints: { maxBytes: 64 },
  prepare: () => ({
    samples: { usage: encodeUsage({ envelopeCount: 12, bytes: 12_345_678_901 }) },
    decode: decodeUsage,
    encode: encodeUsage,
  }),
})
