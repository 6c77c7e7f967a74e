/**
 * Resend: content type 18. Body: u8 kind (1 ask, 2 answered) ‖ u16 count (1 to 1,000) ‖ envelope ids of 16 bytes each.
 * "Answered" names what was sealed again or is gone for good: the asker stops waiting for those bytes.
 */

import type { EnvelopeId } from '../model/ids.ts'
import { idFromBytes, idToBytes } from '../model/ids.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { ParleyError } from '../errors.ts'

export const MAX_RESEND_IDS = 1_000

export interface Resend {
  readonly kind: 'ask' | 'answered'
  readonly envelopeIds: readonly EnvelopeId[]
}

export function encodeResend(resend: Resend): Uint8Array {
  const writer = new ByteWriter(8 + 16 * resend.envelopeIds.length)
    .u8(resend.kind === 'ask' ? 1 : 2)
    .u16(resend.envelopeIds.length)
  for (const envelopeId of resend.envelopeIds) writer.fixed(idToBytes(envelopeId), 16)
  return writer.finish()
}

/** @throws malformed */
export function decodeResend(body: Uint8Array): Resend {
  const reader = new ByteReader(body)
  const kind = reader.u8()
  if (kind !== 1 && kind !== 2) throw new ParleyError('malformed', 'resend kind')
  const envelopeIds = reader.list16(MAX_RESEND_IDS, (item) => idFromBytes<EnvelopeId>(item.fixed(16)))
  reader.end()
  if (envelopeIds.length === 0) throw new ParleyError('malformed', 'an empty resend')
  return { kind: kind === 1 ? 'ask' : 'answered', envelopeIds }
}
