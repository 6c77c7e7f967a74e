import { decodeDepositsAnswer, encodeDepositsAnswer } from '../../shared/wire/relay-answers.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, SOME_TIME_MS } from '../samples.ts'

export const depositsAnswer = fuzzTarget({
  name: 'deposits-answer',
  refuses: ['malformed'],
  differs: 'a refusal of an unknown number is read as the general one',
  prepare: () => {
    const collected = { kind: 'collected' } as const
    const refused = { kind: 'refused', code: 'relay-full', retryAfterSeconds: 0 } as const
    const held = { kind: 'held', storedAtMs: SOME_TIME_MS, expiresAtMs: SOME_TIME_MS + 1 } as const
    return {
      samples: {
        held: encodeDepositsAnswer({ answers: [held, collected, held, refused], signature: filled(64, 1) }),
        unheld: encodeDepositsAnswer({ answers: [refused, collected], signature: null }),
      },
      decode: decodeDepositsAnswer,
      encode: encodeDepositsAnswer,
    }
  },
})
