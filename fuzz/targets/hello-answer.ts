import { decodeHelloAnswer, encodeHelloAnswer } from '../../shared/wire/relay-answers.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled } from '../samples.ts'

export const helloAnswer = fuzzTarget({
  name: 'hello-answer',
  refuses: ['malformed'],
  prepare: () => ({
    samples: {
      answer: encodeHelloAnswer({
        version: 1,
        challenge: filled(32, 1),
        frontEnds: filled(110, 2),
        retentionSeconds: 2_592_000,
        maxEnvelopeBytes: 200_000,
        maxBlobBytes: 101_000_000,
      }),
    },
    decode: decodeHelloAnswer,
    encode: encodeHelloAnswer,
  }),
})
