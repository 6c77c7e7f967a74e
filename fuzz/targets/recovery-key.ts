import { decodeRecoveryKey, encodeRecoveryKey } from '../../main/crypto/index.ts'
import { fuzzTarget } from '../engine/target.ts'
import { BOX_KEY, cryptoOf, textOf, utf8, words } from '../samples.ts'

/** The key as a person types it. */
export const recoveryKey = fuzzTarget({
  name: 'recovery-key',
  refuses: ['malformed'],
  differs: 'case, blanks, dashes, and O, I and L for 0 and 1 are forgiven',
  hints: { maxBytes: 512, words: words('-', ' ', 'O', 'I', 'l', 'U', 'ß', 'ı', 'ﬁ', '\u00a0') },
  prepare: () => {
    const c = cryptoOf('recovery-key')
    const text = encodeRecoveryKey(c, BOX_KEY)
    return {
      samples: {
        written: utf8(text),
        typed: utf8(` ${text.toLowerCase().replaceAll('-', '  ').replaceAll('0', 'o')}\n`),
      },
      decode: (input) => decodeRecoveryKey(c, textOf(input)),
      encode: (key) => utf8(encodeRecoveryKey(c, key)),
    }
  },
})
