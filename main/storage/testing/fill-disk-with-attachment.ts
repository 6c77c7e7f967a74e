/**
 * Runs under a limit on the size of files: encrypts a source that is larger than that, saves an attachment that is, in
 * the loop or in a worker, and prints what each was told.
 */

import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { createCrypto, selectBackend } from '../../crypto/index.ts'
import { blobIdOf } from '../../ports/contract-tests/sample-records.ts'
import { isParleyError } from '../../../shared/errors.ts'
import { createWorkerCipher } from '../attachment-cipher/worker-cipher.ts'

const [folder = '', where = '', sizeText = ''] = process.argv.slice(2)
const program = where === 'worker' ? new URL('../attachment-cipher/attachment-worker.ts', import.meta.url) : null
const sizeBytes = Number(sizeText)
const key = new Uint8Array(32).fill(3)

async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    return isParleyError(error) ? error.code : String(error)
  }
}

const cipher = createWorkerCipher({
  crypto: createCrypto(await selectBackend()),
  folder: join(folder, 'attachments'),
  program,
  clock: { nowMs: () => 0, monotonicMs: () => 0, after: () => () => undefined },
  log: { info: () => undefined, warn: () => undefined },
})
const source = { kind: 'path', path: join(folder, 'source') } as const
const encrypt = await outcome(cipher.encrypt({ blobId: blobIdOf(2), key, source, maxSizeBytes: sizeBytes }))
const save = await outcome(cipher.save({ blobId: blobIdOf(1), key, sizeBytes, path: join(folder, 'saved') }))
await cipher.stop()
writeSync(1, `${JSON.stringify({ encrypt, save })}\n`)
