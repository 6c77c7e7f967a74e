import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../shared/wire/bytes.ts'
import {
  ATTACHMENT_SEGMENT_BYTES,
  attachmentCiphertextBytes,
  attachmentDecryptor,
  attachmentEncryptor,
  createCrypto,
  deriveKey,
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

  test('of a size that no sender makes are refused, though they are authentic', () => {
    const derived = deriveKey(c, key, 'attachment', new Uint8Array(), 39)
    const sealAs = (sizeBytes: number, last: boolean): Uint8Array => {
      const nonce = concatBytes(derived.slice(32), new Uint8Array(4), Uint8Array.of(last ? 1 : 0))
      return c.backend.seal(derived.slice(0, 32), nonce, new Uint8Array(), filled(sizeBytes, 1))
    }
    const outcome = (sizeBytes: number, last: boolean): string =>
      outcomeOf(() => attachmentDecryptor(c, key).open(0, last, sealAs(sizeBytes, last)))
    expect([outcome(0, true), outcome(1, true)]).toEqual(['cannot-decrypt', 'accepted'])
    const full = ATTACHMENT_SEGMENT_BYTES
    expect([outcome(full, true), outcome(full + 1, true)]).toEqual(['accepted', 'cannot-decrypt'])
    expect([full - 1, full, full + 1].map((sizeBytes) => outcome(sizeBytes, false))).toEqual([
      'cannot-decrypt',
      'accepted',
      'cannot-decrypt',
    ])
  })

  test('go into room that just holds them', () => {
    const sealed = attachmentEncryptor(c, key).seal(filled(10, 1), true, new Uint8Array(26))
    expect(attachmentDecryptor(c, key).open(0, true, sealed, new Uint8Array(10))).toEqual(filled(10, 1))
    expect(() => attachmentDecryptor(c, key).open(0, true, sealed, new Uint8Array(9))).toThrow('no room')
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

describe('a stream of segments', () => {
  const sizeBytes = 4 * ATTACHMENT_SEGMENT_BYTES + 100
  const segments = seal(sizeBytes)
  const whole = concatBytes(...segments)
  const at = (index: number): Uint8Array => segments[index] ?? new Uint8Array()
  const outcomes = (stream: Uint8Array): string => {
    const decryptor = attachmentDecryptor(c, key)
    const count = Math.max(1, Math.ceil(stream.length / SEALED))
    return outcomeOf(() => {
      for (let index = 0; index < count; index += 1) {
        decryptor.open(index, index === count - 1, stream.subarray(index * SEALED, (index + 1) * SEALED))
      }
    })
  }
  const indices = [...segments.keys()]
  const pairs = indices.flatMap((a) => indices.filter((b) => b > a).map((b) => [a, b] as const))

  test('opens as it was', () => {
    expect(outcomes(whole)).toBe('accepted')
  })

  // The reader here believes the length that it finds: the segments alone must tell.
  test.each(pairs)('with %i and %i swapped is refused', (a, b) => {
    expect(outcomes(concatBytes(...indices.map((index) => at(index === a ? b : index === b ? a : index))))).toBe(
      'cannot-decrypt',
    )
  })

  test.each(indices)('without segment %i is refused, and with it twice', (dropped) => {
    expect(outcomes(concatBytes(...segments.filter((_, index) => index !== dropped)))).toBe('cannot-decrypt')
    expect(outcomes(concatBytes(...segments.flatMap((one, index) => (index === dropped ? [one, one] : [one]))))).toBe(
      'cannot-decrypt',
    )
    expect(outcomes(concatBytes(...indices.map((index) => at(index === dropped ? (index + 1) % 5 : index))))).toBe(
      'cannot-decrypt',
    )
  })

  test.each(indices)('cut at the border of segment %i, or beside it, is refused', (index) => {
    for (const cut of [-17, -16, -1, 0, 1, 15, 16, 17]) {
      const end = index * SEALED + cut
      if (end < 0) continue
      expect(outcomes(whole.subarray(0, end)), `${end} bytes`).toBe('cannot-decrypt')
    }
    expect(outcomes(whole.subarray(index * SEALED + 1))).toBe('cannot-decrypt')
  })

  test.each(indices)('segment %i opens in its place and with its own flag alone', (index) => {
    const decryptor = attachmentDecryptor(c, key)
    for (const place of [...indices, 5, 2 ** 32 - 1]) {
      for (const last of [false, true]) {
        const isRight = place === index && last === (index === 4)
        expect(outcomeOf(() => decryptor.open(place, last, at(index)))).toBe(isRight ? 'accepted' : 'cannot-decrypt')
      }
    }
  })

  test('of exactly full segments ends with its last one', () => {
    const full = seal(2 * ATTACHMENT_SEGMENT_BYTES)
    expect(outcomes(concatBytes(...full))).toBe('accepted')
    expect(outcomes(full[0] ?? new Uint8Array())).toBe('cannot-decrypt')
  })

  test('begun anew under the same key cannot be joined to the first', () => {
    const other = seal(ATTACHMENT_SEGMENT_BYTES)
    expect(outcomes(concatBytes(at(0), ...other))).toBe('cannot-decrypt')
  })

  test('is the same from memory that is held, for the backend that has no cipher of its own, and opens there', () => {
    const slow = createCrypto({ ...c.backend, names: { ...c.backend.names, aead: 'noble' } })
    const plain = filled(1_000, 7)
    const room = filled(2_000, 0xee)
    for (const [sealing, opening] of [
      [c, slow],
      [slow, c],
    ] as const) {
      const sealed = attachmentEncryptor(sealing, key).seal(plain, true, room)
      expect(sealed.buffer).toBe(room.buffer)
      expect(sealed).toHaveLength(1_016)
      expect(room.subarray(1_016)).toEqual(filled(984, 0xee))
      const opened = filled(1_200, 0xee)
      expect(attachmentDecryptor(opening, key).open(0, true, sealed, opened)).toEqual(plain)
      expect(opened.subarray(1_000)).toEqual(filled(200, 0xee))
      const changed = sealed.map((byte, index) => (index === 500 ? byte ^ 1 : byte))
      const untouched = filled(1_200, 0xee)
      expect(outcomeOf(() => attachmentDecryptor(opening, key).open(0, true, changed, untouched))).toBe(
        'cannot-decrypt',
      )
      expect(untouched).toEqual(filled(1_200, 0xee))
    }
    expect(() => attachmentEncryptor(c, key).seal(plain, true, filled(1_015, 0))).toThrow(RangeError)
    expect(() => attachmentDecryptor(c, key).open(0, true, filled(1_016, 0), filled(999, 0))).toThrow(RangeError)
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
