/** Makes bad inputs of good ones: the changes that decoders of lengths, lists and flags are known to break on. */

import { concatBytes } from '../../shared/wire/bytes.ts'
import type { Random } from './random.ts'

export interface MutationHints {
  /** Inputs are cut to this. */
  readonly maxBytes: number
  /** Whole sizes that the format knows: an input is filled up to one of them now and then. */
  readonly sizes: readonly number[]
  /** Pieces that mean something to the format. */
  readonly words: readonly Uint8Array[]
}

type Mutation = (input: Uint8Array, random: Random, hints: MutationHints, other: Uint8Array) => Uint8Array

const INTERESTING = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1_000, 1_001, 1_023, 1_024,
  4_095, 4_096, 4_097, 5_000, 10_000, 10_001, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe,
  0xffff_ffff,
] as const
const WIDTHS = [1, 2, 4, 6] as const
const MOST_MUTATIONS = 6
const MOST_INSERTED_BYTES = 64
const FIELD_TRIES = 12

function readNumber(input: Uint8Array, at: number, width: number): number {
  let value = 0
  for (let index = 0; index < width; index++) value = value * 256 + (input[at + index] ?? 0)
  return value
}

/** Big-endian; what does not fit wraps around. */
function writeNumber(input: Uint8Array, at: number, width: number, value: number): void {
  const limit = 256 ** width
  let rest = ((value % limit) + limit) % limit
  for (let index = width - 1; index >= 0; index--) {
    if (at + index < input.length) input[at + index] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

/** `removed` bytes at `at` give way to `piece`. */
function spliced(input: Uint8Array, at: number, removed: number, piece: Uint8Array): Uint8Array {
  return concatBytes(input.subarray(0, at), piece, input.subarray(at + removed))
}

const flipBit: Mutation = (input, random) => {
  const at = random.below(input.length)
  input[at] = (input[at] ?? 0) ^ (1 << random.below(8))
  return input
}

const setByte: Mutation = (input, random) => {
  input[random.below(input.length)] = random.below(256)
  return input
}

const setNumber: Mutation = (input, random) => {
  writeNumber(input, random.below(input.length), random.pick(WIDTHS), random.pick(INTERESTING))
  return input
}

const nudgeNumber: Mutation = (input, random) => {
  const at = random.below(input.length)
  const width = random.pick(WIDTHS)
  writeNumber(input, at, width, readNumber(input, at, width) + random.below(33) - 16)
  return input
}

const truncate: Mutation = (input, random) => input.slice(0, random.below(input.length))

const append: Mutation = (input, random) => concatBytes(input, random.bytes(1 + random.below(MOST_INSERTED_BYTES)))

const insert: Mutation = (input, random) =>
  spliced(input, random.below(input.length + 1), 0, random.bytes(1 + random.below(MOST_INSERTED_BYTES)))

const remove: Mutation = (input, random) => {
  const at = random.below(input.length)
  return spliced(input, at, 1 + random.below(Math.min(input.length - at, MOST_INSERTED_BYTES)), new Uint8Array())
}

const repeat: Mutation = (input, random) => {
  const at = random.below(input.length)
  const piece = input.slice(at, at + 1 + random.below(MOST_INSERTED_BYTES))
  return spliced(input, at, 0, concatBytes(...Array.from({ length: 1 + random.below(4) }, () => piece)))
}

const fill: Mutation = (input, random) => {
  const at = random.below(input.length)
  return input.fill(random.pick([0, 1, 0x7f, 0xff]), at, at + 1 + random.below(MOST_INSERTED_BYTES))
}

const copyWithin: Mutation = (input, random) => {
  const from = random.below(input.length)
  return input.copyWithin(random.below(input.length), from, from + 1 + random.below(MOST_INSERTED_BYTES))
}

const crossOver: Mutation = (input, random, _hints, other) =>
  concatBytes(input.subarray(0, random.below(input.length + 1)), other.subarray(random.below(other.length + 1)))

const insertWord: Mutation = (input, random, { words }) =>
  words.length === 0 ? input : spliced(input, random.below(input.length + 1), 0, random.pick(words))

const setWord: Mutation = (input, random, { words }) => {
  if (words.length === 0) return input
  const word = random.pick(words)
  return spliced(input, random.below(input.length), word.length, word)
}

const resize: Mutation = (input, random, { sizes }) => {
  if (sizes.length === 0) return input
  const sized = new Uint8Array(random.pick(sizes))
  // zeros behind it, or itself over and over
  const step = random.oneIn(2) ? input.length : sized.length
  for (let at = 0; at < sized.length; at += step) sized.set(input.subarray(0, sized.length - at), at)
  return sized
}

/** Some number that could be the length of what follows it. */
function findField(
  input: Uint8Array,
  random: Random,
): { readonly at: number; readonly width: number; readonly length: number } | null {
  for (let tries = 0; tries < FIELD_TRIES; tries++) {
    const at = random.below(input.length)
    const width = random.pick([1, 2, 4])
    const length = readNumber(input, at, width)
    if (length > 0 && at + width + length <= input.length) return { at, width, length }
  }
  return null
}

/** A field grows or shrinks and its length says so: what comes after it is read as it was meant. */
const resizeField: Mutation = (input, random) => {
  const field = findField(input, random)
  if (field === null) return input
  const { at, width, length } = field
  const start = at + width
  const kept = random.oneIn(2) ? random.below(length) : length
  const piece = random.oneIn(2) ? random.bytes(random.below(MOST_INSERTED_BYTES)) : new Uint8Array()
  const changed = spliced(input, start + kept, length - kept, piece)
  writeNumber(changed, at, width, kept + piece.length)
  return changed
}

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  setByte,
  setNumber,
  nudgeNumber,
  truncate,
  append,
  insert,
  remove,
  repeat,
  fill,
  copyWithin,
  crossOver,
  insertWord,
  setWord,
  resize,
  resizeField,
]

/** A new input of one to six changes; `parent` stays as it is. */
export function mutate(parent: Uint8Array, other: Uint8Array, random: Random, hints: MutationHints): Uint8Array {
  let input: Uint8Array = parent.slice()
  const count = 1 + random.below(random.oneIn(3) ? MOST_MUTATIONS : 2)
  for (let round = 0; round < count; round++) {
    if (input.length === 0) input = random.bytes(1 + random.below(MOST_INSERTED_BYTES))
    input = random.pick(MUTATIONS)(input, random, hints, other)
  }
  return input.slice(0, hints.maxBytes)
}
