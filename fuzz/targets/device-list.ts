import { generateAccount, openDeviceList, signDeviceList } from '../../main/crypto/index.ts'
import { makeParty } from '../../main/crypto/testing/devices.ts'
import { fuzzTarget } from '../engine/target.ts'
import { cryptoOf, FORMAT_CODES, SOME_TIME_MS, vectorSamples } from '../samples.ts'

export const deviceList = fuzzTarget({
  name: 'device-list',
  refuses: [...FORMAT_CODES, 'signature-invalid'],
  prepare: () => {
    const c = cryptoOf('device-list')
    const account = generateAccount(c)
    const devices = [makeParty(c).entry, makeParty(c).entry]
    return {
      samples: {
        two: signDeviceList(c, account, { version: 3, createdAtMs: SOME_TIME_MS, devices }),
        ...vectorSamples('session-identity.json', 'bytes'),
      },
      decode: (input) => openDeviceList(c, input),
    }
  },
})
