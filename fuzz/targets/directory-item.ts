import { openDirectoryItem } from '../../main/crypto/index.ts'
import { fuzzTarget } from '../engine/target.ts'
import { BOX_KEY, boxVector, cryptoOf } from '../samples.ts'

/** What a relay's directory hands out, sealed. */
export const directoryItem = fuzzTarget({
  name: 'directory-item',
  refuses: ['cannot-decrypt'],
  prepare: () => {
    const c = cryptoOf('directory-item')
    return { samples: { vector: boxVector('directoryItem') }, decode: (input) => openDirectoryItem(c, BOX_KEY, input) }
  },
})
