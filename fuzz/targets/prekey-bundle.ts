import { decodePrekeyBundle, encodePrekeyBundle, verifyPrekeyBundle } from '../../main/crypto/index.ts'
import { makeParty } from '../../main/crypto/testing/devices.ts'
import { isParleyError } from '../../shared/errors.ts'
import { fuzzTarget } from '../engine/target.ts'
import { cryptoOf, FORMAT_CODES } from '../samples.ts'

/** Whatever decodes is held against a device's keys too, which refuse it or not. */
export const prekeyBundle = fuzzTarget({
  name: 'prekey-bundle',
  refuses: FORMAT_CODES,
  prepare: () => {
    const c = cryptoOf('prekey-bundle')
    const party = makeParty(c)
    return {
      samples: {
        whole: encodePrekeyBundle(party.bundle),
        'without-one-time': encodePrekeyBundle({ ...party.bundle, oneTime: null }),
      },
      decode: (input) => {
        const bundle = decodePrekeyBundle(input)
        try {
          verifyPrekeyBundle(c, bundle, party.entry)
        } catch (error) {
          if (!isParleyError(error, 'signature-invalid')) throw error
        }
        return bundle
      },
      encode: encodePrekeyBundle,
    }
  },
})
