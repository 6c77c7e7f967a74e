import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createCrypto,
  selectBackend,
  decodeRecoveryKey,
  encodeRecoveryKey,
  generateRecoveryKey,
  openRecovery,
  sealRecovery,
  unwrapKey,
  wrapKey,
} from './index.ts'
import { outcomeOf, withBitFlipped } from './testing/devices.ts'
import { repeatableRandom } from './testing/repeatable-random.ts'

const c = createCrypto(await selectBackend(), repeatableRandom('recovery'))
const key = generateRecoveryKey(c)
const filled = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value)

describe('the recovery key as text', () => {
  const shown = encodeRecoveryKey(c, key)

  test('is fourteen groups of four, and comes back from them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (any) => {
        const written = encodeRecoveryKey(c, any)
        expect(written).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){13}[0-9A-HJKMNP-TV-Z]{4}$/)
        expect(decodeRecoveryKey(c, written)).toEqual(any)
      }),
    )
  })

  test('survives handwriting', () => {
    expect(decodeRecoveryKey(c, ` ${shown.toLowerCase().replaceAll('-', ' ')}\n`)).toEqual(key)
    const lookalikes = shown.replaceAll('0', 'o').replaceAll('1', 'l')
    expect(decodeRecoveryKey(c, lookalikes)).toEqual(key)
  })

  test('with a character changed, swapped, missing or added is refused', () => {
    for (let at = 0; at < shown.length; at++) {
      if (shown[at] === '-') continue
      const changed = `${shown.slice(0, at)}${shown[at] === 'A' ? 'B' : 'A'}${shown.slice(at + 1)}`
      expect(outcomeOf(() => decodeRecoveryKey(c, changed))).toBe('malformed')
    }
    const last = shown.slice(-1)
    for (const wrong of [
      '',
      shown.slice(0, -1),
      `${shown}0`,
      `${shown}00`,
      `${shown}${last}`,
      shown.replace(/^./, 'U'),
      `${shown}é`,
    ]) {
      expect(outcomeOf(() => decodeRecoveryKey(c, wrong))).toBe('malformed')
    }
  })
})

test('a letter that the alphabet lacks stands for none of it', () => {
  const ones = encodeRecoveryKey(c, filled(32, 0xff))
  expect(ones[0]).toBe('Z')
  expect(outcomeOf(() => decodeRecoveryKey(c, ones))).toBe('accepted')
  expect(outcomeOf(() => decodeRecoveryKey(c, `U${ones.slice(1)}`))).toBe('malformed')
})

describe('the recovery file', () => {
  const file = sealRecovery(c, key, filled(100, 4))

  test('opens with its key alone', () => {
    expect(openRecovery(c, key, file)).toEqual(filled(100, 4))
    expect(outcomeOf(() => openRecovery(c, filled(32, 1), file))).toBe('cannot-decrypt')
  })

  test('with any bit changed is refused, and what is none is told apart', () => {
    for (let bit = 0; bit < file.length * 8; bit++) {
      expect(outcomeOf(() => openRecovery(c, key, withBitFlipped(file, bit)))).not.toBe('accepted')
    }
    expect(outcomeOf(() => openRecovery(c, key, withBitFlipped(file, 64)))).toBe('unsupported-version')
    expect(outcomeOf(() => openRecovery(c, key, file.slice(0, -1)))).toBe('cannot-decrypt')
    expect(outcomeOf(() => openRecovery(c, key, file.slice(0, 15)))).toBe('cannot-decrypt')
    expect(outcomeOf(() => openRecovery(c, key, file.slice(0, 8)))).toBe('malformed')
    expect(outcomeOf(() => openRecovery(c, key, filled(50, 0)))).toBe('malformed')
    expect(outcomeOf(() => openRecovery(c, key, new Uint8Array()))).toBe('malformed')
  })
})

test('a wrapped key is 60 bytes, opens with its key alone, and is no recovery file', () => {
  const wrapped = wrapKey(c, key, filled(32, 4))
  expect(wrapped).toHaveLength(60)
  expect(unwrapKey(c, key, wrapped)).toEqual(filled(32, 4))
  expect(outcomeOf(() => unwrapKey(c, filled(32, 1), wrapped))).toBe('cannot-decrypt')
  expect(outcomeOf(() => unwrapKey(c, key, wrapped.slice(1)))).toBe('cannot-decrypt')
  expect(outcomeOf(() => unwrapKey(c, key, new Uint8Array()))).toBe('cannot-decrypt')
  expect(outcomeOf(() => unwrapKey(c, key, sealRecovery(c, key, filled(32, 4)).slice(9)))).toBe('cannot-decrypt')
})
