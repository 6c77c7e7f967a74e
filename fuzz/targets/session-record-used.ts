import { decodeSession, encodeSession } from '../../main/crypto/index.ts'
import { bytes, meet, SessionEnd } from '../../main/crypto/testing/devices.ts'
import { fuzzTarget } from '../engine/target.ts'
import { cryptoOf, FORMAT_CODES } from '../samples.ts'
import { SEALED_CODES } from '../sessions.ts'

/** A record that was damaged on the disk and can be read still: what comes for it is refused or read like any other. */
export const sessionRecordUsed = fuzzTarget({
  name: 'session-record-used',
  refuses: [...FORMAT_CODES, ...SEALED_CODES],
  prepare: () => {
    const c = cryptoOf('session-record-used')
    const { alice, bob } = meet(c)
    const record = encodeSession(alice.session)
    const envelope = bob.send(bytes('to a damaged record'))
    return {
      samples: { record },
      decode: (input) => new SessionEnd(c, decodeSession(input)).receive(envelope),
    }
  },
})
