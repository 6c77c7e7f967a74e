import { idFromBytes } from '../../shared/model/ids.ts'
import { decodeSafetyCode, encodeSafetyCode, SAFETY_CODE_PREFIX } from '../../shared/wire/safety-code.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, FORMAT_CODES, textOf, utf8, words } from '../samples.ts'

/** The code as a camera reads it. */
export const safetyCode = fuzzTarget({
  name: 'safety-code',
  refuses: FORMAT_CODES,
  hints: { maxBytes: 512, words: words(SAFETY_CODE_PREFIX, '-', '_') },
  prepare: () => ({
    samples: {
      code: utf8(encodeSafetyCode({ shownBy: idFromBytes(filled(32, 1)), shownTo: idFromBytes(filled(32, 2)) })),
    },
    decode: (input) => decodeSafetyCode(textOf(input)),
    encode: (value) => utf8(encodeSafetyCode(value)),
  }),
})
