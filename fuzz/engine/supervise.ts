/** Watches the thread that fuzzes: an input that never ends, or that takes the thread down, counts as broken like any other. */

import { Worker } from 'node:worker_threads'
import { CurrentInput } from './current-input.ts'
import { reasonOf } from './reason.ts'
import { MAX_INPUT_MS } from './target.ts'
import type { Work, WorkDone } from './worker.ts'

const LOOK_EVERY_MS = 500
/** An input that takes long and ends is told by who measures it; one that takes this did not end. */
const HANGS_AFTER_MS = 10 * MAX_INPUT_MS
const MAX_HEAP_MB = 1_024

export interface SuperviseOptions extends Pick<Work, 'module' | 'secondsEach' | 'seed'> {
  readonly hangsAfterMs?: number
}

/** Each target in turn; `onDone` for each. After a thread was lost the next one goes on behind the lost target. */
export async function superviseWork(
  names: readonly string[],
  options: SuperviseOptions,
  onDone: (done: WorkDone) => void,
): Promise<void> {
  let left = names
  while (left.length > 0) {
    const lost = await runThread(left, options, (done) => {
      left = left.slice(1)
      onDone(done)
    })
    const [name] = left
    if (name === undefined) return
    left = left.slice(1)
    onDone({ name, inputs: lost.inputs, accepted: 0, places: 0, broken: lost })
  }
}

interface LostThread {
  readonly inputs: number
  readonly input: Uint8Array
  readonly reason: string
}

/** Resolves when the thread is over, for whatever reason: who counts the targets knows whether that was the end. */
async function runThread(
  names: readonly string[],
  options: SuperviseOptions,
  onDone: (done: WorkDone) => void,
): Promise<LostThread> {
  const current = new CurrentInput()
  const { module, secondsEach, seed, hangsAfterMs = HANGS_AFTER_MS } = options
  const work: Work = { module, secondsEach, seed, names, current: current.buffer }
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    workerData: work,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  })
  const { promise, resolve } = Promise.withResolvers<string>()
  worker.on('message', onDone)
  worker.once('error', (error) => {
    resolve(reasonOf(error))
  })
  worker.once('exit', (code) => {
    resolve(`the thread ended with ${code}`)
  })
  let seen = { count: current.count, atMs: performance.now() }
  const watch = setInterval(() => {
    if (current.count !== seen.count) seen = { count: current.count, atMs: performance.now() }
    else if (performance.now() - seen.atMs > hangsAfterMs) resolve('does not come to an end')
  }, LOOK_EVERY_MS)
  try {
    const reason = await promise
    return { inputs: current.count, input: current.get(), reason }
  } finally {
    clearInterval(watch)
    await worker.terminate()
  }
}
