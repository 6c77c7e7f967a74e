/**
 * The outer form of a sealed envelope, as relays and links carry it: version, suite, kind, and a whole size
 * that is one of few. docs/protocol/session.md, "Envelope".
 */

import { ParleyError } from '../errors.ts'

export const ENVELOPE_VERSION = 1
/** 0 was the draft, without the post-quantum ratchet step: it is refused. */
export const SUITE = 1
export const MAX_ENVELOPE_BYTES = 200_000
/** u8 version ‖ u8 suite ‖ u8 kind. */
export const PREFIX_BYTES = 3
export const NONCE_BYTES = 12
export const TAG_BYTES = 16
export const KEM_CIPHERTEXT_BYTES = 1088
/** Ratchet key 32 ‖ u32 length of the previous chain ‖ u32 number ‖ u8 what the KEM part holds. */
export const HEADER_BYTES = 41
export const SEALED_HEADER_BYTES = NONCE_BYTES + HEADER_BYTES + TAG_BYTES
/** What the initiator's sealed part holds: who speaks and to which prekeys. */
export const HANDSHAKE_INNER_BYTES = 93
/** Base key 32 ‖ u32 KEM prekey id ‖ KEM ciphertext. */
export const HANDSHAKE_OUTER_BYTES = 32 + 4 + KEM_CIPHERTEXT_BYTES
export const HANDSHAKE_BYTES = HANDSHAKE_OUTER_BYTES + HANDSHAKE_INNER_BYTES + TAG_BYTES
export const EPHEMERAL_SALT_BYTES = 16

export type EnvelopeKind = 'handshake' | 'message' | 'ephemeral'

const KINDS: readonly EnvelopeKind[] = ['handshake', 'message', 'ephemeral']
const BUCKET_BYTES = [1024, 4096, 16_384, 65_536] as const

/** An envelope of a session's chains, as far as its fields can be told apart without a key. */
export interface ChainEnvelope {
  readonly kind: 'handshake' | 'message'
  /** Empty in a message. */
  readonly handshake: Uint8Array
  readonly sealedHeader: Uint8Array
  readonly headerEnd: number
  readonly envelope: Uint8Array
}

export interface EphemeralEnvelope {
  readonly salt: Uint8Array
  readonly sealedBody: Uint8Array
  readonly beforeBody: Uint8Array
}

export function envelopePrefix(kind: EnvelopeKind): Uint8Array {
  return new Uint8Array([ENVELOPE_VERSION, SUITE, KINDS.indexOf(kind) + 1])
}

/**
 * What an envelope claims to be, by its first three bytes and its size.
 * @throws too-large · unsupported-version: another version or suite · malformed: no known kind, or a size that no sender makes
 */
export function envelopeKind(envelope: Uint8Array): EnvelopeKind {
  if (envelope.length > MAX_ENVELOPE_BYTES) throw new ParleyError('too-large', 'envelope')
  if (envelope.length < PREFIX_BYTES) throw new ParleyError('malformed', 'envelope')
  if (envelope[0] !== ENVELOPE_VERSION || envelope[1] !== SUITE) {
    throw new ParleyError('unsupported-version', 'envelope')
  }
  const kind = KINDS[(envelope[2] ?? 0) - 1]
  if (kind === undefined) throw new ParleyError('malformed', 'envelope kind')
  if (paddedSize(envelope.length) !== envelope.length) throw new ParleyError('malformed', 'envelope size')
  return kind
}

/** @throws as `envelopeKind`; malformed for an ephemeral one */
export function splitChainEnvelope(envelope: Uint8Array): ChainEnvelope {
  const kind = envelopeKind(envelope)
  if (kind === 'ephemeral') throw new ParleyError('malformed', 'an ephemeral envelope')
  const headerAt = PREFIX_BYTES + (kind === 'handshake' ? HANDSHAKE_BYTES : 0)
  const headerEnd = headerAt + SEALED_HEADER_BYTES
  if (envelope.length < headerEnd + NONCE_BYTES + TAG_BYTES) throw new ParleyError('malformed', 'envelope too short')
  return {
    kind,
    handshake: envelope.slice(PREFIX_BYTES, headerAt),
    sealedHeader: envelope.subarray(headerAt, headerEnd),
    headerEnd,
    envelope,
  }
}

/** @throws as `envelopeKind`; malformed for one that is not ephemeral */
export function splitEphemeralEnvelope(envelope: Uint8Array): EphemeralEnvelope {
  if (envelopeKind(envelope) !== 'ephemeral') throw new ParleyError('malformed', 'no ephemeral envelope')
  const bodyAt = PREFIX_BYTES + EPHEMERAL_SALT_BYTES
  return {
    salt: envelope.slice(PREFIX_BYTES, bodyAt),
    sealedBody: envelope.slice(bodyAt),
    beforeBody: envelope.slice(0, bodyAt),
  }
}

/**
 * The size in bytes to which an envelope of `sizeBytes` is padded: 1, 4, 16, 64 KiB, then Padmé (Nikitin et al.
 * 2019, section 4): at most 12 % more, and few distinct sizes. A padded size is its own padded size.
 */
export function paddedSize(sizeBytes: number): number {
  const bucket = BUCKET_BYTES.find((size) => sizeBytes <= size)
  if (bucket !== undefined) return bucket
  const exponent = Math.floor(Math.log2(sizeBytes))
  const zeroBits = exponent - (Math.floor(Math.log2(exponent)) + 1)
  const step = 2 ** zeroBits
  return Math.ceil(sizeBytes / step) * step
}
