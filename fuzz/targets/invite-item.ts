import { openInviteBundle } from '../../main/crypto/index.ts'
import { fuzzTarget } from '../engine/target.ts'
import { BOX_KEY, boxVector, cryptoOf } from '../samples.ts'

/** What lies in an invite's slot, sealed. */
export const inviteItem = fuzzTarget({
  name: 'invite-item',
  refuses: ['cannot-decrypt'],
  prepare: () => {
    const c = cryptoOf('invite-item')
    return { samples: { vector: boxVector('invite', 'item') }, decode: (input) => openInviteBundle(c, BOX_KEY, input) }
  },
})
