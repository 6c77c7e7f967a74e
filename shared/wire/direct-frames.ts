/** Bodies of the frames of `/parley/direct/1`, and of `/parley/invite/1`. docs/protocol/direct.md has the byte tables. */

import { ParleyError } from '../errors.ts'
import type { EnvelopeId } from '../model/ids.ts'
import { idFromBytes, idToBytes } from '../model/ids.ts'
import { ByteReader, ByteWriter } from './bytes.ts'

export const DIRECT_PROTOCOL = '/parley/direct/1'
export const INVITE_PROTOCOL = '/parley/invite/1'
export const MAX_DIRECT_ENVELOPE_BYTES = 200_000
export const MAX_EPHEMERAL_BYTES = 16_384
const MAX_ITEM_BYTES = 65_536
const VERSION = 1

export type DirectFrame =
  | { readonly type: 'envelope'; readonly envelope: Uint8Array }
  | { readonly type: 'answer'; readonly envelopeId: EnvelopeId; readonly committed: boolean }
  | { readonly type: 'ephemeral'; readonly envelope: Uint8Array }
  | { readonly type: 'ping' | 'pong'; readonly nonce: Uint8Array }

export function encodeDirectFrame(frame: DirectFrame): Uint8Array {
  switch (frame.type) {
    case 'envelope':
      return payload(1, frame.envelope, MAX_DIRECT_ENVELOPE_BYTES)
    case 'answer':
      return new ByteWriter(18)
        .u8(2)
        .fixed(idToBytes(frame.envelopeId), 16)
        .u8(frame.committed ? 0 : 1)
        .finish()
    case 'ephemeral':
      return payload(3, frame.envelope, MAX_EPHEMERAL_BYTES)
    case 'ping':
    case 'pong':
      return new ByteWriter(9)
        .u8(frame.type === 'ping' ? 4 : 5)
        .fixed(frame.nonce, 8)
        .finish()
  }
}

function payload(type: number, envelope: Uint8Array, maxBytes: number): Uint8Array {
  if (envelope.length === 0 || envelope.length > maxBytes) {
    throw new RangeError(`an envelope of ${envelope.length} bytes where ${maxBytes} is the limit`)
  }
  return new ByteWriter(1 + envelope.length).u8(type).raw(envelope).finish()
}

/** @throws malformed */
export function decodeDirectFrame(body: Uint8Array): DirectFrame {
  const reader = new ByteReader(body)
  const frame = readFrame(reader.u8(), reader)
  reader.end()
  return frame
}

function readFrame(type: number, reader: ByteReader): DirectFrame {
  switch (type) {
    case 1:
      return { type: 'envelope', envelope: restWithin(reader, MAX_DIRECT_ENVELOPE_BYTES) }
    case 2: {
      const envelopeId = idFromBytes<EnvelopeId>(reader.fixed(16))
      const result = reader.u8()
      if (result > 1) throw new ParleyError('malformed', 'answer')
      return { type: 'answer', envelopeId, committed: result === 0 }
    }
    case 3:
      return { type: 'ephemeral', envelope: restWithin(reader, MAX_EPHEMERAL_BYTES) }
    case 4:
      return { type: 'ping', nonce: reader.fixed(8) }
    case 5:
      return { type: 'pong', nonce: reader.fixed(8) }
    default:
      throw new ParleyError('malformed', 'unknown frame')
  }
}

function restWithin(reader: ByteReader, maxBytes: number): Uint8Array {
  if (reader.remaining === 0 || reader.remaining > maxBytes) throw new ParleyError('malformed', 'envelope size')
  return reader.rest()
}

export interface InviteRequest {
  readonly slotId: Uint8Array
  readonly takerNonce: Uint8Array
}

export function encodeInviteRequest({ slotId, takerNonce }: InviteRequest): Uint8Array {
  return new ByteWriter(49).u8(VERSION).fixed(slotId, 32).fixed(takerNonce, 16).finish()
}

/** @throws malformed | unsupported-version */
export function decodeInviteRequest(body: Uint8Array): InviteRequest {
  const reader = new ByteReader(body)
  if (reader.u8() !== VERSION) throw new ParleyError('unsupported-version', 'invite request')
  const request = { slotId: reader.fixed(32), takerNonce: reader.fixed(16) }
  reader.end()
  return request
}

export type DirectInviteAnswer =
  { readonly kind: 'item'; readonly item: Uint8Array } | { readonly kind: 'used' | 'expired' | 'unknown' }

const KINDS = ['item', 'used', 'expired', 'unknown'] as const

export function encodeInviteAnswer(answer: DirectInviteAnswer): Uint8Array {
  const writer = new ByteWriter(64).u8(KINDS.indexOf(answer.kind))
  return answer.kind === 'item' ? writer.bytes32(answer.item).finish() : writer.finish()
}

/** @throws malformed */
export function decodeInviteAnswer(body: Uint8Array): DirectInviteAnswer {
  const reader = new ByteReader(body)
  const kind = KINDS[reader.u8()]
  if (kind === undefined) throw new ParleyError('malformed', 'invite answer')
  const answer: DirectInviteAnswer = kind === 'item' ? { kind, item: reader.bytes32(MAX_ITEM_BYTES) } : { kind }
  reader.end()
  return answer
}
