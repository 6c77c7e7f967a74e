import { receiveGroupMessage } from '../../main/crypto/index.ts'
import { fuzzTarget } from '../engine/target.ts'
import { receivedChain, sampleGroup } from '../groups.ts'
import { SEALED_CODES } from '../sessions.ts'

/** What is said in a group, as anybody may send it. */
export const groupMessage = fuzzTarget({
  name: 'group-message',
  refuses: SEALED_CODES,
  hints: { sizes: [1_024, 4_096] },
  prepare: () => {
    const made = sampleGroup('group-message')
    const { c, alice, bob } = made
    const lookup = { chains: [receivedChain(made)], skipped: { find: () => undefined } }
    return {
      samples: { message: alice.send('fuzz').message },
      decode: (input) => receiveGroupMessage(c, bob.group, input, lookup),
      image: () => bob.image,
    }
  },
})
