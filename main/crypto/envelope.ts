/** What a session puts into an envelope: padded content, and the envelope's own id. docs/protocol/session.md, "Envelope". */

import type { EnvelopeId } from '../../shared/model/ids.ts'
import { idFromBytes } from '../../shared/model/ids.ts'
import { MAX_ENVELOPE_BYTES, paddedSize, TAG_BYTES } from '../../shared/wire/envelope.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { Crypto } from './crypto.ts'

const LENGTH_BYTES = 4

/** First 16 bytes of SHA-256 of the sealed bytes. */
export function envelopeId(c: Crypto, envelope: Uint8Array): EnvelopeId {
  return idFromBytes<EnvelopeId>(c.backend.sha256(envelope).slice(0, 16))
}

/**
 * u32 length ‖ plaintext ‖ zeros, as long as makes the whole envelope one of few sizes.
 * @param beforeBytes what stands before the sealed body
 * @throws too-large
 */
export function padBody(plaintext: Uint8Array, beforeBytes: number): Uint8Array {
  const aroundBytes = beforeBytes + TAG_BYTES
  const wholeBytes = paddedSize(aroundBytes + LENGTH_BYTES + plaintext.length)
  if (wholeBytes > MAX_ENVELOPE_BYTES) throw new ParleyError('too-large', 'envelope')
  const body = new Uint8Array(wholeBytes - aroundBytes)
  new DataView(body.buffer).setUint32(0, plaintext.length)
  body.set(plaintext, LENGTH_BYTES)
  return body
}

/** The plaintext as a view into an opened body. Null when the length field, so the peer's own, is wrong. */
export function unpadBody(body: Uint8Array): Uint8Array | null {
  if (body.length < LENGTH_BYTES) return null
  const length = new DataView(body.buffer, body.byteOffset).getUint32(0)
  return length > body.length - LENGTH_BYTES ? null : body.subarray(LENGTH_BYTES, LENGTH_BYTES + length)
}
