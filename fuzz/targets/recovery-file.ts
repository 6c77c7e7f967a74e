import { openRecovery } from '../../main/crypto/index.ts'
import { fuzzTarget } from '../engine/target.ts'
import { BOX_KEY, boxVector, cryptoOf, FORMAT_CODES } from '../samples.ts'

export const recoveryFile = fuzzTarget({
  name: 'recovery-file',
  refuses: [...FORMAT_CODES, 'cannot-decrypt'],
  prepare: () => {
    const c = cryptoOf('recovery-file')
    return { samples: { vector: boxVector('recoveryFile') }, decode: (input) => openRecovery(c, BOX_KEY, input) }
  },
})
