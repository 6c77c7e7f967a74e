import { decodeReceiverChain, encodeReceiverChain } from '../../main/crypto/index.ts'
import { fuzzTarget } from '../engine/target.ts'
import { receivedChain, sampleGroup } from '../groups.ts'
import { FORMAT_CODES } from '../samples.ts'

/** A chain of another member as it is stored. */
export const groupReceivedChain = fuzzTarget({
  name: 'group-received-chain',
  refuses: FORMAT_CODES,
  prepare: () => ({
    samples: { chain: encodeReceiverChain(receivedChain(sampleGroup('group-received-chain'))) },
    decode: decodeReceiverChain,
    encode: encodeReceiverChain,
  }),
})
