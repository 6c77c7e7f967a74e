/** The sealed envelope's outer form, and its padded sizes. docs/protocol/session.md, "Envelope". */

import type { EnvelopeId } from '../../shared/model/ids.ts'
import { idFromBytes } from '../../shared/model/ids.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { Crypto } from './crypto.ts'

export const ENVELOPE_VERSION = 1
/** 0: the draft, without the post-quantum ratchet step. */
export const SUITE = 0
export const MAX_ENVELOPE_BYTES = 200_000
export const PREFIX_BYTES = 3
export const NONCE_BYTES = 12
export const TAG_BYTES = 16
/** Ratchet key 32 ‖ u32 previous chain's length ‖ u32 number. */
export const HEADER_BYTES = 40
export const SEALED_HEADER_BYTES = NONCE_BYTES + HEADER_BYTES + TAG_BYTES
const KEM_CIPHERTEXT_BYTES = 1088
const SEALED_HANDSHAKE_BYTES = 125 + TAG_BYTES
/** Ephemeral key 32 ‖ u32 KEM prekey id ‖ KEM ciphertext ‖ sealed handshake. */
export const HANDSHAKE_BYTES = 32 + 4 + KEM_CIPHERTEXT_BYTES + SEALED_HANDSHAKE_BYTES

export type EnvelopeKind = 'handshake' | 'message' | 'ephemeral'

const KINDS: readonly EnvelopeKind[] = ['handshake', 'message', 'ephemeral']
const BUCKETS = [1024, 4096, 16_384, 65_536] as const

export interface EnvelopeParts {
  readonly kind: 'handshake' | 'message'
  /** Empty in a message. */
  readonly handshake: Uint8Array
  readonly header: Uint8Array
  readonly nonce: Uint8Array
  readonly body: Uint8Array
  /** Everything before the body: authenticated with it. */
  readonly before: Uint8Array
}

export function envelopePrefix(kind: EnvelopeKind): Uint8Array {
  return new Uint8Array([ENVELOPE_VERSION, SUITE, KINDS.indexOf(kind) + 1])
}

/** @throws malformed | too-large | unsupported-version: another version or suite */
export function envelopeKind(envelope: Uint8Array): EnvelopeKind {
  if (envelope.length > MAX_ENVELOPE_BYTES) throw new ParleyError('too-large', 'envelope')
  if (envelope.length < PREFIX_BYTES) throw new ParleyError('malformed', 'envelope')
  if (envelope[0] !== ENVELOPE_VERSION || envelope[1] !== SUITE) {
    throw new ParleyError('unsupported-version', 'envelope')
  }
  const kind = KINDS[(envelope[2] ?? 0) - 1]
  if (kind === undefined) throw new ParleyError('malformed', 'envelope kind')
  return kind
}

/** @throws malformed | unsupported-version */
export function splitEnvelope(envelope: Uint8Array): EnvelopeParts {
  const kind = envelopeKind(envelope)
  if (kind === 'ephemeral') throw new ParleyError('malformed', 'an ephemeral envelope')
  const headerAt = PREFIX_BYTES + (kind === 'handshake' ? HANDSHAKE_BYTES : 0)
  const nonceAt = headerAt + SEALED_HEADER_BYTES
  const bodyAt = nonceAt + NONCE_BYTES
  if (envelope.length < bodyAt + TAG_BYTES) throw new ParleyError('malformed', 'envelope too short')
  return {
    kind,
    handshake: envelope.slice(PREFIX_BYTES, headerAt),
    header: envelope.slice(headerAt, nonceAt),
    nonce: envelope.slice(nonceAt, bodyAt),
    body: envelope.slice(bodyAt),
    before: envelope.slice(0, bodyAt),
  }
}

/** 1, 4, 16, 64 KiB, then Padmé (Nikitin et al. 2019): at most 12 % more, and few distinct sizes. */
export function paddedSize(sizeBytes: number): number {
  const bucket = BUCKETS.find((size) => sizeBytes <= size)
  if (bucket !== undefined) return bucket
  const exponent = Math.floor(Math.log2(sizeBytes))
  const lastBits = exponent - (Math.floor(Math.log2(exponent)) + 1)
  const step = 2 ** lastBits
  return Math.ceil(sizeBytes / step) * step
}

/** First 16 bytes of SHA-256 of the sealed bytes. */
export function envelopeId(c: Crypto, envelope: Uint8Array): EnvelopeId {
  return idFromBytes<EnvelopeId>(c.backend.sha256(envelope).slice(0, 16))
}
