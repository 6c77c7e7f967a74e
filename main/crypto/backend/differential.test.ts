/** noble is the oracle: whatever the runtime does itself, it must do alike. fast-check prints the seed of a failure. */

import * as nodeCrypto from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { concatBytes } from '../../../shared/wire/bytes.ts'
import type { Backend } from './backend.ts'
import { nobleBackend } from './noble-backend.ts'
import { answersOf, chooseBackend, loadCandidates, selectBackend } from './select-backend.ts'
import { isStrictPoint } from './strict-point.ts'

const hasNodeKem = 'encapsulate' in nodeCrypto
const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
const some = fc.uint8Array({ maxLength: 300 })
const around = (size: number) => fc.uint8Array({ minLength: size - 2, maxLength: size + 2 })

let selected: Backend
let node: Backend
let libsodium: Backend | null

// Made anew for each test, so that they are the code's of now: docs/mutation.md.
beforeEach(async () => {
  selected = await selectBackend()
  ;({ node, libsodium } = await loadCandidates())
})

/** What each implementation has of its own; one that lacks a primitive is noble there. */
const OTHERS: Readonly<Record<string, () => Backend>> = {
  selected: () => selected,
  node: () =>
    hasNodeKem
      ? node
      : { ...node, mlKemPublic: nobleBackend.mlKemPublic, mlKemDecapsulate: nobleBackend.mlKemDecapsulate },
  libsodium: () => libsodium ?? nobleBackend,
}

function expectAlike(run: (backend: Backend) => unknown): void {
  const wanted = run(nobleBackend)
  for (const [name, backend] of Object.entries(OTHERS)) expect([name, run(backend())]).toEqual([name, wanted])
}

describe('node, libsodium and what is selected of them answer as noble does', () => {
  test('hashes and derivations', () => {
    fc.assert(
      fc.property(key, some, some, fc.integer({ min: 1, max: 200 }), (a, data, salt, size) => {
        expectAlike((backend) => backend.sha256(data))
        expectAlike((backend) => backend.sha512(data))
        expectAlike((backend) => backend.hmacSha256(salt, data))
        expectAlike((backend) => backend.hkdf(a, salt, data, size))
        expectAlike((backend) => [backend.equal(a, a.slice()), backend.equal(a, data), backend.equal(salt, data)])
      }),
      { numRuns: 60 },
    )
  })

  test('sealing, and opening what was changed', () => {
    fc.assert(
      fc.property(key, some, some, fc.nat(), (k, ad, plaintext, at) => {
        const nonce = k.slice(0, 12)
        expectAlike((backend) => backend.seal(k, nonce, ad, plaintext))
        const sealed = selected.seal(k, nonce, ad, plaintext)
        const changed = sealed.slice()
        changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ 1
        for (const backend of [selected, nobleBackend]) {
          expect(backend.open(k, nonce, ad, sealed)).toEqual(plaintext)
          expect(backend.open(k, nonce, ad, changed)).toBeNull()
          expect(backend.open(k, nonce, concatBytes(ad, k), sealed)).toBeNull()
          expect(backend.open(k, nonce, ad, sealed.slice(0, at % sealed.length))).toBeNull()
        }
      }),
      { numRuns: 60 },
    )
  })

  test('agreements, with public keys of any shape and size', () => {
    fc.assert(
      fc.property(key, fc.oneof(key, around(32)), (secret, other) => {
        expectAlike((backend) => backend.x25519Public(secret))
        expectAlike((backend) => backend.x25519(secret, other))
      }),
      { numRuns: 60 },
    )
    for (const low of [new Uint8Array(32), Uint8Array.of(1, ...new Uint8Array(31))]) {
      expect([
        selected.x25519(new Uint8Array(32).fill(3), low),
        nobleBackend.x25519(new Uint8Array(32).fill(3), low),
      ]).toEqual([null, null])
    }
  })

  test('signatures, and verdicts on what is none', () => {
    fc.assert(
      fc.property(
        key,
        some,
        fc.oneof(key, around(32)),
        around(64),
        fc.nat({ max: 511 }),
        (secret, data, signer, noise, bit) => {
          expectAlike((backend) => [backend.ed25519Public(secret), backend.ed25519Sign(secret, data)])
          const good = selected.ed25519Sign(secret, data)
          const own = selected.ed25519Public(secret)
          const changed = good.slice()
          changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
          for (const backend of [selected, nobleBackend]) {
            expect(backend.ed25519Verify(own, data, good)).toBe(true)
            expect(backend.ed25519Verify(own, data, changed)).toBe(false)
            expect(backend.ed25519Verify(own, data, noise)).toBe(false)
          }
          expectAlike((backend) => backend.ed25519Verify(signer, data, good))
        },
      ),
      { numRuns: 40 },
    )
  })

  test('ML-KEM-768, with ciphertexts and keys that nobody made', () => {
    const seed = fc.uint8Array({ minLength: 64, maxLength: 64 })
    fc.assert(
      fc.property(seed, key, around(1088), around(1184), (s, randomness, ciphertext, publicKey) => {
        expectAlike((backend) => backend.mlKemPublic(s))
        expectAlike((backend) => backend.mlKemEncapsulate(publicKey, randomness))
        expectAlike((backend) => backend.mlKemDecapsulate(s, ciphertext))
        const made = selected.mlKemEncapsulate(selected.mlKemPublic(s), randomness)
        if (made === null) throw new Error('an honest key')
        for (const backend of [selected, nobleBackend]) {
          expect(backend.mlKemDecapsulate(s, made.ciphertext)).toEqual(made.secret)
        }
      }),
      { numRuns: 20 },
    )
  })
})

describe('Ed25519 at its strictest, on both backends', () => {
  const { Point } = ed25519
  const scalarOf = (bytes: Uint8Array): bigint =>
    Point.Fn.create(bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n))
  const toBytes = (scalar: bigint): Uint8Array => Point.Fn.toBytes(scalar)
  const torsion = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')

  /** A signature whose key has a part of small order: with the cofactor it is valid, without it one time in eight. */
  function signWithTorsion(secret: bigint, message: Uint8Array) {
    const publicKey = Point.BASE.multiply(secret).add(torsion).toBytes()
    const r = scalarOf(sha512(message))
    const commitment = Point.BASE.multiply(r).toBytes()
    const k = scalarOf(sha512(concatBytes(commitment, publicKey, message)))
    return { publicKey, signature: concatBytes(commitment, toBytes(Point.Fn.add(r, Point.Fn.mul(k, secret)))) }
  }

  test('agree on keys with a part of small order', () => {
    const verdicts = Array.from({ length: 40 }, (_, index) => {
      const message = Uint8Array.of(index)
      const { publicKey, signature } = signWithTorsion(12_345n, message)
      expect(ed25519.verify(signature, message, publicKey, { zip215: false })).toBe(true)
      expectAlike((backend) => backend.ed25519Verify(publicKey, message, signature))
      return selected.ed25519Verify(publicKey, message, signature)
    })
    expect(new Set(verdicts)).toEqual(new Set([true, false]))
  })

  test('refuse keys of small order and y at or above the prime', () => {
    const identity = Uint8Array.of(1, ...new Uint8Array(31))
    const order = [...Array(8).keys()].map((times) => torsion.multiplyUnsafe(BigInt(times)).toBytes())
    const aboveThePrime = [...Array(19).keys()].flatMap((offset) =>
      [0x7f, 0xff].map((top) => Uint8Array.of(0xed + offset, ...new Uint8Array(30).fill(0xff), top)),
    )
    const signedFlags = [...order, identity].map((point) =>
      Uint8Array.of(...point.slice(0, 31), (point[31] ?? 0) ^ 0x80),
    )
    // R the identity and S zero: valid for every message under a key of order one.
    const signature = concatBytes(identity, new Uint8Array(32))
    for (const publicKey of [...order, ...aboveThePrime, ...signedFlags]) {
      // Node 24's OpenSSL refuses these by itself, Electron's BoringSSL does not: so the rule is held here as well.
      expect(isStrictPoint(publicKey)).toBe(false)
      for (const backend of [selected, nobleBackend]) {
        for (let message = 0; message < 16; message++) {
          expect(backend.ed25519Verify(publicKey, Uint8Array.of(message), signature)).toBe(false)
        }
      }
    }
  })
})

test('an honest key, and one next to the prime, pass as points', () => {
  fc.assert(
    fc.property(key, (secret) => {
      expect(isStrictPoint(selected.ed25519Public(secret))).toBe(true)
    }),
    { numRuns: 30 },
  )
  expect(isStrictPoint(Uint8Array.of(0xeb, ...new Uint8Array(30).fill(0xff), 0x7f))).toBe(true)
  expect(isStrictPoint(Uint8Array.of(0xed, ...new Uint8Array(30).fill(0xff), 0x7e))).toBe(true)
  expect(isStrictPoint(Uint8Array.of(0xed, 0xfe, ...new Uint8Array(29).fill(0xff), 0x7f))).toBe(true)
  expect(isStrictPoint(new Uint8Array(31).fill(7))).toBe(false)
})

describe('selection', () => {
  test('takes each primitive from the runtime that has it', () => {
    expect(selected.names).toEqual({
      hash: 'node',
      mac: 'libsodium',
      aead: 'node',
      x25519: 'node',
      ed25519: 'node',
      mlKem: 'libsodium',
    })
  })

  test('goes by answers that are noble’s', () => {
    const implementations = ['hash', 'mac', 'aead', 'x25519', 'ed25519', 'mlKem'] as const
    for (const primitive of implementations) {
      expect(answersOf(libsodium ?? node, primitive)).toBe(answersOf(nobleBackend, primitive))
    }
    expect(libsodium?.names).toEqual({
      ...nobleBackend.names,
      mac: 'libsodium',
      x25519: 'libsodium',
      mlKem: 'libsodium',
    })
    const all = 'node'
    expect(node.names).toEqual({ hash: all, mac: all, aead: all, x25519: all, ed25519: all, mlKem: all })
  })

  test('does without libsodium', () => {
    const chosen = chooseBackend({ node, libsodium: null })
    expect(chosen.names).toMatchObject({ mac: 'node', aead: 'node', mlKem: hasNodeKem ? 'node' : 'noble' })
  })

  test('falls back to noble, for that primitive alone, when the runtime lacks it or errs', () => {
    const poor: Backend = {
      ...node,
      mlKemPublic: () => {
        throw new Error('UNSUPPORTED_ALGORITHM')
      },
      open: (k, nonce, _ad, ciphertext) => node.open(k, nonce, new Uint8Array(), ciphertext),
      ed25519Verify: () => true,
    }
    const chosen = chooseBackend({ node: poor, libsodium: null })
    expect(chosen.names).toMatchObject({
      aead: 'noble',
      ed25519: 'noble',
      mlKem: 'noble',
      x25519: 'node',
      hash: 'node',
    })
    const seed = new Uint8Array(64).fill(1)
    expect(chosen.mlKemPublic(seed)).toEqual(nobleBackend.mlKemPublic(seed))
    expect(chosen.ed25519Verify(chosen.ed25519Public(seed.slice(0, 32)), seed, new Uint8Array(64))).toBe(false)
  })

  test.each(Object.keys(OTHERS))('%s: a key of the wrong size is refused at once, not used in part', (name) => {
    const native = OTHERS[name]?.() ?? nobleBackend
    const short = new Uint8Array(31)
    expect(() => native.x25519(short, new Uint8Array(32).fill(9))).toThrow(RangeError)
    expect(() => native.ed25519Sign(short, short)).toThrow(RangeError)
    expect(() => native.mlKemPublic(short)).toThrow(RangeError)
    expect(native.x25519(new Uint8Array(32).fill(9), short)).toBeNull()
  })
})
