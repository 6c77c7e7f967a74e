import { ATTACHMENT_SEGMENT_BYTES, attachmentDecryptor, attachmentEncryptor } from '../../main/crypto/index.ts'
import { fuzzTarget } from '../engine/target.ts'
import { BOX_KEY, cryptoOf, utf8 } from '../samples.ts'

const TAG_BYTES = 16

/** The last segment of an attachment, as small as it may be. */
export const attachmentSegment = fuzzTarget({
  name: 'attachment-segment',
  refuses: ['cannot-decrypt'],
  hints: {
    maxBytes: 70_000,
    sizes: [TAG_BYTES, ATTACHMENT_SEGMENT_BYTES + TAG_BYTES, ATTACHMENT_SEGMENT_BYTES + TAG_BYTES + 1],
  },
  prepare: () => {
    const c = cryptoOf('attachment-segment')
    return {
      samples: { last: attachmentEncryptor(c, BOX_KEY).seal(utf8('parley'), true) },
      decode: (input) => attachmentDecryptor(c, BOX_KEY).open(0, true, input),
    }
  },
})
