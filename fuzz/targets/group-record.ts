import { decodeGroupRecord, encodeGroupRecord, restoreGroup } from '../../main/crypto/index.ts'
import { fuzzTarget } from '../engine/target.ts'
import { sampleGroup } from '../groups.ts'
import { FORMAT_CODES } from '../samples.ts'

/** A group as it is stored, without its changes. */
export const groupRecord = fuzzTarget({
  name: 'group-record',
  refuses: FORMAT_CODES,
  prepare: () => {
    const { c, alice } = sampleGroup('group-record')
    return {
      samples: { record: encodeGroupRecord(alice.group) },
      decode: decodeGroupRecord,
      encode: (record) => {
        const { history } = restoreGroup(c, alice.self, { ...record, changes: [] })
        return encodeGroupRecord({ self: alice.self, history, own: record.own })
      },
    }
  },
})
