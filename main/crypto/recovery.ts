/** The recovery key as text, the recovery file's seal, and keys wrapped under keys. docs/protocol/session.md, "Recovery". */

import { ParleyError } from '../../shared/errors.ts'
import { concatBytes, equalBytes } from '../../shared/wire/bytes.ts'
import { deriveKey } from './crypto.ts'
import type { Crypto } from './crypto.ts'
import { labelBytes } from './labels.ts'
import type { Label } from './labels.ts'
import { openBox, sealBox } from './sealed-box.ts'

const KEY_BYTES = 32
const CHECK_BYTES = 3
/** Crockford's base 32: no I, L, O or U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const GROUP_CHARS = 4
const KEY_CHARS = 56
/** `PARLEYRC` and the version. */
const FILE_HEAD = concatBytes(new TextEncoder().encode('PARLEYRC'), Uint8Array.of(1))
const NO_CONTEXT = new Uint8Array()

/** Random, never made of a PIN or a passphrase. */
export function generateRecoveryKey(c: Crypto): Uint8Array {
  return c.random(KEY_BYTES)
}

/** Fourteen groups of four: 32 bytes and the first 3 of SHA-256 of label ‖ key. */
export function encodeRecoveryKey(c: Crypto, key: Uint8Array): string {
  const bytes = concatBytes(key, checkOf(c, key))
  let bits = 0
  let pending = 0
  let text = ''
  for (const byte of bytes) {
    pending = (pending << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET.charAt((pending >> bits) & 31)
    }
    pending &= (1 << bits) - 1
  }
  return text.replace(new RegExp(`.{${GROUP_CHARS}}(?=.)`, 'g'), '$&-')
}

/** Forgives case, blanks, dashes, and O, I and L for 0 and 1. @throws malformed */
export function decodeRecoveryKey(c: Crypto, text: string): Uint8Array {
  const clean = text.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1')
  if (clean.length !== KEY_CHARS) throw new ParleyError('malformed', 'recovery key')
  const bytes: number[] = []
  let bits = 0
  let pending = 0
  for (const char of clean) {
    const value = ALPHABET.indexOf(char)
    if (value === -1) throw new ParleyError('malformed', 'recovery key')
    pending = (pending << 5) | value
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes.push((pending >> bits) & 0xff)
      pending &= (1 << bits) - 1
    }
  }
  const key = Uint8Array.from(bytes.slice(0, KEY_BYTES))
  const check = Uint8Array.from(bytes.slice(KEY_BYTES))
  if (!equalBytes(check, checkOf(c, key))) throw new ParleyError('malformed', 'recovery key')
  return key
}

function checkOf(c: Crypto, key: Uint8Array): Uint8Array {
  return c.backend.sha256(concatBytes(labelBytes('recoveryKey'), key)).slice(0, CHECK_BYTES)
}

/** `PARLEYRC` ‖ u8 version 1 ‖ a box under the recovery key. */
export function sealRecovery(c: Crypto, recoveryKey: Uint8Array, payload: Uint8Array): Uint8Array {
  return concatBytes(FILE_HEAD, sealUnder(c, recoveryKey, 'recoveryFile', payload))
}

/** @throws malformed: no recovery file · unsupported-version · cannot-decrypt: another key, or damaged */
export function openRecovery(c: Crypto, recoveryKey: Uint8Array, file: Uint8Array): Uint8Array {
  const head = file.slice(0, FILE_HEAD.length)
  if (head.length < FILE_HEAD.length || !equalBytes(head.slice(0, -1), FILE_HEAD.slice(0, -1))) {
    throw new ParleyError('malformed', 'not a recovery file')
  }
  if (!equalBytes(head, FILE_HEAD)) throw new ParleyError('unsupported-version', 'recovery file')
  return openUnder(c, recoveryKey, 'recoveryFile', file.slice(FILE_HEAD.length))
}

/** A 32-byte key in a box under another: 60 bytes. Whoever stores it states its version. */
export function wrapKey(c: Crypto, kek: Uint8Array, key: Uint8Array): Uint8Array {
  return sealUnder(c, kek, 'keyWrap', key)
}

/** @throws cannot-decrypt */
export function unwrapKey(c: Crypto, kek: Uint8Array, wrapped: Uint8Array): Uint8Array {
  return openUnder(c, kek, 'keyWrap', wrapped)
}

// A key may seal for several purposes and for years: each purpose seals under a key of its own.
function sealUnder(c: Crypto, key: Uint8Array, label: Label, plaintext: Uint8Array): Uint8Array {
  return sealBox(c, deriveKey(c, key, label, NO_CONTEXT, KEY_BYTES), labelBytes(label), plaintext)
}

function openUnder(c: Crypto, key: Uint8Array, label: Label, box: Uint8Array): Uint8Array {
  return openBox(c, deriveKey(c, key, label, NO_CONTEXT, KEY_BYTES), labelBytes(label), box)
}
