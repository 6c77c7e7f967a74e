import { expect, it } from 'vitest'
import { fileSize, transferredSize } from './file-size.ts'
import { photoAspect } from './photo-shape.ts'
import { safetyGroups } from './safety-groups.ts'

it.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [1_000, '1 kB'],
  [999_999, '1,000 kB'],
  [1_000_000, '1 MB'],
  [2_149_000, '2.1 MB'],
])('says %i bytes as a person would: %s', (bytes, text) => {
  expect(fileSize(bytes, 'en')).toBe(text)
})

it('says how much of a file has moved in the unit of the whole, so that nothing jumps', () => {
  const t = (key: string, values?: Record<string, string>): string =>
    values === undefined ? key : `${values['done']} of ${values['total']}, ${values['path']}`
  const at = (doneBytes: number) => transferredSize({ doneBytes, totalBytes: 18_400_000, path: 'direct' }, 'en', t)
  expect(at(200_000)).toBe('0.2 of 18.4 MB, file.direct')
  expect(at(6_000_000)).toBe('6.0 of 18.4 MB, file.direct')
})

it('cuts a picture that is very wide or very tall, and no other', () => {
  expect(photoAspect({ width: 4_000, height: 400 })).toBe(2.2)
  expect(photoAspect({ width: 400, height: 4_000 })).toBe(0.75)
  expect(photoAspect({ width: 300, height: 200 })).toBe(1.5)
})

it('reads a safety number in groups of five, whatever stood between its digits', () => {
  expect(safetyGroups('1234567890')).toEqual(['12345', '67890'])
  expect(safetyGroups('12345 67890')).toEqual(['12345', '67890'])
  expect(safetyGroups('')).toEqual([])
})
