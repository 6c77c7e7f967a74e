import { decodeBlobAnswer, encodeBlobAnswer } from '../../shared/wire/blob-stream.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, SOME_TIME_MS } from '../samples.ts'

export const blobAnswer = fuzzTarget({
  name: 'blob-answer',
  refuses: ['malformed'],
  differs: 'a refusal of an unknown number is read as the general one',
  hints: { maxBytes: 256 },
  prepare: () => ({
    samples: {
      from: encodeBlobAnswer({ status: 'from', totalBytes: 1_000_000, offset: 65_536 }),
      absent: encodeBlobAnswer({ status: 'absent' }),
      held: encodeBlobAnswer({
        status: 'held',
        storedAtMs: SOME_TIME_MS,
        expiresAtMs: SOME_TIME_MS + 1,
        signature: filled(64, 1),
      }),
      refused: encodeBlobAnswer({ status: 'refused', code: 'relay-quota', retryAfterSeconds: 60 }),
      done: encodeBlobAnswer({ status: 'done' }),
    },
    decode: decodeBlobAnswer,
    encode: encodeBlobAnswer,
  }),
})
