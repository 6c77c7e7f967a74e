import { unwrapKey } from '../../main/crypto/index.ts'
import { fuzzTarget } from '../engine/target.ts'
import { BOX_KEY, boxVector, cryptoOf } from '../samples.ts'

export const wrappedKey = fuzzTarget({
  name: 'wrapped-key',
  refuses: ['cannot-decrypt'],
  hints: { maxBytes: 256 },
  prepare: () => {
    const c = cryptoOf('wrapped-key')
    return { samples: { vector: boxVector('wrappedKey', 'box') }, decode: (input) => unwrapKey(c, BOX_KEY, input) }
  },
})
