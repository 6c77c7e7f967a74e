/** What every function of this folder is handed: primitives and randomness. No clock, no I/O, no globals. */

import { concatBytes } from '../../shared/wire/bytes.ts'
import type { Backend, KeyPair } from './backend/backend.ts'
import { labelBytes } from './labels.ts'
import type { Label } from './labels.ts'

/** Fresh, unpredictable bytes; in tests repeatable ones. */
export type RandomSource = (sizeBytes: number) => Uint8Array

export interface Crypto {
  readonly backend: Backend
  readonly random: RandomSource
  /** X25519. From `random` when the caller brought its own, else as fast as the backend can. */
  readonly generateAgreementKey: () => KeyPair
}

/** The system's randomness, unless the caller brings its own. */
export function createCrypto(backend: Backend, random?: RandomSource): Crypto {
  if (random === undefined) {
    return { backend, random: backend.random, generateAgreementKey: backend.x25519Generate }
  }
  const generateAgreementKey = (): KeyPair => {
    const secretKey = random(32)
    return { publicKey: backend.x25519Public(secretKey), secretKey }
  }
  return { backend, random, generateAgreementKey }
}

/** RFC 5869 section 2.2: no salt is a salt of zeros. */
const NO_SALT = new Uint8Array(32)

/** HKDF-SHA-256 without salt, info = label ‖ context. */
export function deriveKey(
  c: Crypto,
  secret: Uint8Array,
  label: Label,
  context: Uint8Array,
  sizeBytes: number,
): Uint8Array {
  return c.backend.hkdf(secret, NO_SALT, concatBytes(labelBytes(label), context), sizeBytes)
}

/** Ed25519 over label ‖ message, so that a signature made for one purpose serves no other. */
export function sign(c: Crypto, secretKey: Uint8Array, label: Label, message: Uint8Array): Uint8Array {
  return c.backend.ed25519Sign(secretKey, concatBytes(labelBytes(label), message))
}

export function verify(
  c: Crypto,
  publicKey: Uint8Array,
  label: Label,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return c.backend.ed25519Verify(publicKey, concatBytes(labelBytes(label), message), signature)
}

/** Ed25519; the secret is the 32-byte seed. */
export function generateSigningKey(c: Crypto): KeyPair {
  const secretKey = c.random(32)
  return { publicKey: c.backend.ed25519Public(secretKey), secretKey }
}

/** Of an Ed25519 seed. */
export function publicKeyOf(c: Crypto, secretKey: Uint8Array): Uint8Array {
  return c.backend.ed25519Public(secretKey)
}
