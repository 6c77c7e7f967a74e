import { bytes, meet, SessionEnd } from '../../main/crypto/testing/devices.ts'
import { fuzzTarget } from '../engine/target.ts'
import { cryptoOf } from '../samples.ts'
import { SEALED_CODES } from '../sessions.ts'

/** A message on its way to a session that misses some of its chain. A refusal leaves the session as it was. */
export const messageEnvelope = fuzzTarget({
  name: 'message-envelope',
  refuses: SEALED_CODES,
  hints: { maxBytes: 20_000, sizes: [1_024, 4_096, 16_384] },
  prepare: () => {
    const c = cryptoOf('message-envelope')
    const { alice, bob } = meet(c)
    alice.receive(bob.send(bytes('answered')))
    bob.receive(alice.send(bytes('a chain further')))
    const inOrder = bob.send(bytes('in order'))
    const jumping = bob.send(bytes('over one'))
    let end = new SessionEnd(c, alice.session)
    return {
      samples: { 'in-order': inOrder, jumping },
      decode: (input) => end.receive(input),
      reset: () => {
        end = new SessionEnd(c, alice.session)
      },
      image: () => end.image,
    }
  },
})
