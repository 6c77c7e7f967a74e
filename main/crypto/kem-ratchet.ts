/**
 * The post-quantum steps of the ratchet: one side's chain offers an ML-KEM-768 key, the other's next chain is begun with a
 * secret encapsulated to it. docs/protocol/session.md, "Post-quantum ratchet".
 */

import { ParleyError } from '../../shared/errors.ts'
import type { Crypto } from './crypto.ts'
import { KEM_BYTES } from './session-state.ts'
import type { KemStep, SessionState } from './session-state.ts'

/** Messages of both sides, and time, after which the next reply offers a key. */
export const KEM_DUE_MESSAGES = 50
export const KEM_DUE_MS = 24 * 60 * 60 * 1000

export const NO_KEM: KemStep = { kind: 'none' }

export function isKemDue({ sinceKem, kemAtMs }: SessionState, nowMs: number): boolean {
  return sinceKem >= KEM_DUE_MESSAGES || nowMs - kemAtMs >= KEM_DUE_MS
}

export function beginOffer(c: Crypto): KemStep {
  const seed = c.random(KEM_BYTES.seed)
  return { kind: 'offer', seed, publicKey: c.backend.mlKemPublic(seed) }
}

/** @throws cannot-decrypt: no key (FIPS 203 section 7.2) */
export function answerOffer(c: Crypto, publicKey: Uint8Array): { readonly secret: Uint8Array; readonly step: KemStep } {
  const made = c.backend.mlKemEncapsulate(publicKey, c.random(32))
  if (made === null) throw new ParleyError('cannot-decrypt')
  return { secret: made.secret, step: { kind: 'answer', ciphertext: made.ciphertext } }
}

/** @throws cannot-decrypt */
export function openAnswer(c: Crypto, seed: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const secret = c.backend.mlKemDecapsulate(seed, ciphertext)
  if (secret === null) throw new ParleyError('cannot-decrypt')
  return secret
}
