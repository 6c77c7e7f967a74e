import { decodeRelayMessage, encodeRelayMessage } from '../../shared/wire/relay-answers.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, utf8 } from '../samples.ts'

export const relayMessage = fuzzTarget({
  name: 'relay-message',
  refuses: ['malformed'],
  differs: 'a refusal of an unknown number is read as the general one',
  hints: { maxBytes: 262_144, sizes: [200_024, 200_025] },
  prepare: () => ({
    samples: {
      reply: encodeRelayMessage({ type: 'reply', requestId: 7, payload: utf8('payload') }),
      error: encodeRelayMessage({
        type: 'error',
        requestId: 7,
        refusal: { code: 'rate-limited', retryAfterSeconds: 30 },
      }),
      push: encodeRelayMessage({
        type: 'push',
        entries: [
          { handle: filled(4, 1), heldMs: 5_000, envelope: filled(20, 2) },
          { handle: new Uint8Array(), heldMs: 0, envelope: filled(10, 3) },
        ],
      }),
      stops: encodeRelayMessage({ type: 'stops' }),
      stock: encodeRelayMessage({ type: 'stock', lookupId: filled(32, 4), remaining: 19 }),
    },
    decode: decodeRelayMessage,
    encode: encodeRelayMessage,
  }),
})
