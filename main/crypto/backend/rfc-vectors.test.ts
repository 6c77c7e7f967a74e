import { beforeEach, describe, expect, test } from 'vitest'
import type { Backend } from './backend.ts'
import { loadLibsodiumBackend } from './libsodium-backend.ts'
import { nobleBackend } from './noble-backend.ts'
import { createNodeBackend } from './node-backend.ts'
import { selectBackend } from './select-backend.ts'

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.each([
  ['selected', selectBackend],
  ['node', async () => createNodeBackend()],
  ['libsodium', loadLibsodiumBackend],
  ['noble', async () => nobleBackend],
])('%s backend', (_name, load) => {
  let backend: Backend
  beforeEach(async () => {
    backend = await load()
  })

  test('SHA-256 and SHA-512 of FIPS 180-4’s example', () => {
    expect(backend.sha256(ascii('abc'))).toEqual(
      hex('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'),
    )
    expect(backend.sha512(ascii('abc'))).toEqual(
      hex(
        'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
          '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
      ),
    )
  })

  test('HMAC-SHA-256: RFC 4231 section 4.2', () => {
    expect(backend.hmacSha256(hex('0b'.repeat(20)), ascii('Hi There'))).toEqual(
      hex('b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'),
    )
  })

  test('HKDF-SHA-256: RFC 5869 appendix A.1', () => {
    expect(
      backend.hkdf(hex('0b'.repeat(22)), hex('000102030405060708090a0b0c'), hex('f0f1f2f3f4f5f6f7f8f9'), 42),
    ).toEqual(hex('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865'))
  })

  test('AES-256-GCM: case 16 of McGrew and Viega', () => {
    const key = hex('feffe9928665731c6d6a8f9467308308'.repeat(2))
    const nonce = hex('cafebabefacedbaddecaf888')
    const ad = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2')
    const plaintext = hex(
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
        '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    )
    const sealed = hex(
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
        '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
    )
    expect(backend.seal(key, nonce, ad, plaintext)).toEqual(sealed)
    expect(backend.open(key, nonce, ad, sealed)).toEqual(plaintext)
  })

  test('X25519: RFC 7748 section 5.2, and a thousand rounds of it', () => {
    expect(
      backend.x25519(
        hex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4'),
        hex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c'),
      ),
    ).toEqual(hex('c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552'))
    let [k, u] = [hex(`09${'00'.repeat(31)}`), hex(`09${'00'.repeat(31)}`)]
    for (let round = 0; round < 1_000; round++) [k, u] = [backend.x25519(k, u) ?? k, k]
    expect(k).toEqual(hex('684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51'))
  })

  test('Ed25519: RFC 8032 section 7.1, test 1', () => {
    const secret = hex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
    const signature = hex(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155' +
        '5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    )
    expect(backend.ed25519Public(secret)).toEqual(
      hex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
    )
    expect(backend.ed25519Sign(secret, new Uint8Array())).toEqual(signature)
    expect(backend.ed25519Verify(backend.ed25519Public(secret), new Uint8Array(), signature)).toBe(true)
  })
})
