import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isParleyError } from '../errors.ts'
import type { AccountId } from '../model/ids.ts'
import { idFromBytes } from '../model/ids.ts'
import { toBase64Url } from './bytes.ts'
import { decodeSafetyCode, encodeSafetyCode, SAFETY_CODE_PREFIX } from './safety-code.ts'

const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => idFromBytes<AccountId>(bytes))
const ones = idFromBytes<AccountId>(new Uint8Array(32).fill(1))
const twos = idFromBytes<AccountId>(new Uint8Array(32).fill(2))

describe('the safety code', () => {
  test('comes back as it went in, and keeps apart who shows it and whom it is shown to', () => {
    fc.assert(
      fc.property(key, key, (shownBy, shownTo) => {
        expect(decodeSafetyCode(encodeSafetyCode({ shownBy, shownTo }))).toEqual({ shownBy, shownTo })
      }),
    )
  })

  test('has these characters', () => {
    expect(encodeSafetyCode({ shownBy: ones, shownTo: twos })).toBe(
      'parley://safety#AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI',
    )
  })

  test.each([
    ['nothing', ''],
    ['an invite', 'parley://invite#AQEBAQ'],
    ['other text', 'https://example.org/'],
    ['a prefix alone', SAFETY_CODE_PREFIX],
    ['a key too few', SAFETY_CODE_PREFIX + toBase64Url(new Uint8Array(33).fill(1))],
    ['a byte too many', SAFETY_CODE_PREFIX + toBase64Url(new Uint8Array(66).fill(1))],
    ['no base64url', `${SAFETY_CODE_PREFIX}+++`],
    ['endless text', SAFETY_CODE_PREFIX + 'A'.repeat(100_000)],
  ])('is not %s', (_what, text) => {
    expect(() => decodeSafetyCode(text)).toThrow(expect.objectContaining({ code: 'malformed' }))
  })

  test('of another version says so', () => {
    const text = SAFETY_CODE_PREFIX + toBase64Url(new Uint8Array(65).fill(2))
    expect(() => decodeSafetyCode(text)).toThrow(expect.objectContaining({ code: 'unsupported-version' }))
  })

  test('of any bytes or text is refused with a closed code or decodes to what encodes it', () => {
    const bytes = fc.uint8Array({ maxLength: 80 }).map((value) => SAFETY_CODE_PREFIX + toBase64Url(value))
    const text = fc.string({ maxLength: 300 }).map((value) => SAFETY_CODE_PREFIX + value)
    fc.assert(
      fc.property(fc.oneof(bytes, text, fc.string()), (input) => {
        try {
          expect(encodeSafetyCode(decodeSafetyCode(input))).toBe(input)
        } catch (error) {
          if (!isParleyError(error, 'malformed') && !isParleyError(error, 'unsupported-version')) throw error
        }
      }),
      { numRuns: 1_000 },
    )
  })
})
