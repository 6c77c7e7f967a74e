import { concatBytes } from '../../shared/wire/bytes.ts'
import { decodeInviteBundle, encodeInviteBundle, MAX_BUNDLE_BYTES } from '../../shared/wire/invite.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, FORMAT_CODES, SOME_TIME_MS } from '../samples.ts'

export const inviteBundle = fuzzTarget({
  name: 'invite-bundle',
  refuses: FORMAT_CODES,
  hints: { maxBytes: 40_000, sizes: [MAX_BUNDLE_BYTES, MAX_BUNDLE_BYTES + 1] },
  prepare: () => ({
    samples: {
      bundle: concatBytes(
        encodeInviteBundle({ expiresAtMs: SOME_TIME_MS, profile: filled(30, 1), prekeys: filled(40, 2) }),
        filled(64, 3),
      ),
    },
    decode: decodeInviteBundle,
    encode: ({ bundle, signature }) => concatBytes(encodeInviteBundle(bundle), signature),
  }),
})
