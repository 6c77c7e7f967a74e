import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteReader, ByteWriter } from './bytes.ts'

const field = fc.oneof(
  fc.record({ kind: fc.constant('u8' as const), value: fc.nat({ max: 0xff }) }),
  fc.record({ kind: fc.constant('u16' as const), value: fc.nat({ max: 0xffff }) }),
  fc.record({ kind: fc.constant('u32' as const), value: fc.nat({ max: 0xffffffff }) }),
  fc.record({ kind: fc.constant('u48' as const), value: fc.maxSafeNat().map((value) => value % 2 ** 48) }),
)

test('fields come back in order however the buffer grew', () => {
  fc.assert(
    fc.property(fc.array(field, { maxLength: 60 }), fc.string({ unit: 'grapheme' }), (fields, text) => {
      const writer = new ByteWriter(1)
      for (const { kind, value } of fields) writer[kind](value)
      const reader = new ByteReader(writer.text32(text).finish())
      for (const { kind, value } of fields) expect(reader[kind]()).toBe(value)
      expect(reader.text32(100_000)).toBe(text)
      reader.end()
    }),
  )
})

test('a value that does not fit its field is a bug and says so', () => {
  expect(() => new ByteWriter().u8(256)).toThrow(RangeError)
  expect(() => new ByteWriter().u32(1.5)).toThrow(RangeError)
  expect(() => new ByteWriter().u48(-1)).toThrow(RangeError)
  expect(() => new ByteWriter().fixed(new Uint8Array(31), 32)).toThrow(RangeError)
})

test('nothing is read past the end, beyond a cap, or left over', () => {
  expect(() => new ByteReader(new Uint8Array(1)).u16()).toThrow('ends inside')
  expect(() => new ByteReader(new Uint8Array([5, 1])).bytes8()).toThrow('ends inside')
  expect(() => new ByteReader(new Uint8Array([5, 1, 2, 3, 4, 5])).bytes8(4)).toThrow('limit')
  expect(() => new ByteReader(new Uint8Array([9])).list8(8, (item) => item.u8())).toThrow('limit')
  expect(() => new ByteReader(new Uint8Array([1])).end()).toThrow('too many')
  expect(() => new ByteReader(new Uint8Array([2, 0xff, 0xfe])).text8()).toThrow('UTF-8')
})
