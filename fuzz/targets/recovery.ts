import { idFromBytes } from '../../shared/model/ids.ts'
import { decodeRecovery, encodeRecovery } from '../../shared/wire/recovery.ts'
import type { Recovery, RecoveryContact } from '../../shared/wire/recovery.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, FORMAT_CODES } from '../samples.ts'

/** What is inside of a recovery file. */
export const recovery = fuzzTarget({
  name: 'recovery',
  refuses: FORMAT_CODES,
  differs: 'version 1, without what was compared, is read and written as version 2',
  prepare: () => {
    const contact: RecoveryContact = {
      accountId: idFromBytes(filled(32, 1)),
      name: 'Bob',
      alias: '',
      blocked: false,
      deviceListVersion: 2,
      deviceListBytes: filled(20, 2),
      profileVersion: 3,
      profileBytes: filled(20, 3),
      deliverySecret: filled(32, 4),
      handle: filled(4, 5),
      verifiedKey: null,
      verifiedAtMs: null,
    }
    const least: Recovery = {
      accountSecret: filled(32, 6),
      name: 'Ada',
      directoryKey: filled(32, 7),
      deviceListVersion: 1,
      profileVersion: 1,
      relays: [],
      contacts: [],
    }
    return {
      samples: {
        least: encodeRecovery(least),
        most: encodeRecovery({
          ...least,
          relays: [{ relayId: idFromBytes(filled(32, 8)), addresses: ['/ip4/192.0.2.7/tcp/4001'] }],
          contacts: [
            contact,
            { ...contact, alias: 'B.', blocked: true },
            { ...contact, verifiedKey: contact.accountId, verifiedAtMs: 1_780_000_000_000 },
          ],
        }),
      },
      decode: decodeRecovery,
      encode: encodeRecovery,
    }
  },
})
