/**
 * `npm run fuzz`: every decoder of bytes from outside under changing inputs, from a kept corpus. docs/fuzzing.md.
 * Ends with one line `N passed, N failed`, one for each target.
 */

import { randomInt } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { failWith } from '../scripts/run.ts'
import { keepBroken } from './engine/corpus.ts'
import { superviseWork } from './engine/supervise.ts'
import { reasonOf } from './engine/reason.ts'
import { targets } from './targets.ts'
import type { FuzzTarget } from './engine/target.ts'
import type { WorkDone } from './engine/worker.ts'

const DEFAULT_SECONDS = 60
const MAX_SEED = 2 ** 32

interface Options {
  readonly chosen: readonly FuzzTarget[]
  readonly secondsEach: number
  readonly seed: number
  readonly inputFile: string | null
  readonly reportFile: string | null
}

/** @throws Error in one sentence */
function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      /** For all targets together. */
      seconds: { type: 'string', default: process.env['PARLEY_FUZZ_SECONDS'] ?? String(DEFAULT_SECONDS) },
      'each-seconds': { type: 'string' },
      target: { type: 'string', multiple: true },
      seed: { type: 'string' },
      /** One input, once. */
      input: { type: 'string' },
      /** Where the counts go, as JSON. */
      report: { type: 'string' },
    },
  })
  const names = values.target ?? targets.map(({ name }) => name)
  const chosen = names.map((name) => {
    const found = targets.find((target) => target.name === name)
    if (found === undefined) {
      throw new Error(`There is no target ${name}. There are: ${targets.map((target) => target.name).join(', ')}.`)
    }
    return found
  })
  const each = values['each-seconds']
  return {
    chosen,
    secondsEach:
      each === undefined ? positive(values.seconds, '--seconds') / chosen.length : positive(each, '--each-seconds'),
    seed: values.seed === undefined ? randomInt(MAX_SEED) : Number(values.seed) >>> 0,
    inputFile: values.input ?? null,
    reportFile: values.report ?? null,
  }
}

function positive(text: string, option: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`${option} needs a number of seconds.`)
  return value
}

/** True: nothing broke. */
async function runOne(target: FuzzTarget, file: string): Promise<boolean> {
  try {
    const { accepted, place } = await target.prepare().examine(new Uint8Array(readFileSync(file)))
    console.log(`${target.name}: ${accepted ? 'accepted' : 'refused'}\n${place}`)
    return true
  } catch (error) {
    console.error(`${target.name}: broken\n${reasonOf(error)}`)
    return false
  }
}

function tell(done: WorkDone): void {
  const counts = `${done.inputs} inputs, ${done.accepted} accepted, ${done.places} places`
  console.log(`${done.broken === null ? 'ok    ' : 'FAILED'} ${done.name} (${counts})`)
  if (done.broken === null) return
  const file = keepBroken(done.name, done.broken.input)
  console.error(`${done.broken.reason}\nAgain with: npm run fuzz -- --target ${done.name} --input ${file}`)
}

async function main(): Promise<void> {
  const { chosen, secondsEach, seed, inputFile, reportFile } = readOptions()
  let passed = 0
  if (inputFile !== null) {
    for (const target of chosen) if (await runOne(target, inputFile)) passed += 1
  } else {
    console.log(`${chosen.length} targets, ${secondsEach.toFixed(1)} s each, seed ${seed}`)
    await superviseWork(
      chosen.map(({ name }) => name),
      { module: new URL('targets.ts', import.meta.url).href, secondsEach, seed },
      (done) => {
        tell(done)
        if (done.broken === null) passed += 1
      },
    )
  }
  const failed = chosen.length - passed
  if (reportFile !== null) writeFileSync(reportFile, JSON.stringify({ passed, failed }))
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}

main().catch((error: unknown) => {
  failWith(error)
  console.log('0 passed, 1 failed')
})
