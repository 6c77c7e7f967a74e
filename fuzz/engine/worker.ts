/** The thread that fuzzes: target after target, so that the other one can tell when an input never ends. */

import { parentPort, workerData } from 'node:worker_threads'
import { readCorpus } from './corpus.ts'
import { CurrentInput } from './current-input.ts'
import { fuzz, shrink } from './fuzz.ts'
import { reasonOf } from './reason.ts'
import type { FuzzTarget } from './target.ts'

export interface Work {
  /** Where the targets are: a module that exports `targets`. */
  readonly module: string
  readonly names: readonly string[]
  readonly secondsEach: number
  readonly seed: number
  readonly current: SharedArrayBuffer
}

/** After each target. */
export interface WorkDone {
  readonly name: string
  readonly inputs: number
  readonly accepted: number
  readonly places: number
  /** Null: nothing broke. */
  readonly broken: { readonly input: Uint8Array; readonly reason: string } | null
}

const SHRINK_SECONDS = 5

async function work({ module, names, secondsEach, seed, current }: Work): Promise<void> {
  const { targets } = (await import(module)) as { readonly targets: readonly FuzzTarget[] }
  const currentInput = new CurrentInput(current)
  for (const name of names) {
    const target = targets.find((candidate) => candidate.name === name)
    if (target === undefined) throw new Error(`no target ${name}`)
    const corpus = [...readCorpus(name).values()]
    const report = await fuzz(target, {
      seconds: secondsEach,
      seed,
      corpus,
      onInput: (input) => {
        currentInput.set(input)
      },
    })
    const { inputs, accepted, places, broken } = report
    const done: WorkDone = {
      name,
      inputs,
      accepted,
      places,
      broken:
        broken === null
          ? null
          : { input: await shrink(target, broken.input, SHRINK_SECONDS), reason: reasonOf(broken.error) },
    }
    parentPort?.postMessage(done)
  }
}

await work(workerData as Work)
