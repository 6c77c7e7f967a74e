import { bytes, meet, SessionEnd } from '../../main/crypto/testing/devices.ts'
import { fuzzTarget } from '../engine/target.ts'
import { cryptoOf } from '../samples.ts'
import { SEALED_CODES, tapSeals } from '../sessions.ts'

/** Sealed between header and body. */
const KEM_SEAL = 1
const SEED_BYTES = 64
const KEY_BYTES = 1_184

/** What a peer offers as its encapsulation key, whatever it is. */
export const messageKem = fuzzTarget({
  name: 'message-kem',
  refuses: SEALED_CODES,
  hints: { maxBytes: 2_048, sizes: [KEY_BYTES - 1, KEY_BYTES, KEY_BYTES + 1] },
  prepare: () => {
    const c = cryptoOf('message-kem')
    const tap = tapSeals(c)
    const { alice, bob } = meet(c)
    const seed = c.random(SEED_BYTES)
    const publicKey = c.backend.mlKemPublic(seed)
    const offering = { ...bob.session, kem: { kind: 'offer', seed, publicKey } } as const
    let end = new SessionEnd(c, alice.session)
    return {
      samples: { key: publicKey },
      decode: (input) => {
        tap.replace(KEM_SEAL, input)
        const envelope = new SessionEnd(tap.crypto, offering).send(bytes('hi'))
        return end.receive(envelope)
      },
      reset: () => {
        end = new SessionEnd(c, alice.session)
      },
      image: () => end.image,
    }
  },
})
