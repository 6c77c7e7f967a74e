import { envelopeKind } from '../../main/crypto/index.ts'
import { concatBytes } from '../../shared/wire/bytes.ts'
import {
  envelopePrefix,
  MAX_ENVELOPE_BYTES,
  splitChainEnvelope,
  splitEphemeralEnvelope,
} from '../../shared/wire/envelope.ts'
import { fuzzTarget } from '../engine/target.ts'
import { FORMAT_CODES, vectorSamples } from '../samples.ts'

/** The outer form alone, before any key is touched. */
export const envelope = fuzzTarget({
  name: 'envelope',
  refuses: [...FORMAT_CODES, 'too-large'],
  hints: {
    maxBytes: MAX_ENVELOPE_BYTES + 1,
    sizes: [2, 3, 1_024, 4_096, 16_384, 65_536, 67_584, MAX_ENVELOPE_BYTES, MAX_ENVELOPE_BYTES + 1],
  },
  prepare: () => ({
    samples: vectorSamples('session-conversation.json', 'envelope'),
    decode: (input) => {
      // A chain's parts are views into the envelope: the session that is handed them keeps none.
      const whole = input.slice()
      return envelopeKind(whole) === 'ephemeral' ? splitEphemeralEnvelope(whole) : splitChainEnvelope(whole)
    },
    encode: (parts) => {
      if ('sealedBody' in parts) return concatBytes(parts.beforeBody, parts.sealedBody)
      const { kind, handshake, sealedHeader, headerEnd, envelope: whole } = parts
      return concatBytes(envelopePrefix(kind), handshake, sealedHeader, whole.subarray(headerEnd))
    },
  }),
})
