/**
 * Content: what a session seals. docs/protocol/content.md, version 1.
 *
 * | field | bytes | |
 * | --- | --- | --- |
 * | version | u8 | 1 |
 * | type | u16 | see CONTENT_TYPES |
 * | message id | 16 | random; drops re-encryptions |
 * | sent at | u48 | author's clock, ms |
 * | place | u8 | 0 outside of any chat, 1 the one-to-one chat of the two accounts |
 * | order | 12, only with place 1 | u48 clock ms ‖ u16 clock counter ‖ u32 author's counter in this chat |
 * | body | rest | as the type says, at most 160,000 |
 */

import { ParleyError } from '../errors.ts'
import { idFromBytes, idToBytes } from '../model/ids.ts'
import type { MessageId } from '../model/ids.ts'
import { ByteReader, ByteWriter } from './bytes.ts'

export const CONTENT_VERSION = 1
export const MAX_CONTENT_BODY_BYTES = 160_000

/** One number a content type for ever. 1 to 15: what a person wrote. From 16: between the engines. */
export const CONTENT_TYPES = {
  text: 1,
  file: 2,
  receipt: 16,
  profile: 17,
  resend: 18,
  inviteUsed: 19,
  blobCollected: 20,
} as const

/** Place of a message in its chat. */
export interface MessageOrder {
  /** Hybrid logical clock. */
  readonly clockMs: number
  readonly clockCounter: number
  /** Counts the author's messages in this chat from 1. */
  readonly counter: number
}

export interface Content {
  readonly type: number
  readonly messageId: MessageId
  readonly sentAtMs: number
  /** Null: belongs to no chat. */
  readonly order: MessageOrder | null
  readonly body: Uint8Array
}

export function encodeContent(content: Content): Uint8Array {
  if (content.body.length > MAX_CONTENT_BODY_BYTES) throw new ParleyError('too-large', 'content body')
  const writer = new ByteWriter(48 + content.body.length)
    .u8(CONTENT_VERSION)
    .u16(content.type)
    .fixed(idToBytes(content.messageId), 16)
    .u48(content.sentAtMs)
  if (content.order === null) {
    writer.u8(0)
  } else {
    writer.u8(1).u48(content.order.clockMs).u16(content.order.clockCounter).u32(content.order.counter)
  }
  return writer.raw(content.body).finish()
}

/** @throws malformed | unsupported-version */
export function decodeContent(bytes: Uint8Array): Content {
  const reader = new ByteReader(bytes)
  if (reader.u8() !== CONTENT_VERSION) throw new ParleyError('unsupported-version', 'content')
  const type = reader.u16()
  const messageId = idFromBytes<MessageId>(reader.fixed(16))
  const sentAtMs = reader.u48()
  const order = readPlace(reader)
  if (reader.remaining > MAX_CONTENT_BODY_BYTES) throw new ParleyError('malformed', 'content body too long')
  return { type, messageId, sentAtMs, order, body: reader.rest() }
}

function readPlace(reader: ByteReader): MessageOrder | null {
  const place = reader.u8()
  if (place === 0) return null
  if (place !== 1) throw new ParleyError('malformed', 'unknown place')
  return { clockMs: reader.u48(), clockCounter: reader.u16(), counter: reader.u32() }
}
