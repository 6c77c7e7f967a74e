import { fromBase64Url, toBase64Url } from '../../shared/wire/bytes.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, textOf, utf8 } from '../samples.ts'

export const base64url = fuzzTarget({
  name: 'base64url',
  refuses: ['malformed'],
  prepare: () => ({
    samples: {
      empty: utf8(''),
      one: utf8(toBase64Url(filled(1, 0xff))),
      two: utf8(toBase64Url(filled(2, 0x80))),
      id: utf8(toBase64Url(filled(16, 7))),
      key: utf8(toBase64Url(filled(32, 0xfb))),
    },
    decode: (input) => fromBase64Url(textOf(input)),
    encode: (bytes) => utf8(toBase64Url(bytes)),
  }),
})
