import { bytes, meet, SessionEnd } from '../../main/crypto/testing/devices.ts'
import { fuzzTarget } from '../engine/target.ts'
import { cryptoOf } from '../samples.ts'
import { SEALED_CODES, tapSeals } from '../sessions.ts'

/** The header is sealed before the body. */
const HEADER_SEAL = 0

/** A header that the peer sealed, whatever is in it: jumps, ratchet keys that are none. */
export const messageHeader = fuzzTarget({
  name: 'message-header',
  refuses: SEALED_CODES,
  hints: { maxBytes: 2_048 },
  // a jump of 10,000 messages is allowed, and leaves as many keys
  memoryBytes: 64 * 1024 * 1024,
  prepare: () => {
    const c = cryptoOf('message-header')
    const tap = tapSeals(c)
    const { alice, bob } = meet(c)
    tap.replace(HEADER_SEAL, new Uint8Array())
    new SessionEnd(tap.crypto, bob.session).send(bytes('hi'))
    const [header = new Uint8Array()] = tap.sealed
    let end = new SessionEnd(c, alice.session)
    return {
      samples: { header },
      decode: (input) => {
        tap.replace(HEADER_SEAL, input)
        const envelope = new SessionEnd(tap.crypto, bob.session).send(bytes('hi'))
        return end.receive(envelope)
      },
      reset: () => {
        end = new SessionEnd(c, alice.session)
      },
      image: () => end.image,
    }
  },
})
