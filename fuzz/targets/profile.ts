import { idFromBytes } from '../../shared/model/ids.ts'
import type { DeviceId, MailboxId, RelayId } from '../../shared/model/ids.ts'
import { decodeProfile, encodeProfile } from '../../shared/wire/profile.ts'
import type { Profile } from '../../shared/wire/profile.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, FORMAT_CODES, words } from '../samples.ts'

export const profile = fuzzTarget({
  name: 'profile',
  refuses: FORMAT_CODES,
  differs: 'a name comes back without blanks around it, and flags of a later version are not kept',
  hints: { words: words(' ', '\u00a0', '\ufeff', 'Ada') },
  prepare: () => {
    const least: Profile = {
      version: 1,
      name: 'Ada',
      deviceList: filled(20, 1),
      relays: [],
      deliverySecret: filled(32, 2),
      directoryKey: filled(32, 3),
      addresses: [],
      wantsAnswer: false,
      inviteSlotId: null,
    }
    const relay = {
      relayId: idFromBytes<RelayId>(filled(32, 4)),
      addresses: ['/ip4/192.0.2.7/tcp/4001', '/dns/relay.example/tcp/443/tls/ws'],
      mailboxes: [{ deviceId: idFromBytes<DeviceId>(filled(16, 5)), mailboxId: idFromBytes<MailboxId>(filled(32, 6)) }],
    } as const
    return {
      samples: {
        least: encodeProfile(least),
        most: encodeProfile({
          ...least,
          name: 'Zoë 🌱',
          relays: [relay, relay],
          addresses: ['/ip4/192.0.2.9/tcp/4001'],
          wantsAnswer: true,
          inviteSlotId: filled(32, 7),
        }),
      },
      decode: decodeProfile,
      encode: encodeProfile,
    }
  },
})
