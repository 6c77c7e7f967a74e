/**
 * Encrypts in a worker thread, so that the engine's loop goes on while a large file is sent. The worker reads and writes
 * the disk itself: between the threads pass a path or pasted bytes, a key and a result. What is small costs less than the
 * way to it and stays here, and so does everything where no worker starts.
 */

import { stat } from 'node:fs/promises'
import type {
  AttachmentCipher,
  AttachmentSource,
  Encryption,
  PlaintextRange,
  Saving,
} from '../../ports/attachment-cipher.ts'
import type { Crypto } from '../../crypto/index.ts'
import { ParleyError } from '../../../shared/errors.ts'
import { createBlobFiles } from '../blob-files.ts'
import { hashInLoop } from './ciphertext-hash.ts'
import { rangeLength } from './decrypt-file.ts'
import { createInLoopCipher } from './in-loop-cipher.ts'
import { LazyWorker } from './lazy-worker.ts'
import type { LazyWorkerOptions } from './lazy-worker.ts'
import type { TaskControl } from './running-worker.ts'
import type { WorkerSetup } from './worker-messages.ts'

/** Half a megabyte takes a millisecond or less: no worker is woken for it. */
const SMALL_BYTES = 512 * 1024
/** The loop is others' too: it is given back after each quarter of a megabyte. */
const IN_LOOP_BATCH_SEGMENTS = 4

export interface WorkerCipherOptions extends WorkerSetup, Omit<LazyWorkerOptions, 'setup'> {
  readonly crypto: Crypto
}

/** @param options.folder of the ciphertext files; made with the first of them */
export function createWorkerCipher({ crypto, folder, ...options }: WorkerCipherOptions): AttachmentCipher {
  const blobs = createBlobFiles(folder)
  const inLoop = createInLoopCipher({ crypto, blobs, batchSegments: IN_LOOP_BATCH_SEGMENTS, beginHash: hashInLoop })
  const lazy = new LazyWorker({ ...options, setup: { folder } })
  const workerFor = async (sizeBytes: number) => (sizeBytes <= SMALL_BYTES ? null : await lazy.awake())

  const encrypt: AttachmentCipher['encrypt'] = async (encryption) => {
    const worker = await workerFor(await sizeOf(encryption.source))
    if (worker === null) return await inLoop.encrypt(encryption)
    const { blobId, maxSizeBytes, key } = encryption
    const { source, transfer } = handedOver(encryption.source)
    try {
      const encrypted = await worker.run(
        { kind: 'encrypt', blobId, maxSizeBytes, key: key.slice(), source },
        controlOf(encryption),
        transfer,
      )
      refuseCancelled(encryption)
      return encrypted
    } catch (error) {
      // A worker that died, or had finished when it was cancelled, has left something.
      await blobs.delete(blobId)
      throw error
    }
  }

  return {
    encrypt,
    save: async (saving) => {
      const worker = await workerFor(saving.sizeBytes)
      if (worker === null) return await inLoop.save(saving)
      const { blobId, key, sizeBytes, path } = saving
      await worker.run({ kind: 'save', blobId, key: key.slice(), sizeBytes, path }, controlOf(saving))
    },
    read: async (range) => {
      const worker = await workerFor(rangeLength(range))
      if (worker === null) return await inLoop.read(range)
      const { blobId, key, sizeBytes, start, end }: PlaintextRange = range
      return await worker.run({ kind: 'read', blobId, key: key.slice(), sizeBytes, start, end }, {})
    },
    stop: async () => {
      await Promise.all([lazy.stop(), inLoop.stop()])
    },
  }
}

function controlOf({ signal, onProgress }: Encryption | Saving): TaskControl {
  return { ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) }
}

function refuseCancelled({ signal }: Encryption): void {
  if (signal?.aborted === true) throw new ParleyError('cancelled')
}

/** Zero where a look says nothing: whoever opens the file finds out why. */
async function sizeOf(source: AttachmentSource): Promise<number> {
  if (source.kind === 'bytes') return source.bytes.length
  try {
    return (await stat(source.path)).size
  } catch {
    return 0
  }
}

/** Without a copy where the bytes have their buffer to themselves; a view would take along what else lies in it. */
function handedOver(source: AttachmentSource): {
  readonly source: AttachmentSource
  readonly transfer: readonly ArrayBuffer[]
} {
  if (source.kind === 'path') return { source, transfer: [] }
  const { buffer, length } = source.bytes
  const bytes =
    buffer instanceof ArrayBuffer && buffer.byteLength === length
      ? new Uint8Array(buffer)
      : new Uint8Array(source.bytes)
  return { source: { kind: 'bytes', bytes }, transfer: [bytes.buffer] }
}
