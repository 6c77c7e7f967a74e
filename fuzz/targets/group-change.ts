import { decodeChange } from '../../main/crypto/index.ts'
import { fuzzTarget } from '../engine/target.ts'
import { sampleGroup } from '../groups.ts'
import { FORMAT_CODES } from '../samples.ts'

/** A signed change of a group, before its signature is verified. */
export const groupChange = fuzzTarget({
  name: 'group-change',
  refuses: FORMAT_CODES,
  prepare: () => {
    const { c, alice, bob } = sampleGroup('group-change')
    return {
      samples: { change: alice.change([{ kind: 'make-member', account: bob.account }]) },
      decode: (input) => decodeChange(c, input),
      encode: ({ bytes }) => bytes,
    }
  },
})
