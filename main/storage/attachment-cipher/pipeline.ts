/** What encrypting and saving share: batches of segments that are read ahead, worked on, and written behind. */

import { ATTACHMENT_SEGMENT_BYTES } from '../../crypto/index.ts'
import type { Crypto } from '../../crypto/index.ts'
import type { BlobFiles } from '../../ports/store/profile.ts'
import { ParleyError } from '../../../shared/errors.ts'
import type { BeginHash } from './ciphertext-hash.ts'

export interface CipherParts {
  readonly crypto: Crypto
  readonly blobs: BlobFiles
  /** So many segments at a time: few where others wait for the same loop, many where none does. */
  readonly batchSegments: number
  readonly beginHash: BeginHash
}

export interface Pipeline {
  /** Of the plaintext. */
  readonly sizeBytes: number
  readonly batchSegments: number
  /** `slot` 0 and 1 in turns: what was read into a slot is worked on before that slot is read into again. */
  readonly read: (position: number, length: number, slot: 0 | 1) => Promise<Uint8Array>
  /** Synchronous; what it gives is written before the same slot is worked on again. */
  readonly work: (batch: Uint8Array, position: number, slot: 0 | 1) => Uint8Array
  readonly write: (bytes: Uint8Array, slot: 0 | 1) => Promise<void>
  readonly signal: AbortSignal
  readonly onProgress: (doneBytes: number) => void
}

/**
 * At any time one batch is being read, one worked on and one written: that bounds the memory.
 * @throws cancelled, and what `read`, `work` and `write` throw, after all of them have come to rest
 */
export async function runPipeline(pipeline: Pipeline): Promise<void> {
  const { sizeBytes, signal } = pipeline
  const batchBytes = pipeline.batchSegments * ATTACHMENT_SEGMENT_BYTES
  const readAt = (position: number, slot: 0 | 1): Promise<Uint8Array> =>
    held(pipeline.read(position, Math.min(batchBytes, sizeBytes - position), slot))
  let reading = readAt(0, 0)
  let writing: Promise<void> = Promise.resolve()
  try {
    for (let position = 0, slot: 0 | 1 = 0; position < sizeBytes; position += batchBytes, slot = other(slot)) {
      const batch = await reading
      if (signal.aborted) throw new ParleyError('cancelled')
      const next = position + batchBytes
      if (next < sizeBytes) reading = readAt(next, other(slot))
      const worked = pipeline.work(batch, position, slot)
      await writing
      writing = held(pipeline.write(worked, slot))
      pipeline.onProgress(Math.min(next, sizeBytes))
    }
    await writing
  } finally {
    await Promise.allSettled([reading, writing])
  }
}

function other(slot: 0 | 1): 0 | 1 {
  return slot === 0 ? 1 : 0
}

/** It may fail while the other one is waited for: that is no unhandled rejection, the failure is met when its turn comes. */
function held<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}
