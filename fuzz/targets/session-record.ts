import { decodeSession, encodeSession } from '../../main/crypto/index.ts'
import { fuzzTarget } from '../engine/target.ts'
import { FORMAT_CODES, vectorSamples } from '../samples.ts'

export const sessionRecord = fuzzTarget({
  name: 'session-record',
  refuses: FORMAT_CODES,
  prepare: () => ({
    samples: vectorSamples('session-conversation.json', 'session'),
    decode: decodeSession,
    encode: encodeSession,
  }),
})
