import { bytes, meet, SessionEnd } from '../../main/crypto/testing/devices.ts'
import { fuzzTarget } from '../engine/target.ts'
import { cryptoOf } from '../samples.ts'
import { SEALED_CODES, tapSeals } from '../sessions.ts'

/** The header is sealed before the body. */
const BODY_SEAL = 1
/** Length, text, and some of the padding. */
const SAMPLE_BYTES = 32

/** A padded body that the peer sealed, whatever its length field says. */
export const messageBody = fuzzTarget({
  name: 'message-body',
  refuses: SEALED_CODES,
  hints: { maxBytes: 2_048 },
  prepare: () => {
    const c = cryptoOf('message-body')
    const tap = tapSeals(c)
    const { alice, bob } = meet(c)
    tap.replace(BODY_SEAL, new Uint8Array())
    new SessionEnd(tap.crypto, bob.session).send(bytes('hi'))
    const [, body = new Uint8Array()] = tap.sealed
    let end = new SessionEnd(c, alice.session)
    return {
      samples: { body: body.slice(0, SAMPLE_BYTES) },
      decode: (input) => {
        tap.replace(BODY_SEAL, input)
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
