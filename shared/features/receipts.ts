/**
 * Receipts: content type 16, sealed in the session.
 * Body: u8 kind (1 committed, 2 read) ‖ u48 at ms ‖ u16 count (1 to 1,000) ‖ message ids of 16 bytes each.
 */

import type { MessageId } from '../model/ids.ts'
import { idFromBytes, idToBytes } from '../model/ids.ts'
import { ByteReader, ByteWriter } from '../wire/bytes.ts'
import { ParleyError } from '../errors.ts'

export const MAX_RECEIPT_IDS = 1_000

export interface Receipt {
  readonly kind: 'committed' | 'read'
  readonly atMs: number
  readonly messageIds: readonly MessageId[]
}

export function encodeReceipt(receipt: Receipt): Uint8Array {
  const writer = new ByteWriter(16 + receipt.messageIds.length * 16)
    .u8(receipt.kind === 'committed' ? 1 : 2)
    .u48(receipt.atMs)
    .u16(receipt.messageIds.length)
  for (const messageId of receipt.messageIds) writer.fixed(idToBytes(messageId), 16)
  return writer.finish()
}

/** @throws malformed */
export function decodeReceipt(body: Uint8Array): Receipt {
  const reader = new ByteReader(body)
  const kind = reader.u8()
  if (kind !== 1 && kind !== 2) throw new ParleyError('malformed', 'receipt kind')
  const atMs = reader.u48()
  const messageIds = reader.list16(MAX_RECEIPT_IDS, (item) => idFromBytes<MessageId>(item.fixed(16)))
  reader.end()
  if (messageIds.length === 0) throw new ParleyError('malformed', 'an empty receipt')
  return { kind: kind === 1 ? 'committed' : 'read', atMs, messageIds }
}
