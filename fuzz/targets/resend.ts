import { idFromBytes } from '../../shared/model/ids.ts'
import { decodeResend, encodeResend } from '../../shared/wire/resend.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled } from '../samples.ts'

export const resend = fuzzTarget({
  name: 'resend',
  refuses: ['malformed'],
  hints: { maxBytes: 20_000, sizes: [16_003, 16_019] },
  prepare: () => ({
    samples: {
      ask: encodeResend({ kind: 'ask', envelopeIds: [idFromBytes(filled(16, 1)), idFromBytes(filled(16, 2))] }),
      answered: encodeResend({ kind: 'answered', envelopeIds: [idFromBytes(filled(16, 3))] }),
    },
    decode: decodeResend,
    encode: encodeResend,
  }),
})
