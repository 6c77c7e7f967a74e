import { bytes, makeParty, TestDevice } from '../../main/crypto/testing/devices.ts'
import { fuzzTarget } from '../engine/target.ts'
import { cryptoOf } from '../samples.ts'
import { SEALED_CODES } from '../sessions.ts'

/** A stranger's first message. A refusal leaves no session and spends no prekey. */
export const handshakeEnvelope = fuzzTarget({
  name: 'handshake-envelope',
  refuses: SEALED_CODES,
  hints: { maxBytes: 20_000, sizes: [1_024, 4_096, 16_384] },
  prepare: () => {
    const c = cryptoOf('handshake-envelope')
    const [alice, bob, carol] = [makeParty(c), makeParty(c), makeParty(c, { lastResort: true })]
    const initiator = new TestDevice(c, alice, bob)
    const first = initiator.send(bytes('first'))
    const second = initiator.send(bytes('second'))
    let device = new TestDevice(c, bob, alice)
    return {
      samples: { first, second, 'refused-of-another': new TestDevice(c, alice, carol).send(bytes('not for bob')) },
      decode: (input) => device.receive(input),
      reset: () => {
        device = new TestDevice(c, bob, alice)
      },
      image: () => device.image,
    }
  },
})
