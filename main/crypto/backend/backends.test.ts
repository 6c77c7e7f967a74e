/** What differential.test.ts cannot see: limits of one implementation, draws, and which implementation was asked. */

import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { Backend } from './backend.ts'
import { createKeyObjects } from './key-objects.ts'
import { loadLibsodiumBackend } from './libsodium-backend.ts'
import { nobleBackend } from './noble-backend.ts'
import { createNodeBackend } from './node-backend.ts'
import { createSegmentCipher } from './segment-cipher.ts'
import { chooseBackend } from './select-backend.ts'

const hexOf = (value: Uint8Array): string => Buffer.from(value).toString('hex')

describe('node’s randomness', () => {
  test.each([1, 12, 64, 1_000, 4_096, 4_097, 70_000])('comes %i bytes at a time, each draw another', (sizeBytes) => {
    const { random } = createNodeBackend()
    const count = Math.max(3, Math.ceil(10_000 / sizeBytes))
    const draws = Array.from({ length: count }, () => random(sizeBytes))
    expect(new Set(draws.map((draw) => draw.length))).toEqual(new Set([sizeBytes]))
    if (sizeBytes < 12) return
    expect(new Set(draws.map(hexOf)).size).toBe(count)
    for (const draw of draws) expect(new Set(draw).size).toBeGreaterThan(4)
  })

  test('draws from one pool until that is used up, never a part of it twice', () => {
    const { random } = createNodeBackend()
    const sizes = [4_000, 96, 100, 3_996, 4_096, 1]
    const words = sizes.flatMap((size) => {
      const draw = random(size)
      return Array.from({ length: draw.length >> 3 }, (_, at) => hexOf(draw.subarray(at * 8, at * 8 + 8)))
    })
    expect(new Set(words).size).toBe(words.length)
  })

  test('keeps what it drew apart from the pool', () => {
    const { random } = createNodeBackend()
    const first = random(16)
    const before = hexOf(first)
    random(4_090)
    expect(hexOf(first)).toBe(before)
  })
})

describe('libsodium', () => {
  let sodium: Backend
  beforeEach(async () => {
    sodium = await loadLibsodiumBackend()
  })

  test('leaves to noble what its scratch cannot hold, and that alone', () => {
    const noble = vi.spyOn(nobleBackend, 'hmacSha256')
    const key = new Uint8Array(32).fill(3)
    for (const sizeBytes of [0, 100, 16_096]) sodium.hmacSha256(key, new Uint8Array(sizeBytes))
    expect(noble).not.toHaveBeenCalled()
    for (const sizeBytes of [16_097, 50_000]) {
      const data = new Uint8Array(sizeBytes).fill(5)
      expect(sodium.hmacSha256(key, data)).toEqual(createNodeBackend().hmacSha256(key, data))
    }
    expect(noble).toHaveBeenCalledTimes(2)
  })

  test('derives up to 255 blocks, from an info that its scratch holds', () => {
    const [ikm, salt] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
    const info = new Uint8Array(8_000).fill(4)
    expect(sodium.hkdf(ikm, salt, info, 8_160)).toEqual(nobleBackend.hkdf(ikm, salt, info, 8_160))
    expect(() => sodium.hkdf(ikm, salt, info, 8_161)).toThrow('8161 bytes of one derivation')
    // Output, info and the 32 bytes of a key: 16,384 in all.
    const most = 16_384 - 64 - 32
    expect(sodium.hkdf(ikm, salt, new Uint8Array(most), 64)).toEqual(
      nobleBackend.hkdf(ikm, salt, new Uint8Array(most), 64),
    )
    expect(() => sodium.hkdf(ikm, salt, new Uint8Array(most + 1), 64)).toThrow('inputs beyond the scratch')
  })

  test('makes pairs that agree, and refuses secrets of another size', () => {
    const [one, two] = [sodium.x25519Generate(), sodium.x25519Generate()]
    const shared = sodium.x25519(one.secretKey, two.publicKey)
    expect(shared).not.toBeNull()
    expect(shared).toEqual(nobleBackend.x25519(two.secretKey, one.publicKey))
    expect(one.publicKey).toEqual(nobleBackend.x25519Public(one.secretKey))
    expect(one.secretKey).not.toEqual(two.secretKey)
    for (const size of [31, 33]) {
      expect(() => sodium.x25519Public(new Uint8Array(size).fill(1))).toThrow(`an x25519 secret of ${size} bytes`)
      expect(() => sodium.x25519(new Uint8Array(size).fill(1), one.publicKey)).toThrow('an x25519 secret')
    }
  })

  test.each(['even', 'odd'] as const)('takes ML-KEM keys whose %s coefficients are below q, and no others', (place) => {
    const honest = sodium.mlKemPublic(new Uint8Array(64).fill(6))
    const randomness = new Uint8Array(32).fill(8)
    // Two coefficients of 12 bits in three bytes, little end first: FIPS 203 section 4.2.1.
    const withCoefficient = (at: number, value: number): Uint8Array => {
      const key = honest.slice()
      const [first = 0, second = 0] = [key[at + 1], key[at + 2]]
      if (place === 'even') key.set([value & 0xff, (first & 0xf0) | (value >> 8)], at)
      else key.set([(first & 0x0f) | ((value & 0x0f) << 4), value >> 4, second].slice(0, 2), at + 1)
      return key
    }
    for (const at of [0, 576, 1_149]) {
      const below = withCoefficient(at, 3_328)
      expect(sodium.mlKemEncapsulate(below, randomness)).toEqual(nobleBackend.mlKemEncapsulate(below, randomness))
      expect(sodium.mlKemEncapsulate(below, randomness)).not.toBeNull()
      for (const beyond of [3_329, 4_095]) {
        expect(sodium.mlKemEncapsulate(withCoefficient(at, beyond), randomness)).toBeNull()
      }
    }
  })

  test('refuses an ML-KEM seed or ciphertext of another size', () => {
    expect(() => sodium.mlKemPublic(new Uint8Array(63))).toThrow('an ML-KEM seed of 63 bytes')
    expect(sodium.mlKemDecapsulate(new Uint8Array(64), new Uint8Array(1_087))).toBeNull()
  })

  test('is not chosen when it answers wrongly', () => {
    const wrong: Backend = {
      ...sodium,
      hmacSha256: () => new Uint8Array(32),
      mlKemDecapsulate: () => null,
      x25519: () => null,
    }
    const { names } = chooseBackend({ node: createNodeBackend(), libsodium: wrong })
    expect([names.mac, names.x25519]).toEqual(['node', 'node'])
    expect(names.mlKem).not.toBe('libsodium')
  })
})

describe('a candidate is passed over', () => {
  test.each<[string, keyof Backend['names'], (node: Backend) => Partial<Backend>]>([
    ['half of its hashes is wrong', 'hash', () => ({ sha512: () => new Uint8Array(64) })],
    ['its agreement with its own pairs is none', 'x25519', () => ({ x25519Generate: nonsensePair })],
    ['it signs otherwise', 'ed25519', () => ({ ed25519Sign: () => new Uint8Array(64) })],
    ['it accepts any signature', 'ed25519', () => ({ ed25519Verify: () => true })],
    ['it opens nothing', 'aead', () => ({ open: () => null })],
    ['it seals otherwise', 'aead', (node) => ({ seal: (k, n, _ad, p) => node.seal(k, n, new Uint8Array(), p) })],
    ['it encapsulates nothing', 'mlKem', () => ({ mlKemEncapsulate: () => null })],
  ])('when %s', (_what, primitive, patch) => {
    const node = createNodeBackend()
    expect(chooseBackend({ node: { ...node, ...patch(node) }, libsodium: null }).names[primitive]).toBe('noble')
  })

  function nonsensePair() {
    return { publicKey: new Uint8Array(32).fill(9), secretKey: new Uint8Array(32).fill(8) }
  }
})

describe('segments of an attachment', () => {
  test.each([0, 1, 5_000])('of %i bytes are the same by the runtime’s cipher and by a backend’s', (sizeBytes) => {
    const key = new Uint8Array(32).fill(7)
    const nonce = new Uint8Array(12).fill(1)
    const plaintext = new Uint8Array(sizeBytes).fill(5)
    const noble = vi.spyOn(nobleBackend, 'seal')
    const sealed = [createNodeBackend(), nobleBackend].map((backend) => {
      const into = new Uint8Array(sizeBytes + 16)
      createSegmentCipher(backend, key).sealInto(nonce, plaintext, into)
      return into
    })
    expect(noble).toHaveBeenCalledTimes(1)
    expect(sealed[0]).toEqual(sealed[1])
    expect(sealed[0]).toEqual(nobleBackend.seal(key, nonce, new Uint8Array(), plaintext))
    for (const backend of [createNodeBackend(), nobleBackend]) {
      const cipher = createSegmentCipher(backend, key)
      const ciphertext = nobleBackend.seal(key, nonce, new Uint8Array(), plaintext)
      const into = new Uint8Array(sizeBytes)
      expect(cipher.openInto(nonce, ciphertext, into)).toBe(true)
      expect(into).toEqual(plaintext)
      const untouched = new Uint8Array(sizeBytes).fill(9)
      ciphertext[sizeBytes] = (ciphertext[sizeBytes] ?? 0) ^ 1
      expect(cipher.openInto(nonce, ciphertext, untouched)).toBe(false)
      expect(untouched).toEqual(new Uint8Array(sizeBytes).fill(9))
    }
  })
})

describe('key objects', () => {
  test('are kept as long as the array of their key', () => {
    const keys = createKeyObjects()
    const raw = new Uint8Array(32).fill(4)
    expect(keys.secret('x25519', raw)).toBe(keys.secret('x25519', raw))
    expect(keys.secret('x25519', raw)).not.toBe(keys.secret('x25519', raw.slice()))
    expect(keys.public('ed25519', keys.rawPublic('ed25519', raw))).not.toBeNull()
    const publicKey = keys.rawPublic('x25519', raw)
    expect(keys.public('x25519', publicKey)).toBe(keys.public('x25519', publicKey))
    // One array as two kinds of key: two objects.
    expect(keys.secret('ed25519', raw)).not.toBe(keys.secret('x25519', raw))
  })

  test('of a fresh pair are those that were made with it', () => {
    const keys = createKeyObjects()
    const pair = keys.generateX25519()
    const imported = vi.spyOn(Buffer, 'concat')
    keys.secret('x25519', pair.secretKey)
    expect(imported).not.toHaveBeenCalled()
    expect(pair.publicKey).toEqual(nobleBackend.x25519Public(pair.secretKey))
  })

  test('are none for a public key of another size', () => {
    expect(createKeyObjects().public('x25519', new Uint8Array(31))).toBeNull()
    expect(createKeyObjects().public('ed25519', new Uint8Array(33))).toBeNull()
  })
})
