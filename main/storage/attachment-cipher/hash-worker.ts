/** The hash thread's program. It imports next to nothing, so that it stands at once. */

import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import type { FromHashThread, ToHashThread } from './hash-messages.ts'

interface Running {
  readonly hash: Hash
  readonly slots: readonly Uint8Array<SharedArrayBuffer>[]
}

if (parentPort === null) throw new Error('hash-worker runs in a worker thread')
const port = parentPort
const running = new Map<number, Running>()

function send(message: FromHashThread): void {
  port.postMessage(message)
}

function of(id: number): Running {
  const found = running.get(id)
  if (found === undefined) throw new Error('a hash that was not begun')
  return found
}

port.on('message', (message: ToHashThread) => {
  const { id } = message
  switch (message.type) {
    case 'begin':
      running.set(id, { hash: createHash('sha256'), slots: message.slots })
      return
    case 'update': {
      const { hash, slots } = of(id)
      const bytes = slots[message.slot]
      if (bytes === undefined) throw new Error('a slot that was not given')
      hash.update(bytes.subarray(0, message.lengthBytes))
      send({ type: 'updated' })
      return
    }
    case 'end':
      send({ type: 'digest', sha256: new Uint8Array(of(id).hash.digest()) })
      running.delete(id)
  }
})
send({ type: 'ready' })
