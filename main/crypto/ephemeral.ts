/**
 * Typing, presence, call signalling: sealed under keys exported from the session, whose chains stay as they are.
 * An ephemeral envelope can be lost, come late or be repeated by whoever carries it; its content must bear that.
 */

import { concatBytes } from '../../shared/wire/bytes.ts'
import {
  envelopePrefix,
  EPHEMERAL_SALT_BYTES,
  NONCE_BYTES,
  splitEphemeralEnvelope,
} from '../../shared/wire/envelope.ts'
import { ParleyError } from '../../shared/errors.ts'
import { deriveKey } from './crypto.ts'
import type { Crypto } from './crypto.ts'
import { padBody, unpadBody } from './envelope.ts'
import type { SessionState } from './session-state.ts'

const KEY_BYTES = 32

interface EphemeralKey {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
}

/** A key of its own for each envelope: exporter, who speaks, and a random salt. */
function ephemeralKey(c: Crypto, session: SessionState, sending: boolean, salt: Uint8Array): EphemeralKey {
  const fromInitiator = (session.role === 'initiator') === sending
  const context = concatBytes(Uint8Array.of(fromInitiator ? 1 : 2), salt)
  const keys = deriveKey(c, session.exporter, 'ephemeral', context, KEY_BYTES + NONCE_BYTES)
  return { key: keys.slice(0, KEY_BYTES), nonce: keys.slice(KEY_BYTES) }
}

/** @throws too-large */
export function sealEphemeral(c: Crypto, session: SessionState, plaintext: Uint8Array): Uint8Array {
  const salt = c.random(EPHEMERAL_SALT_BYTES)
  const beforeBody = concatBytes(envelopePrefix('ephemeral'), salt)
  const { key, nonce } = ephemeralKey(c, session, true, salt)
  const ad = concatBytes(session.adHash, beforeBody)
  return concatBytes(beforeBody, c.backend.seal(key, nonce, ad, padBody(plaintext, beforeBody.length)))
}

/** @throws cannot-decrypt · malformed | unsupported-version | too-large before any key was touched */
export function openEphemeral(c: Crypto, session: SessionState, envelope: Uint8Array): Uint8Array {
  const { salt, beforeBody, sealedBody } = splitEphemeralEnvelope(envelope)
  const { key, nonce } = ephemeralKey(c, session, false, salt)
  const opened = c.backend.open(key, nonce, concatBytes(session.adHash, beforeBody), sealedBody)
  const plaintext = opened === null ? null : unpadBody(opened)
  if (plaintext === null) throw new ParleyError('cannot-decrypt')
  return plaintext
}
