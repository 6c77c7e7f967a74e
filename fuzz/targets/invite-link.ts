import { decodeInviteLink, encodeInviteLink, INVITE_PREFIX } from '../../shared/wire/invite.ts'
import { fuzzTarget } from '../engine/target.ts'
import { BOX_KEY, cryptoOf, filled, SOME_TIME_MS, textOf, utf8, words } from '../samples.ts'

/** The link as a person pastes it. */
export const inviteLink = fuzzTarget({
  name: 'invite-link',
  refuses: ['invite-incomplete', 'invite-altered', 'unsupported-version'],
  differs: 'blanks, quotes and capitals around a link are forgiven',
  hints: { maxBytes: 1_024, words: words(INVITE_PREFIX, 'PARLEY://INVITE#', ' ', '\n', '"', '-', '_', '\u2028') },
  prepare: () => {
    const { backend } = cryptoOf('invite-link')
    const invite = { accountKey: filled(32, 1), secret: BOX_KEY, expiresAtMs: SOME_TIME_MS } as const
    const relay = { kind: 'relay', relayName: filled(16, 2), address: '/ip4/192.0.2.7/udp/4001/quic-v1' } as const
    const device = { kind: 'device', address: '/ip6/2001:db8::1/tcp/4001' } as const
    const link = encodeInviteLink({ ...invite, places: [relay, device] }, backend.sha256)
    return {
      samples: {
        places: utf8(link),
        placeless: utf8(encodeInviteLink({ ...invite, places: [] }, backend.sha256)),
        quoted: utf8(`Talk to me: "${link.slice(0, 40)}\n  ${link.slice(40)}".`),
      },
      decode: (input) => decodeInviteLink(textOf(input), backend.sha256),
      encode: (value) => utf8(encodeInviteLink(value, backend.sha256)),
    }
  },
})
