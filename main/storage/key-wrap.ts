/** Wrapping the store key under a secret of 32 bytes (docs/protocol/store.md, "Wrapped key"). */

import { createCipheriv, createDecipheriv, hkdfSync, timingSafeEqual } from 'node:crypto'
import { ByteReader, ByteWriter, concatBytes } from '../../shared/wire/bytes.ts'
import { ParleyError } from '../../shared/errors.ts'

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const CHECK_BYTES = 16
const VERSION = 1
const CIPHER = 'aes-256-gcm'

export const WRAPPED_BYTES = 1 + NONCE_BYTES + KEY_BYTES + TAG_BYTES

const LABELS = {
  passphrase: 'parley/v1/store-key/passphrase',
  recovery: 'parley/v1/store-key/recovery',
  check: 'parley/v1/store-key/check',
} as const

export type WrapPurpose = 'passphrase' | 'recovery'

function derive(secret: Uint8Array, label: string, sizeBytes: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), label, sizeBytes))
}

/** @param secret the recovery key, or what Argon2id made of the passphrase */
export function wrapKey(
  key: Uint8Array,
  secret: Uint8Array,
  purpose: WrapPurpose,
  random: (sizeBytes: number) => Uint8Array,
): Uint8Array {
  const nonce = random(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, derive(secret, LABELS[purpose], KEY_BYTES), nonce)
  const sealed = concatBytes(cipher.update(key), cipher.final(), cipher.getAuthTag())
  return new ByteWriter(WRAPPED_BYTES).u8(VERSION).fixed(nonce, NONCE_BYTES).raw(sealed).finish()
}

/** Null: another secret, or altered bytes. @throws store-newer */
export function unwrapKey(wrapped: Uint8Array, secret: Uint8Array, purpose: WrapPurpose): Uint8Array | null {
  const reader = new ByteReader(wrapped)
  if (reader.u8() !== VERSION) throw new ParleyError('store-newer', 'wrapped key')
  const nonce = reader.fixed(NONCE_BYTES)
  const sealed = reader.fixed(KEY_BYTES)
  const tag = reader.fixed(TAG_BYTES)
  reader.end()
  const decipher = createDecipheriv(CIPHER, derive(secret, LABELS[purpose], KEY_BYTES), nonce)
  decipher.setAuthTag(tag)
  try {
    return concatBytes(decipher.update(sealed), decipher.final())
  } catch {
    return null
  }
}

/** 16 bytes that tell the store key of this profile from any other key, and nothing else about it. */
export function keyCheck(key: Uint8Array): Uint8Array {
  return derive(key, LABELS.check, CHECK_BYTES)
}

export function passesCheck(key: Uint8Array, check: Uint8Array): boolean {
  return check.length === CHECK_BYTES && timingSafeEqual(keyCheck(key), check)
}
