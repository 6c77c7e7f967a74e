import { generateAccount, openDeviceList, sign, signDeviceList } from '../../main/crypto/index.ts'
import { makeParty } from '../../main/crypto/testing/devices.ts'
import { concatBytes } from '../../shared/wire/bytes.ts'
import { fuzzTarget } from '../engine/target.ts'
import { cryptoOf, FORMAT_CODES, SOME_TIME_MS } from '../samples.ts'

const SIGNATURE_BYTES = 64

/** A list that its account signed, whatever is in it. */
export const deviceListSigned = fuzzTarget({
  name: 'device-list-signed',
  refuses: [...FORMAT_CODES, 'signature-invalid'],
  prepare: () => {
    const c = cryptoOf('device-list-signed')
    const account = generateAccount(c)
    const devices = [makeParty(c).entry, makeParty(c).entry]
    const written = (list: Parameters<typeof signDeviceList>[2]): Uint8Array =>
      signDeviceList(c, account, list).slice(0, -SIGNATURE_BYTES)
    return {
      samples: { two: written({ version: 3, createdAtMs: SOME_TIME_MS, devices }) },
      decode: (input) =>
        openDeviceList(c, concatBytes(input, sign(c, account.secretKey, 'deviceList', input)), account.publicKey),
      encode: written,
    }
  },
})
