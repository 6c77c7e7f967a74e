import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isParleyError } from '../../shared/errors.ts'
import { sampleBytes } from '../ports/contract-tests/sample-records.ts'
import { MAX_KEYS_FILE_BYTES, decodeKeysFile, encodeKeysFile } from './keys-file.ts'
import type { KeysFile } from './keys-file.ts'

const PASSPHRASE_KEYS: KeysFile = {
  finished: true,
  lock: {
    kind: 'passphrase',
    parameters: { salt: sampleBytes(1, 1, 16), memoryKib: 65_536, passes: 3, lanes: 1 },
    wrapped: sampleBytes(2, 1, 60),
  },
  recovery: sampleBytes(3, 1, 60),
}

const KEYCHAIN_KEYS: KeysFile = {
  finished: false,
  lock: { kind: 'keychain', sealed: sampleBytes(4, 1, 48), wrapped: sampleBytes(2, 1, 60) },
  recovery: sampleBytes(3, 1, 60),
}

const outcome = (bytes: Uint8Array): unknown => {
  try {
    return decodeKeysFile(bytes)
  } catch (error) {
    return isParleyError(error) ? error.code : error
  }
}

/** The encoded file with one thing changed. */
const altered = (keys: KeysFile, change: (text: string) => string): Uint8Array =>
  new TextEncoder().encode(change(new TextDecoder().decode(encodeKeysFile(keys))))

test('both locks come back as they were written', () => {
  expect(decodeKeysFile(encodeKeysFile(PASSPHRASE_KEYS))).toEqual(PASSPHRASE_KEYS)
  expect(decodeKeysFile(encodeKeysFile(KEYCHAIN_KEYS))).toEqual(KEYCHAIN_KEYS)
})

test('bytes of any kind of array are spelled alike', () => {
  const buffers = {
    ...KEYCHAIN_KEYS,
    lock: { ...KEYCHAIN_KEYS.lock, wrapped: Buffer.from(KEYCHAIN_KEYS.lock.wrapped) },
  }
  expect(encodeKeysFile(buffers)).toEqual(encodeKeysFile(KEYCHAIN_KEYS))
})

test('the file is spelled as docs/protocol/store.md says', () => {
  expect(new TextDecoder().decode(encodeKeysFile(PASSPHRASE_KEYS))).toMatchInlineSnapshot(`
    "{
      "version": 1,
      "finished": true,
      "lock": {
        "kind": "passphrase",
        "parameters": {
          "salt": "AAAAAQEBAQEBAQEBAQEBAQ",
          "memoryKib": 65536,
          "passes": 3,
          "lanes": 1
        },
        "wrapped": "AAAAAQICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC"
      },
      "recovery": "AAAAAQMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD"
    }
    "
  `)
  expect(new TextDecoder().decode(encodeKeysFile(KEYCHAIN_KEYS))).toMatchInlineSnapshot(`
    "{
      "version": 1,
      "finished": false,
      "lock": {
        "kind": "keychain",
        "sealed": "AAAAAQQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
        "wrapped": "AAAAAQICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC"
      },
      "recovery": "AAAAAQMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD"
    }
    "
  `)
})

describe('what is refused', () => {
  test('a newer version, whatever else it says', () => {
    const later = new TextEncoder().encode('{"version":2,"locks":[]}')
    expect(outcome(later)).toBe('store-newer')
  })

  test.each([
    ['a cost that would take all memory', (text: string) => text.replace('65536', '1048577')],
    ['more passes than anybody waits for', (text: string) => text.replace('"passes": 3', '"passes": 17')],
    ['a field that is not known', (text: string) => text.replace('{', '{ "more": 1,')],
    ['a field that is missing', (text: string) => text.replace('"finished": true,', '')],
    ['a wrapped key of another length', (text: string) => text.replace('"recovery": "AA', '"recovery": "')],
    [
      'base64url that is not canonical',
      (text: string) => text.replace('"salt": "AAAAAQEBAQEBAQEBAQEBAQ"', '"salt": "AAAAAQEBAQEBAQEBAQEBAR"'),
    ],
    ['half a file', (text: string) => text.slice(0, text.length / 2)],
    ['more than a file may have', (text: string) => text + ' '.repeat(MAX_KEYS_FILE_BYTES)],
    ['nothing', () => ''],
  ])('%s', (_what, change) => {
    const bytes = altered(PASSPHRASE_KEYS, change)
    expect(bytes).not.toEqual(encodeKeysFile(PASSPHRASE_KEYS))
    expect(outcome(bytes)).toBe('store-damaged')
  })
})

test('no bytes do anything but decode or fail with a code', () => {
  const expected = new Set(['store-damaged', 'store-newer'])
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((json) => new TextEncoder().encode(json)),
      ),
      (bytes) => {
        expect(expected.has(outcome(bytes) as string)).toBe(true)
      },
    ),
  )
  const whole = encodeKeysFile(PASSPHRASE_KEYS)
  fc.assert(
    fc.property(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
      const changed = whole.slice()
      changed[at] = byte
      const result = outcome(changed)
      expect(typeof result === 'object' || expected.has(result as string)).toBe(true)
      expect(result).not.toBeInstanceOf(Error)
    }),
  )
})
