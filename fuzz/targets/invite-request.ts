import { decodeInviteRequest, encodeInviteRequest } from '../../shared/wire/direct-frames.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, FORMAT_CODES } from '../samples.ts'

export const inviteRequest = fuzzTarget({
  name: 'invite-request',
  refuses: FORMAT_CODES,
  hints: { maxBytes: 256 },
  prepare: () => ({
    samples: { request: encodeInviteRequest({ slotId: filled(32, 1), takerNonce: filled(16, 2) }) },
    decode: decodeInviteRequest,
    encode: encodeInviteRequest,
  }),
})
