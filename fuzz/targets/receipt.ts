import { decodeReceipt, encodeReceipt } from '../../shared/features/receipts.ts'
import { idFromBytes } from '../../shared/model/ids.ts'
import type { MessageId } from '../../shared/model/ids.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, SOME_TIME_MS } from '../samples.ts'

/** Of a person, sealed in the session; a relay's is `relay-receipt`. */
export const receipt = fuzzTarget({
  name: 'receipt',
  refuses: ['malformed'],
  hints: { maxBytes: 20_000, sizes: [16_009, 16_025] },
  prepare: () => {
    const messageIds = [idFromBytes<MessageId>(filled(16, 1)), idFromBytes<MessageId>(filled(16, 2))]
    return {
      samples: {
        committed: encodeReceipt({ kind: 'committed', atMs: SOME_TIME_MS, messageIds }),
        read: encodeReceipt({ kind: 'read', atMs: SOME_TIME_MS, messageIds: messageIds.slice(0, 1) }),
      },
      decode: decodeReceipt,
      encode: encodeReceipt,
    }
  },
})
