import { decodeTurn, encodeTurn } from '../../shared/wire/relay-allowance.ts'
import { fuzzTarget } from '../engine/target.ts'

export const turnCredentials = fuzzTarget({
  name: 'turn-credentials',
  refuses: ['malformed'],
  hints: { maxBytes: 1_024 },
  prepare: () => ({
    samples: {
      none: encodeTurn(null),
      some: encodeTurn({
        urls: ['turn:relay.example:3478', 'turns:relay.example:5349?transport=tcp'],
        username: '1780000000:0123456789abcdef01234567',
        password: 'aGFzaGVkIHdpdGggdGhlIHNlY3JldA==',
        validSeconds: 7_200,
      }),
    },
    decode: decodeTurn,
    encode: encodeTurn,
  }),
})
