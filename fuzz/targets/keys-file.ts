import { decodeKeysFile, encodeKeysFile } from '../../main/storage/keys-file.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, words } from '../samples.ts'

export const keysFile = fuzzTarget({
  name: 'keys-file',
  refuses: ['store-newer', 'store-damaged'],
  differs: 'JSON has more than one spelling',
  hints: {
    maxBytes: 70_000,
    sizes: [65_536, 65_537],
    words: words(
      '{',
      '}',
      '[',
      '"',
      ':',
      ',',
      'null',
      'true',
      '1e999',
      '-0',
      '"version"',
      '"__proto__"',
      '"kind"',
      '\\u0000',
    ),
  },
  prepare: () => {
    const wrapped = filled(60, 1)
    const recovery = filled(60, 2)
    return {
      samples: {
        keychain: encodeKeysFile({
          finished: true,
          lock: { kind: 'keychain', sealed: filled(80, 3), wrapped },
          recovery,
        }),
        passphrase: encodeKeysFile({
          finished: false,
          lock: {
            kind: 'passphrase',
            parameters: { salt: filled(16, 4), memoryKib: 65_536, passes: 3, lanes: 1 },
            wrapped,
          },
          recovery,
        }),
      },
      decode: decodeKeysFile,
      encode: encodeKeysFile,
    }
  },
})
