import { concatBytes, fromBase64Url, toBase64Url } from '../../shared/wire/bytes.ts'
import { decodeInviteLink, encodeInviteLink, INVITE_PREFIX } from '../../shared/wire/invite.ts'
import { fuzzTarget } from '../engine/target.ts'
import { BOX_KEY, cryptoOf, filled, SOME_TIME_MS } from '../samples.ts'

const CHECKSUM_BYTES = 4

/** What is in a link, under a checksum that is right: whoever makes a link can make that. */
export const inviteLinkBody = fuzzTarget({
  name: 'invite-link-body',
  refuses: ['invite-incomplete', 'invite-altered', 'unsupported-version'],
  differs: 'places that make a link longer than 256 characters are left out when it is written',
  hints: { maxBytes: 400 },
  prepare: () => {
    const { backend } = cryptoOf('invite-link-body')
    const encode = (invite: Parameters<typeof encodeInviteLink>[0]): Uint8Array =>
      fromBase64Url(encodeInviteLink(invite, backend.sha256).slice(INVITE_PREFIX.length)).slice(0, -CHECKSUM_BYTES)
    const invite = { accountKey: filled(32, 1), secret: BOX_KEY, expiresAtMs: SOME_TIME_MS } as const
    const relay = { kind: 'relay', relayName: filled(16, 2), address: '/dns/relay.example/tcp/443/tls/ws' } as const
    const device = { kind: 'device', address: '/ip4/192.0.2.7/tcp/4001' } as const
    return {
      samples: { places: encode({ ...invite, places: [relay, device] }), placeless: encode({ ...invite, places: [] }) },
      decode: (input) => {
        const checksum = backend.sha256(input).slice(0, CHECKSUM_BYTES)
        return decodeInviteLink(INVITE_PREFIX + toBase64Url(concatBytes(input, checksum)), backend.sha256)
      },
      encode,
    }
  },
})
