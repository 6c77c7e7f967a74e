import { decodeInviteAnswer, encodeInviteAnswer } from '../../shared/wire/direct-frames.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled } from '../samples.ts'

export const inviteAnswer = fuzzTarget({
  name: 'invite-answer',
  refuses: ['malformed'],
  hints: { maxBytes: 70_000, sizes: [65_541, 65_542] },
  prepare: () => ({
    samples: {
      item: encodeInviteAnswer({ kind: 'item', item: filled(60, 1) }),
      used: encodeInviteAnswer({ kind: 'used' }),
      unknown: encodeInviteAnswer({ kind: 'unknown' }),
    },
    decode: decodeInviteAnswer,
    encode: encodeInviteAnswer,
  }),
})
