import { decodeDistribution, encodeDistribution } from '../../main/crypto/index.ts'
import { fuzzTarget } from '../engine/target.ts'
import { sampleGroup } from '../groups.ts'
import { FORMAT_CODES } from '../samples.ts'

/** A sender key, as a member hands it over. */
export const groupDistribution = fuzzTarget({
  name: 'group-distribution',
  refuses: FORMAT_CODES,
  prepare: () => ({
    samples: { distribution: sampleGroup('group-distribution').posted.distribution },
    decode: decodeDistribution,
    encode: encodeDistribution,
  }),
})
