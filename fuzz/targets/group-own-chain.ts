import { decodeSenderChain, encodeSenderChain } from '../../main/crypto/index.ts'
import { fuzzTarget } from '../engine/target.ts'
import { ownChain, sampleGroup } from '../groups.ts'
import { FORMAT_CODES } from '../samples.ts'

/** A sender chain as it is stored. */
export const groupOwnChain = fuzzTarget({
  name: 'group-own-chain',
  refuses: FORMAT_CODES,
  prepare: () => ({
    samples: { chain: encodeSenderChain(ownChain(sampleGroup('group-own-chain'))) },
    decode: decodeSenderChain,
    encode: encodeSenderChain,
  }),
})
