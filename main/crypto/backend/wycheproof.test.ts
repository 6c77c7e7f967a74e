/** Wycheproof's vectors (C2SP/wycheproof, testvectors_v1, Apache-2.0), unchanged, on every backend. */

import * as nodeCrypto from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { describe, expect, test } from 'vitest'
import type { Backend } from './backend.ts'
import { nobleBackend } from './noble-backend.ts'
import { loadCandidates, selectBackend } from './select-backend.ts'

const FOLDER = join(import.meta.dirname, 'wycheproof')

type Case = Readonly<Record<string, string>> & { readonly tcId: string; readonly result: string }
type Group = Readonly<Record<string, unknown>> & { readonly tests: readonly Case[] }

function groupsOf(file: string): readonly Group[] {
  const parsed = JSON.parse(readFileSync(join(FOLDER, `${file}_test.json`), 'utf8')) as { testGroups: Group[] }
  return parsed.testGroups
}

const hex = (text: string | undefined): Uint8Array => new Uint8Array(Buffer.from(text ?? '', 'hex'))

/** What each case must give: its answer when it is valid, null when it is not. */
function expectCases(
  cases: readonly Case[],
  run: (item: Case) => Uint8Array | null,
  answer: (item: Case) => string | undefined,
): void {
  expect(cases.length).toBeGreaterThan(0)
  for (const item of cases) {
    const got = run(item)
    const wanted = item.result === 'invalid' ? null : hex(answer(item))
    expect([item.tcId, item.comment, got], JSON.stringify(item).slice(0, 400)).toEqual([
      item.tcId,
      item.comment,
      wanted,
    ])
  }
}

const casesOf = (file: string): readonly Case[] => groupsOf(file).flatMap((group) => group.tests)

const { node, libsodium } = await loadCandidates()
if (libsodium === null) throw new Error('libsodium did not load')
// A runtime without ML-KEM is helped out by noble, which is what `selectBackend` would do.
const hasNodeKem = 'encapsulate' in nodeCrypto
const { mlKemPublic, mlKemDecapsulate } = hasNodeKem ? node : nobleBackend

describe.each<[string, Backend]>([
  ['selected', await selectBackend()],
  ['node', { ...node, mlKemPublic, mlKemDecapsulate }],
  ['libsodium', libsodium],
  ['noble', nobleBackend],
])('%s backend', (_name, backend) => {
  test('aes_gcm: 256-bit keys, 96-bit nonces', () => {
    const cases = groupsOf('aes_gcm')
      .filter((group) => group['keySize'] === 256 && group['ivSize'] === 96)
      .flatMap((group) => group.tests)
    expectCases(
      cases,
      ({ key, iv, aad, ct, tag }) => backend.open(hex(key), hex(iv), hex(aad), hex(`${ct}${tag}`)),
      (item) => item['msg'],
    )
    expectCases(
      cases.filter((item) => item.result === 'valid'),
      ({ key, iv, aad, msg }) => backend.seal(hex(key), hex(iv), hex(aad), hex(msg)),
      ({ ct, tag }) => `${ct}${tag}`,
    )
  })

  // What Wycheproof calls acceptable is a shared secret of zero, which RFC 7748 section 6.1 lets one refuse.
  test('x25519', () => {
    const zero = '0'.repeat(64)
    expectCases(
      casesOf('x25519').map((item) => (item['shared'] === zero ? { ...item, result: 'invalid' } : item)),
      (item) => backend.x25519(hex(item['private']), hex(item['public'])),
      (item) => item['shared'],
    )
  })

  test('ed25519', () => {
    for (const group of groupsOf('ed25519')) {
      const { pk } = group['publicKey'] as { readonly pk: string }
      expectCases(
        group.tests,
        (item) => (backend.ed25519Verify(hex(pk), hex(item['msg']), hex(item['sig'])) ? Uint8Array.of(1) : null),
        () => '01',
      )
    }
  })

  test('hmac_sha256', () => {
    const answers = groupsOf('hmac_sha256').flatMap((group) => group.tests.map((item) => ({ group, item })))
    for (const { group, item } of answers) {
      const mac = backend.hmacSha256(hex(item['key']), hex(item['msg'])).slice(0, Number(group['tagSize']) / 8)
      expect([item.tcId, backend.equal(mac, hex(item['tag']))]).toEqual([item.tcId, item.result === 'valid'])
    }
  })

  test('hkdf_sha256', () => {
    expectCases(
      casesOf('hkdf_sha256').filter((item) => item.result === 'valid'),
      (item) => backend.hkdf(hex(item['ikm']), hex(item['salt']), hex(item['info']), Number(item['size'])),
      (item) => item['okm'],
    )
  })

  test('mlkem_768_keygen_seed', () => {
    expectCases(
      casesOf('mlkem_768_keygen_seed'),
      (item) => backend.mlKemPublic(hex(item['seed'])),
      (item) => item['ek'],
    )
  })

  test('mlkem_768_encaps', () => {
    expectCases(
      casesOf('mlkem_768_encaps'),
      (item) => {
        const made = backend.mlKemEncapsulate(hex(item['ek']), hex(item['m']))
        return made === null ? null : new Uint8Array([...made.ciphertext, ...made.secret])
      },
      (item) => `${item['c']}${item['K']}`,
    )
  })

  test('mlkem_768: decapsulation', () => {
    expectCases(
      // A seed of another length is a bug of the caller's, not an input from outside.
      casesOf('mlkem_768').filter((item) => item['seed']?.length === 128),
      (item) => backend.mlKemDecapsulate(hex(item['seed']), hex(item['c'])),
      (item) => item['K'],
    )
  })
})

/** Not of any suite: what libp2p's noise seals every connection with, by one of these two. */
describe.each<[string, (key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, sealed: Uint8Array) => Uint8Array]>([
  ['noble', (key, nonce, ad, sealed) => chacha20poly1305(key, nonce, ad).decrypt(sealed)],
  [
    'node',
    (key, nonce, ad, sealed) => {
      const decipher = nodeCrypto.createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
      decipher.setAAD(ad, { plaintextLength: sealed.length - 16 })
      decipher.setAuthTag(sealed.subarray(-16))
      return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
    },
  ],
])('%s', (_name, open) => {
  test('chacha20_poly1305', () => {
    expectCases(
      groupsOf('chacha20_poly1305')
        .filter((group) => group['ivSize'] === 96)
        .flatMap((group) => group.tests),
      ({ key, iv, aad, ct, tag }) => {
        try {
          return new Uint8Array(open(hex(key), hex(iv), hex(aad), hex(`${ct}${tag}`)))
        } catch {
          return null
        }
      },
      (item) => item['msg'],
    )
  })
})
