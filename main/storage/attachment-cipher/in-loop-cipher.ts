/** Encrypts where it is called: inside the worker, and in the engine's own loop for what is small or when no worker starts. */

import type { AttachmentCipher } from '../../ports/attachment-cipher.ts'
import { ParleyError } from '../../../shared/errors.ts'
import { readRange, saveFile } from './decrypt-file.ts'
import { encryptFile } from './encrypt-file.ts'
import type { CipherParts } from './pipeline.ts'

/** Files at a time: one computes while the other waits for its disk. More would only hold more memory. */
const FILES_AT_A_TIME = 2

export function createInLoopCipher(parts: CipherParts): AttachmentCipher {
  const stopping = new AbortController()
  const running = new Set<Promise<unknown>>()
  const turns = createTurns(FILES_AT_A_TIME)

  const tracked = async <T>(work: () => Promise<T>): Promise<T> => {
    if (stopping.signal.aborted) throw new ParleyError('cancelled')
    const promise = work()
    running.add(promise)
    try {
      return await promise
    } finally {
      running.delete(promise)
    }
  }
  const inTurn = <T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    tracked(async () => {
      const either = signal === undefined ? stopping.signal : AbortSignal.any([stopping.signal, signal])
      const release = await turns()
      try {
        if (either.aborted) throw new ParleyError('cancelled')
        return await work(either)
      } finally {
        release()
      }
    })

  return {
    encrypt: (encryption) => inTurn(encryption.signal, (signal) => encryptFile(parts, encryption, signal)),
    save: (saving) => inTurn(saving.signal, (signal) => saveFile(parts, saving, signal)),
    read: (range) => tracked(() => readRange(parts, range)),
    stop: async () => {
      stopping.abort()
      await Promise.allSettled(running)
    },
  }
}

/** Resolves when one of `count` places is free; what it gives frees it again. */
function createTurns(count: number): () => Promise<() => void> {
  const waiting: (() => void)[] = []
  let free = count
  const release = (): void => {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
  return async () => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    return release
  }
}
