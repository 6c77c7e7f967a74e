/** What a fuzz target is, and what has to hold for each input. */

import v8 from 'node:v8'
import { isParleyError } from '../../shared/errors.ts'
import type { ErrorCode } from '../../shared/errors.ts'
import { equalBytes } from '../../shared/wire/bytes.ts'
import { placeOfRefusal, shapeOf } from './feedback.ts'
import type { MutationHints } from './mutate.ts'

/** Much more than the dearest refusal costs (a jump of 10,000 keys), on a busy machine. */
export const MAX_INPUT_MS = 2_000
const MEMORY_BASE_BYTES = 4 * 1024 * 1024
const MEMORY_PER_INPUT_BYTE = 64

/** A decoder with everything that it needs, made once for a whole run. */
export interface Decoder<T> {
  /** Real values by name, the same at each call: they are the kept corpus. */
  readonly samples: Readonly<Record<string, Uint8Array>>
  readonly decode: (input: Uint8Array) => T | Promise<T>
  /** Back to bytes, where there is such a way. */
  readonly encode?: (value: T) => Uint8Array
  /** Before each input: as if none had come yet. */
  readonly reset?: () => void
  /** What may not change by a refusal. */
  readonly image?: () => string
}

interface TargetDefinition<T> {
  readonly name: string
  /** The closed set of codes that bad input gets here. */
  readonly refuses: readonly ErrorCode[]
  readonly prepare: () => Decoder<T>
  /**
   * Why an accepted input need not be what its value is written as. Without it they must be equal; with it, writing and
   * reading once more must at least lead to the same bytes.
   */
  readonly differs?: string
  readonly hints?: Partial<MutationHints>
  /** Memory that one input may cost beyond what is usual, in bytes, and why. */
  readonly memoryBytes?: number
}

/** Accepted or refused, and where: inputs that get to a new place are worth changing further. */
export interface Verdict {
  readonly accepted: boolean
  readonly place: string
}

export interface PreparedTarget {
  readonly samples: Readonly<Record<string, Uint8Array>>
  /** @throws whatever shows a bug */
  readonly examine: (input: Uint8Array) => Promise<Verdict>
}

export interface FuzzTarget {
  readonly name: string
  readonly hints: MutationHints
  readonly prepare: () => PreparedTarget
}

/** What an input showed that must never be. */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure'
}

const DEFAULT_HINTS: MutationHints = { maxBytes: 8_192, sizes: [], words: [] }

export function fuzzTarget<T>(definition: TargetDefinition<T>): FuzzTarget {
  return {
    name: definition.name,
    hints: { ...DEFAULT_HINTS, ...definition.hints },
    prepare: () => {
      const decoder = definition.prepare()
      return { samples: decoder.samples, examine: (input) => examine(definition, decoder, input) }
    },
  }
}

async function examine<T>(definition: TargetDefinition<T>, decoder: Decoder<T>, input: Uint8Array): Promise<Verdict> {
  const given = input.slice()
  const maxBytes = MEMORY_BASE_BYTES + input.length * MEMORY_PER_INPUT_BYTE + (definition.memoryBytes ?? 0)
  const first = await measured(decoder, given)
  // once more: the first time may have loaded code, or met a busy machine
  const { before, outcome, tookMs, tookBytes } = isDear(first, maxBytes) ? await measured(decoder, given) : first
  if (tookMs > MAX_INPUT_MS) throw new FuzzFailure(`took ${Math.round(tookMs)} ms`)
  if (tookBytes > maxBytes) throw new FuzzFailure(`took ${tookBytes} bytes of memory`)
  if (!equalBytes(given, input)) throw new FuzzFailure('the decoder wrote into its input')
  if (Object.keys(Object.prototype).length > 0) throw new FuzzFailure('the prototype of all objects was changed')
  if (!outcome.accepted) {
    const { error } = outcome
    if (!isParleyError(error)) throw new FuzzFailure('refused with no closed code', { cause: error })
    if (!definition.refuses.includes(error.code)) throw new FuzzFailure(`refused with ${error.code}`, { cause: error })
    if (decoder.image?.() !== before) throw new FuzzFailure('a refusal changed what is kept')
    return { accepted: false, place: placeOfRefusal(error) }
  }
  // A value that shares memory with its input changes with the buffer that the input came in.
  given.fill(0xa5)
  if (decoder.encode !== undefined) await checkWritten(definition, decoder, decoder.encode, outcome.value, input)
  return { accepted: true, place: shapeOf(outcome.value) }
}

interface Measured<T> {
  /** The decoder's image before the input. */
  readonly before: string | undefined
  readonly outcome: Outcome<T>
  readonly tookMs: number
  /** Memory that was freed meanwhile hides some of the cost, never adds to it. */
  readonly tookBytes: number
}

async function measured<T>(decoder: Decoder<T>, input: Uint8Array): Promise<Measured<T>> {
  decoder.reset?.()
  const before = decoder.image?.()
  const bytesBefore = memoryBytes()
  const startedAtMs = performance.now()
  const outcome = await outcomeOf(decoder, input)
  return { before, outcome, tookMs: performance.now() - startedAtMs, tookBytes: memoryBytes() - bytesBefore }
}

function isDear<T>({ tookMs, tookBytes }: Measured<T>, maxBytes: number): boolean {
  return tookMs > MAX_INPUT_MS || tookBytes > maxBytes
}

type Outcome<T> = { readonly accepted: true; readonly value: T } | { readonly accepted: false; readonly error: unknown }

async function outcomeOf<T>(decoder: Decoder<T>, input: Uint8Array): Promise<Outcome<T>> {
  try {
    const result = decoder.decode(input)
    return { accepted: true, value: result instanceof Promise ? await result : result }
  } catch (error) {
    return { accepted: false, error }
  }
}

async function checkWritten<T>(
  definition: TargetDefinition<T>,
  decoder: Decoder<T>,
  encode: (value: T) => Uint8Array,
  value: T,
  input: Uint8Array,
): Promise<void> {
  const written = encode(value)
  if (definition.differs === undefined) {
    if (!equalBytes(written, input)) throw new FuzzFailure('accepted, but written back as other bytes')
    return
  }
  const again = encode(await decoder.decode(written.slice()))
  if (!equalBytes(again, written)) throw new FuzzFailure('what was written is read as something else')
}

function memoryBytes(): number {
  const { used_heap_size, external_memory } = v8.getHeapStatistics()
  return used_heap_size + external_memory
}
