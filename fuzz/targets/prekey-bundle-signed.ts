import { decodePrekeyBundle, encodePrekeyBundle, encodeSession } from '../../main/crypto/index.ts'
import { begin, makeParty } from '../../main/crypto/testing/devices.ts'
import { fuzzTarget } from '../engine/target.ts'
import { cryptoOf, FORMAT_CODES } from '../samples.ts'

/** Keys that a device signed, good or not: a session is begun with them. */
export const prekeyBundleSigned = fuzzTarget({
  name: 'prekey-bundle-signed',
  refuses: [...FORMAT_CODES, 'signature-invalid'],
  prepare: () => {
    const c = cryptoOf('prekey-bundle-signed')
    const [self, peer] = [makeParty(c), makeParty(c)]
    return {
      samples: { whole: encodePrekeyBundle(peer.bundle) },
      decode: (input) => encodeSession(begin(c, self, { ...peer, bundle: decodePrekeyBundle(input) })),
    }
  },
})
