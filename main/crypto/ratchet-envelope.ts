/** What a chain's message looks like inside its envelope: docs/protocol/session.md, "Envelope". */

import { ByteReader, ByteWriter, concatBytes } from '../../shared/wire/bytes.ts'
import { envelopePrefix, HEADER_BYTES, NONCE_BYTES, TAG_BYTES } from '../../shared/wire/envelope.ts'
import type { ChainEnvelope } from '../../shared/wire/envelope.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { Crypto } from './crypto.ts'
import { padBody, unpadBody } from './envelope.ts'
import { KEM_BYTES } from './session-state.ts'
import type { KemStep, SessionState } from './session-state.ts'

export interface Header {
  readonly ratchetKey: Uint8Array
  readonly previousCount: number
  readonly number: number
  readonly kem: KemStep['kind']
}

const KEM_KINDS = ['none', 'offer', 'answer'] as const
const KEM_PART_BYTES = { none: 0, offer: KEM_BYTES.publicKey, answer: KEM_BYTES.ciphertext } as const
const NOTHING = new Uint8Array()

/**
 * One envelope of the sending chain, padded whole.
 * @throws too-large
 */
export function sealInChain(
  c: Crypto,
  session: SessionState,
  headerKey: Uint8Array,
  messageKey: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const { adHash, handshake, kem } = session
  const header = new ByteWriter(HEADER_BYTES)
    .fixed(session.ratchetKey.publicKey, 32)
    .u32(session.previousCount)
    .u32(session.sendingNumber)
    .u8(KEM_KINDS.indexOf(kem.kind))
    .finish()
  const headerNonce = c.random(NONCE_BYTES)
  const sealedHeader = c.backend.seal(headerKey, headerNonce, adHash, header)
  const kemPart = kem.kind === 'none' ? NOTHING : sealKemPart(c, kem, headerKey, concatBytes(adHash, sealedHeader))
  const nonce = c.random(NONCE_BYTES)
  const prefix = envelopePrefix(handshake.length > 0 ? 'handshake' : 'message')
  const beforeBody = concatBytes(prefix, handshake, headerNonce, sealedHeader, kemPart, nonce)
  const body = padBody(plaintext, beforeBody.length)
  return concatBytes(beforeBody, c.backend.seal(messageKey, nonce, concatBytes(adHash, beforeBody), body))
}

function sealKemPart(
  c: Crypto,
  kem: Exclude<KemStep, { kind: 'none' }>,
  headerKey: Uint8Array,
  ad: Uint8Array,
): Uint8Array {
  const nonce = c.random(NONCE_BYTES)
  const content = kem.kind === 'offer' ? kem.publicKey : kem.ciphertext
  return concatBytes(nonce, c.backend.seal(headerKey, nonce, ad, content))
}

/** Null: sealed under another key. @throws cannot-decrypt: a header that no honest peer makes */
export function openHeader(
  c: Crypto,
  session: SessionState,
  headerKey: Uint8Array,
  { sealedHeader }: ChainEnvelope,
): Header | null {
  const nonce = sealedHeader.subarray(0, NONCE_BYTES)
  const opened = c.backend.open(headerKey, nonce, session.adHash, sealedHeader.subarray(NONCE_BYTES))
  if (opened === null) return null
  const reader = new ByteReader(opened)
  const [ratchetKey, previousCount, number] = [reader.fixed(32), reader.u32(), reader.u32()]
  const kem = KEM_KINDS[reader.u8()]
  if (kem === undefined) throw failure()
  return { ratchetKey, previousCount, number, kem }
}

/** The encapsulation key or the ciphertext of the header's chain. @throws cannot-decrypt */
export function openKemPart(
  c: Crypto,
  session: SessionState,
  headerKey: Uint8Array,
  header: Header,
  { envelope, headerEnd, sealedHeader }: ChainEnvelope,
): Uint8Array {
  const sealed = envelope.subarray(headerEnd, kemPartEnd(headerEnd, header))
  const ad = concatBytes(session.adHash, sealedHeader.subarray(NONCE_BYTES))
  const opened = c.backend.open(headerKey, sealed.subarray(0, NONCE_BYTES), ad, sealed.subarray(NONCE_BYTES))
  if (opened === null) throw failure()
  return opened
}

/** @throws cannot-decrypt */
export function openBody(
  c: Crypto,
  session: SessionState,
  { envelope, headerEnd }: ChainEnvelope,
  header: Header,
  messageKey: Uint8Array,
): Uint8Array {
  const nonceAt = kemPartEnd(headerEnd, header)
  const bodyAt = nonceAt + NONCE_BYTES
  if (envelope.length < bodyAt + TAG_BYTES) throw failure()
  const ad = concatBytes(session.adHash, envelope.subarray(0, bodyAt))
  const opened = c.backend.open(messageKey, envelope.subarray(nonceAt, bodyAt), ad, envelope.subarray(bodyAt))
  const plaintext = opened === null ? null : unpadBody(opened)
  if (plaintext === null) throw failure()
  return plaintext
}

function kemPartEnd(headerEnd: number, { kem }: Header): number {
  return kem === 'none' ? headerEnd : headerEnd + NONCE_BYTES + KEM_PART_BYTES[kem] + TAG_BYTES
}

function failure(): ParleyError {
  return new ParleyError('cannot-decrypt')
}
