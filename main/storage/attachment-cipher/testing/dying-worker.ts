/** A worker with a bug: it begins to write, tells progress, and throws. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import type { FromWorker, ToWorker, WorkerSetup } from '../worker-messages.ts'

const { folder } = workerData as WorkerSetup
const send = (message: FromWorker): void => {
  parentPort?.postMessage(message)
}

parentPort?.on('message', (message: ToWorker) => {
  if (message.type !== 'task' || message.task.kind !== 'encrypt') return
  writeFileSync(join(folder, `${message.task.blobId}.part`), 'begun')
  send({ type: 'progress', id: message.id, doneBytes: 1 })
  throw new Error('a bug')
})
send({ type: 'ready' })
