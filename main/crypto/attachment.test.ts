import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../shared/wire/bytes.ts'
import {
  ATTACHMENT_SEGMENT_BYTES,
  attachmentCiphertextBytes,
  attachmentDecryptor,
  attachmentEncryptor,
  createCrypto,
  selectBackend,
  segmentRange,
} from './index.ts'
import { outcomeOf } from './testing/devices.ts'

const c = createCrypto(await selectBackend())
const SEALED = ATTACHMENT_SEGMENT_BYTES + 16
const key = new Uint8Array(32).fill(9)
const filled = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value)

/** Each segment of the plaintext is filled with its number. */
function seal(sizeBytes: number): Uint8Array[] {
  const encryptor = attachmentEncryptor(c, key)
  const segments: Uint8Array[] = []
  for (let at = 0; at < sizeBytes; at += ATTACHMENT_SEGMENT_BYTES) {
    const end = Math.min(sizeBytes, at + ATTACHMENT_SEGMENT_BYTES)
    segments.push(encryptor.seal(filled(end - at, at / ATTACHMENT_SEGMENT_BYTES), end === sizeBytes))
  }
  return segments
}

describe('segments', () => {
  test.each([1, 65_535, 65_536, 65_537, 200_000])('of %i bytes add up and open, in any order', (sizeBytes) => {
    const segments = seal(sizeBytes)
    expect(segments.reduce((sum, segment) => sum + segment.length, 0)).toBe(attachmentCiphertextBytes(sizeBytes))
    const decryptor = attachmentDecryptor(c, key)
    const opened = [...segments.entries()]
      .reverse()
      .map(([index, segment]) => decryptor.open(index, index === segments.length - 1, segment))
      .reverse()
    expect(opened.every((segment, index) => segment.every((byte) => byte === index))).toBe(true)
    expect(opened.reduce((sum, segment) => sum + segment.length, 0)).toBe(sizeBytes)
  })

  test('cut, moved, repeated, continued or changed are refused', () => {
    const [first, second] = seal(131_072)
    if (first === undefined || second === undefined) throw new Error('two segments')
    const refused: readonly [number, boolean, Uint8Array][] = [
      [0, true, first],
      [1, false, first],
      [1, true, first],
      [0, false, second],
      [1, false, second],
      [1, true, second.slice(0, 10)],
      [1, true, second.slice(0, -1)],
      [1, true, concatBytes(second, filled(1, 0))],
      [1, true, second.map((byte, at) => (at === 40_000 ? byte ^ 1 : byte))],
      [1, true, new Uint8Array()],
    ]
    for (const [index, last, segment] of refused) {
      expect(outcomeOf(() => attachmentDecryptor(c, key).open(index, last, segment))).toBe('cannot-decrypt')
    }
    expect(outcomeOf(() => attachmentDecryptor(c, filled(32, 8)).open(0, false, first))).toBe('cannot-decrypt')
    expect(outcomeOf(() => attachmentDecryptor(c, key).open(1, true, second))).toBe('accepted')
  })

  test('equal ones differ sealed', () => {
    const encryptor = attachmentEncryptor(c, key)
    const same = filled(ATTACHMENT_SEGMENT_BYTES, 1)
    expect(encryptor.seal(same, false)).not.toEqual(encryptor.seal(same, false))
  })

  test('are full but for the last, and nothing follows it', () => {
    const short = filled(10, 1)
    expect(() => attachmentEncryptor(c, key).seal(short, false)).toThrow('segments are full')
    expect(() => attachmentEncryptor(c, key).seal(new Uint8Array(), true)).toThrow('segments are full')
    expect(() => attachmentEncryptor(c, key).seal(filled(ATTACHMENT_SEGMENT_BYTES + 1, 1), true)).toThrow(
      'segments are full',
    )
    const ended = attachmentEncryptor(c, key)
    ended.seal(short, true)
    expect(() => ended.seal(short, true)).toThrow('segments are full')
  })
})

describe('a range', () => {
  test('names the segments that hold it', () => {
    expect(segmentRange(0, 1, 200_000)).toEqual({ firstSegment: 0, ciphertextStart: 0, ciphertextEnd: SEALED })
    expect(segmentRange(65_536, 65_537, 200_000)).toEqual({
      firstSegment: 1,
      ciphertextStart: SEALED,
      ciphertextEnd: 3 * SEALED,
    })
    expect(segmentRange(199_999, 1, 200_000).ciphertextEnd).toBe(attachmentCiphertextBytes(200_000))
    for (const [offset, length] of [
      [-1, 1],
      [0, 0],
      [199_999, 2],
    ] as const) {
      expect(() => segmentRange(offset, length, 200_000)).toThrow(RangeError)
    }
  })

  test('of ciphertext gives the plaintext asked for, wherever it lies', () => {
    const sizeBytes = 200_000
    const plaintext = new Uint8Array(sizeBytes).map((_, at) => at >> 16)
    const ciphertext = concatBytes(...seal(sizeBytes))
    const decryptor = attachmentDecryptor(c, key)
    fc.assert(
      fc.property(fc.nat({ max: sizeBytes - 1 }), fc.integer({ min: 1, max: sizeBytes }), (offset, wanted) => {
        const length = Math.min(wanted, sizeBytes - offset)
        const range = segmentRange(offset, length, sizeBytes)
        const parts: Uint8Array[] = []
        for (
          let at = range.ciphertextStart, index = range.firstSegment;
          at < range.ciphertextEnd;
          at += SEALED, index++
        ) {
          parts.push(
            decryptor.open(index, index === 3, ciphertext.slice(at, Math.min(at + SEALED, range.ciphertextEnd))),
          )
        }
        const start = offset - range.firstSegment * ATTACHMENT_SEGMENT_BYTES
        expect(
          Buffer.compare(concatBytes(...parts).slice(start, start + length), plaintext.slice(offset, offset + length)),
        ).toBe(0)
      }),
      { numRuns: 30 },
    )
  })
})
