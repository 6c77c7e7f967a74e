import { idFromBytes } from '../../shared/model/ids.ts'
import type { EnvelopeId } from '../../shared/model/ids.ts'
import { decodeDirectFrame, encodeDirectFrame } from '../../shared/wire/direct-frames.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled } from '../samples.ts'

export const directFrame = fuzzTarget({
  name: 'direct-frame',
  refuses: ['malformed'],
  hints: { maxBytes: 262_144, sizes: [9, 18, 16_385, 16_386, 200_001, 200_002] },
  prepare: () => {
    const envelopeId = idFromBytes<EnvelopeId>(filled(16, 1))
    return {
      samples: {
        envelope: encodeDirectFrame({ type: 'envelope', envelope: filled(40, 2) }),
        committed: encodeDirectFrame({ type: 'answer', envelopeId, committed: true }),
        refused: encodeDirectFrame({ type: 'answer', envelopeId, committed: false }),
        ephemeral: encodeDirectFrame({ type: 'ephemeral', envelope: filled(40, 3) }),
        ping: encodeDirectFrame({ type: 'ping', nonce: filled(8, 4) }),
        pong: encodeDirectFrame({ type: 'pong', nonce: filled(8, 5) }),
      },
      decode: decodeDirectFrame,
      encode: encodeDirectFrame,
    }
  },
})
