/** Decoders with one fault each, which fuzzing has to find. Each input is a length of two bytes and as many more. */

import { ParleyError } from '../../shared/errors.ts'
import { ByteReader, ByteWriter } from '../../shared/wire/bytes.ts'
import { fuzzTarget } from '../engine/target.ts'
import type { Decoder } from '../engine/target.ts'

const SAMPLE_BYTE = 7

function good(): Decoder<Uint8Array> {
  return {
    samples: { five: new ByteWriter().bytes16(new Uint8Array(5).fill(SAMPLE_BYTE)).finish() },
    decode: (input) => {
      const reader = new ByteReader(input)
      const field = reader.bytes16(16)
      reader.end()
      return field
    },
    encode: (field) => new ByteWriter().bytes16(field).finish(),
  }
}

/** A decoder that does something else to fields with any byte that its sample has not. */
function faulty(name: string, fault: (field: Uint8Array, input: Uint8Array) => Uint8Array) {
  return fuzzTarget({
    name,
    refuses: ['malformed'],
    hints: { maxBytes: 64 },
    prepare: () => {
      const { decode, ...rest } = good()
      return {
        ...rest,
        decode: async (input) => {
          const field = await decode(input)
          return field.some((byte) => byte !== SAMPLE_BYTE) ? fault(field, input) : field
        },
      }
    },
  })
}

let kept = 0

export const targets = [
  fuzzTarget({ name: 'good', refuses: ['malformed'], hints: { maxBytes: 64 }, prepare: good }),
  faulty('bug', () => {
    throw new TypeError('a bug')
  }),
  faulty('other-code', () => {
    throw new ParleyError('not-found')
  }),
  faulty('two-spellings', (field) => field.map((byte) => byte & 0x7f)),
  faulty('shares-memory', (_, input) => input.subarray(2)),
  faulty('writes-input', (field, input) => {
    input[0] = (input[0] ?? 0) + 1
    return field
  }),
  fuzzTarget({
    name: 'reserves',
    refuses: ['malformed'],
    hints: { maxBytes: 64 },
    prepare: () => ({
      samples: { four: new ByteWriter().u32(4).finish() },
      decode: (input) => {
        const reader = new ByteReader(input)
        const length = reader.u32()
        return new Uint8Array(length % 0x1000_0000).length
      },
    }),
  }),
  fuzzTarget({
    name: 'changes',
    refuses: ['malformed'],
    prepare: () => ({
      ...good(),
      decode: (input) => {
        if (input.length > 7) {
          kept += 1
          throw new ParleyError('malformed')
        }
        return good().decode(input)
      },
      image: () => String(kept),
    }),
  }),
  faulty('hangs', (field) => {
    for (;;) if (field.length === 0) return field
  }),
  faulty('ends-the-thread', () => process.exit(3)),
]
