import { decodeInviteTaken, encodeInviteTaken } from '../../shared/wire/relay-answers.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled } from '../samples.ts'

export const inviteTaken = fuzzTarget({
  name: 'invite-taken',
  refuses: ['malformed'],
  hints: { maxBytes: 40_000, sizes: [32_773, 32_774] },
  prepare: () => ({
    samples: {
      item: encodeInviteTaken({ kind: 'item', item: filled(60, 1) }),
      expired: encodeInviteTaken({ kind: 'expired' }),
    },
    decode: decodeInviteTaken,
    encode: encodeInviteTaken,
  }),
})
