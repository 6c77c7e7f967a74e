import { bytes, makeParty, TestDevice } from '../../main/crypto/testing/devices.ts'
import { fuzzTarget } from '../engine/target.ts'
import { cryptoOf } from '../samples.ts'
import { SEALED_CODES, tapSeals } from '../sessions.ts'

/** The inner part is sealed first, before header and body. */
const INNER_SEAL = 0

/** Who a stranger says to be and which prekeys they name, sealed by themselves: whatever is in it. */
export const handshakeInner = fuzzTarget({
  name: 'handshake-inner',
  refuses: SEALED_CODES,
  hints: { maxBytes: 2_048 },
  prepare: () => {
    const c = cryptoOf('handshake-inner')
    const tap = tapSeals(c)
    const [alice, bob] = [makeParty(c), makeParty(c)]
    tap.replace(INNER_SEAL, new Uint8Array())
    new TestDevice(tap.crypto, alice, bob).send(bytes('first'))
    const [inner = new Uint8Array()] = tap.sealed
    let device = new TestDevice(c, bob, alice)
    return {
      samples: { inner },
      decode: (input) => {
        tap.replace(INNER_SEAL, input)
        const envelope = new TestDevice(tap.crypto, alice, bob).send(bytes('first'))
        return device.receive(envelope)
      },
      reset: () => {
        device = new TestDevice(c, bob, alice)
      },
      image: () => device.image,
    }
  },
})
