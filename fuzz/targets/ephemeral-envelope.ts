import { openEphemeral, sealEphemeral } from '../../main/crypto/index.ts'
import { bytes, meet } from '../../main/crypto/testing/devices.ts'
import { fuzzTarget } from '../engine/target.ts'
import { cryptoOf } from '../samples.ts'
import { SEALED_CODES } from '../sessions.ts'

export const ephemeralEnvelope = fuzzTarget({
  name: 'ephemeral-envelope',
  refuses: SEALED_CODES,
  hints: { maxBytes: 20_000, sizes: [1_024, 4_096, 16_384] },
  prepare: () => {
    const c = cryptoOf('ephemeral-envelope')
    const { alice, bob } = meet(c)
    const { session } = alice
    return {
      samples: { typing: sealEphemeral(c, bob.session, bytes('typing')) },
      decode: (input) => openEphemeral(c, session, input),
      image: () => alice.image,
    }
  },
})
