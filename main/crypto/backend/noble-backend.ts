/** Pure TypeScript primitives: the fallback of every runtime, and the oracle of the differential tests. */

import { gcm } from '@noble/ciphers/aes.js'
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { randomBytes } from '@noble/hashes/utils.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import type { Backend } from './backend.ts'

const NAMES = { hash: 'noble', aead: 'noble', x25519: 'noble', ed25519: 'noble', mlKem: 'noble' } as const

export const nobleBackend: Backend = {
  names: NAMES,
  random: (sizeBytes) => randomBytes(sizeBytes),
  sha256: (bytes) => sha256(bytes),
  sha512: (bytes) => sha512(bytes),
  hmacSha256: (key, bytes) => hmac(sha256, key, bytes),
  hkdf: (ikm, salt, info, sizeBytes) => hkdf(sha256, ikm, salt, info, sizeBytes),
  seal: (key, nonce, ad, plaintext) => gcm(key, nonce, ad).encrypt(plaintext),
  open: (key, nonce, ad, ciphertext) => {
    if (ciphertext.length < 16) return null
    try {
      return gcm(key, nonce, ad).decrypt(ciphertext)
    } catch {
      return null
    }
  },
  x25519Public: (secretKey) => x25519.getPublicKey(secretKey),
  x25519: (secretKey, publicKey) => {
    try {
      return x25519.getSharedSecret(secretKey, publicKey)
    } catch {
      return null
    }
  },
  ed25519Public: (secretKey) => ed25519.getPublicKey(secretKey),
  ed25519Sign: (secretKey, message) => ed25519.sign(message, secretKey),
  // RFC 8032, not ZIP 215: peers would otherwise disagree on one class of encodings.
  ed25519Verify: (publicKey, message, signature) => {
    try {
      return ed25519.verify(signature, message, publicKey, { zip215: false })
    } catch {
      return false
    }
  },
  mlKemPublic: (seed) => ml_kem768.keygen(seed).publicKey,
  mlKemEncapsulate: (publicKey, randomness) => {
    try {
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, randomness)
      return { ciphertext: cipherText, secret: sharedSecret }
    } catch {
      return null
    }
  },
  mlKemDecapsulate: (seed, ciphertext) => ml_kem768.decapsulate(ciphertext, ml_kem768.keygen(seed).secretKey),
  equal: (a, b) => {
    if (a.length !== b.length) return false
    let difference = 0
    for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0)
    return difference === 0
  },
}
