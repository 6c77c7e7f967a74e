/** A value sealed for storage or a directory: nonce 12 ‖ AES-256-GCM with the tag at the end. */

import { concatBytes } from '../../shared/wire/bytes.ts'
import { NONCE_BYTES, TAG_BYTES } from '../../shared/wire/envelope.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { Crypto } from './crypto.ts'

export function sealBox(c: Crypto, key: Uint8Array, ad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const nonce = c.random(NONCE_BYTES)
  return concatBytes(nonce, c.backend.seal(key, nonce, ad, plaintext))
}

/** @throws cannot-decrypt */
export function openBox(c: Crypto, key: Uint8Array, ad: Uint8Array, box: Uint8Array): Uint8Array {
  const whole = box.length >= NONCE_BYTES + TAG_BYTES
  const opened = whole ? c.backend.open(key, box.slice(0, NONCE_BYTES), ad, box.slice(NONCE_BYTES)) : null
  if (opened === null) throw new ParleyError('cannot-decrypt')
  return opened
}
