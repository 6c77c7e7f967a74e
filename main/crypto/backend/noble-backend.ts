/** Pure TypeScript primitives: the fallback of every runtime, and the oracle of the differential tests. */

import { gcm } from '@noble/ciphers/aes.js'
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { randomBytes } from '@noble/hashes/utils.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { concatBytes } from '../../../shared/wire/bytes.ts'
import type { Backend } from './backend.ts'

const TAG_BYTES = 16

/** What is thrown at hostile input is an answer here, not a bug. */
function orNull<T>(run: () => T): T | null {
  try {
    return run()
  } catch {
    return null
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

/** [S]B = R + [k]A as OpenSSL and BoringSSL check it; noble itself checks it times the cofactor, which accepts more. */
function holdsWithoutCofactor(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const { Point } = ed25519
  const r = signature.subarray(0, 32)
  const k = Point.Fn.create(littleEndian(sha512(concatBytes(r, publicKey, message))))
  const right = Point.fromBytes(r).add(Point.fromBytes(publicKey).multiplyUnsafe(k))
  return Point.BASE.multiplyUnsafe(littleEndian(signature.subarray(32))).equals(right)
}

export const nobleBackend: Backend = {
  names: { hash: 'noble', mac: 'noble', aead: 'noble', x25519: 'noble', ed25519: 'noble', mlKem: 'noble' },
  random: (sizeBytes) => randomBytes(sizeBytes),
  sha256: (bytes) => sha256(bytes),
  sha512: (bytes) => sha512(bytes),
  hmacSha256: (key, bytes) => hmac(sha256, key, bytes),
  hkdf: (ikm, salt, info, sizeBytes) => hkdf(sha256, ikm, salt, info, sizeBytes),
  seal: (key, nonce, ad, plaintext) => gcm(key, nonce, ad).encrypt(plaintext),
  open: (key, nonce, ad, ciphertext) => {
    if (ciphertext.length < TAG_BYTES) return null
    const cipher = gcm(key, nonce, ad)
    return orNull(() => cipher.decrypt(ciphertext))
  },
  x25519Generate: () => {
    const secretKey = randomBytes(32)
    return { publicKey: x25519.getPublicKey(secretKey), secretKey }
  },
  x25519Public: (secretKey) => x25519.getPublicKey(secretKey),
  x25519: (secretKey, publicKey) => orNull(() => x25519.getSharedSecret(secretKey, publicKey)),
  ed25519Public: (secretKey) => ed25519.getPublicKey(secretKey),
  ed25519Sign: (secretKey, message) => ed25519.sign(message, secretKey),
  // RFC 8032, not ZIP 215: peers would otherwise disagree on one class of encodings.
  ed25519Verify: (publicKey, message, signature) =>
    orNull(
      () =>
        ed25519.verify(signature, message, publicKey, { zip215: false }) &&
        holdsWithoutCofactor(publicKey, message, signature),
    ) ?? false,
  mlKemPublic: (seed) => ml_kem768.keygen(seed).publicKey,
  mlKemEncapsulate: (publicKey, randomness) =>
    orNull(() => {
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, randomness)
      return { ciphertext: cipherText, secret: sharedSecret }
    }),
  mlKemDecapsulate: (seed, ciphertext) => {
    const { secretKey } = ml_kem768.keygen(seed)
    return orNull(() => ml_kem768.decapsulate(ciphertext, secretKey))
  },
  equal: (a, b) => {
    if (a.length !== b.length) return false
    let difference = 0
    for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0)
    return difference === 0
  },
}
