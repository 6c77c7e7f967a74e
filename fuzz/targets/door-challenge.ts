import { decodeDoorChallenge, encodeDoorChallenge } from '../../shared/wire/relay-door.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, SOME_TIME_MS } from '../samples.ts'

export const doorChallenge = fuzzTarget({
  name: 'door-challenge',
  refuses: ['malformed'],
  hints: { maxBytes: 64 },
  prepare: () => ({
    samples: { challenge: encodeDoorChallenge({ bits: 18, expiresAtMs: SOME_TIME_MS, seal: filled(32, 1) }) },
    decode: decodeDoorChallenge,
    encode: encodeDoorChallenge,
  }),
})
