/** One target under changing inputs, until its time is over or something breaks. */

import { concatBytes } from '../../shared/wire/bytes.ts'
import { mutate } from './mutate.ts'
import { createRandom, seedOf } from './random.ts'
import type { Random } from './random.ts'
import type { FuzzTarget, PreparedTarget, Verdict } from './target.ts'

/** Inputs that got to a new place; beyond this a random one makes room. */
const MAX_PARENTS = 512
/** Asking for the time costs as much as a small decoder. */
const INPUTS_BETWEEN_CLOCKS = 16

export interface FuzzOptions {
  readonly seconds: number
  readonly seed: number
  readonly corpus: readonly Uint8Array[]
  /** Told before each input, so that one that never ends is known. */
  readonly onInput: (input: Uint8Array) => void
}

export interface FuzzReport {
  readonly inputs: number
  readonly accepted: number
  readonly places: number
  /** The first input that broke something. */
  readonly broken: { readonly input: Uint8Array; readonly error: unknown } | null
}

class Run {
  readonly #target: PreparedTarget
  readonly #onInput: (input: Uint8Array) => void
  readonly #random: Random
  readonly #places = new Set<string>()
  readonly #parents: Uint8Array[] = []
  #inputs = 0
  #accepted = 0
  #broken: FuzzReport['broken'] = null

  constructor(target: PreparedTarget, random: Random, onInput: (input: Uint8Array) => void) {
    this.#target = target
    this.#random = random
    this.#onInput = onInput
  }

  get parents(): readonly Uint8Array[] {
    return this.#parents
  }

  get report(): FuzzReport {
    return { inputs: this.#inputs, accepted: this.#accepted, places: this.#places.size, broken: this.#broken }
  }

  /** False: it broke. */
  async examine(input: Uint8Array): Promise<boolean> {
    this.#onInput(input)
    this.#inputs += 1
    let verdict: Verdict
    try {
      verdict = await this.#target.examine(input)
    } catch (error) {
      this.#broken = { input, error }
      return false
    }
    if (verdict.accepted) this.#accepted += 1
    if (!this.#places.has(verdict.place)) {
      this.#places.add(verdict.place)
      this.#keep(input)
    }
    return true
  }

  #keep(input: Uint8Array): void {
    if (this.#parents.length < MAX_PARENTS) this.#parents.push(input)
    else this.#parents[this.#random.below(MAX_PARENTS)] = input
  }
}

export async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<FuzzReport> {
  const endAtMs = performance.now() + options.seconds * 1000
  const random = createRandom(seedOf(target.name, options.seed))
  const prepared = target.prepare()
  const run = new Run(prepared, random, options.onInput)
  const start = [...options.corpus, ...Object.values(prepared.samples), new Uint8Array()]
  for (const input of start) if (!(await run.examine(input))) return run.report
  while (performance.now() < endAtMs) {
    for (let count = 0; count < INPUTS_BETWEEN_CLOCKS; count++) {
      // half of the time what is real, half of the time what has come far
      const parent = random.pick(random.oneIn(2) ? start : run.parents)
      const input = mutate(parent, random.pick(run.parents), random, target.hints)
      if (!(await run.examine(input))) return run.report
    }
  }
  return run.report
}

/**
 * A smaller input that breaks something too: pieces are left out as long as it does.
 * @param seconds how long to try
 */
export async function shrink(target: FuzzTarget, broken: Uint8Array, seconds: number): Promise<Uint8Array> {
  const endAtMs = performance.now() + seconds * 1000
  const prepared = target.prepare()
  const breaks = (input: Uint8Array): Promise<boolean> =>
    prepared.examine(input).then(
      () => false,
      () => true,
    )
  let smallest = broken
  for (let piece = broken.length >> 1; piece > 0; piece >>= 1) {
    for (let at = 0; at < smallest.length && performance.now() < endAtMs;) {
      const shorter = concatBytes(smallest.subarray(0, at), smallest.subarray(at + piece))
      if (await breaks(shorter)) smallest = shorter
      else at += piece
    }
  }
  return smallest
}
