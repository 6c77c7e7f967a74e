import { idFromBytes } from '../../shared/model/ids.ts'
import type { MessageId } from '../../shared/model/ids.ts'
import { CONTENT_TYPES, decodeContent, encodeContent } from '../../shared/wire/content.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, FORMAT_CODES, SOME_TIME_MS, utf8 } from '../samples.ts'

export const content = fuzzTarget({
  name: 'content',
  refuses: FORMAT_CODES,
  hints: { maxBytes: 170_000, sizes: [26, 38, 160_038, 160_039] },
  prepare: () => {
    const common = { messageId: idFromBytes<MessageId>(filled(16, 1)), sentAtMs: SOME_TIME_MS } as const
    return {
      samples: {
        placed: encodeContent({
          ...common,
          type: CONTENT_TYPES.text,
          order: { clockMs: SOME_TIME_MS, clockCounter: 3, counter: 7 },
          body: utf8('hello'),
        }),
        unplaced: encodeContent({ ...common, type: CONTENT_TYPES.profile, order: null, body: filled(5, 5) }),
      },
      decode: decodeContent,
      encode: encodeContent,
    }
  },
})
