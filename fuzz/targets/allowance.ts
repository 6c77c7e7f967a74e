import { decodeAllowance, encodeAllowance } from '../../shared/wire/relay-allowance.ts'
import { fuzzTarget } from '../engine/target.ts'

export const allowance = fuzzTarget({
  name: 'allowance',
  refuses: ['malformed'],
  hints: { maxBytes: 128 },
  prepare: () => ({
    samples: {
      allowance: encodeAllowance({
        envelopes: { used: 12, limit: 20_000 },
        bytes: { used: 12_345_678_901, limit: 200_000_000_000 },
        blobBytes: { used: 0, limit: 1_000_000_000 },
        tokens: { used: 7, limit: 20_000 },
        doorEnvelopes: { used: 1, limit: 32 },
        doorOpen: true,
      }),
    },
    decode: decodeAllowance,
    encode: encodeAllowance,
  }),
})
