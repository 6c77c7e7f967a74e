/** Text messages: content type 1. Body: `u32 length ‖ UTF-8`, 1 to 65,536 bytes. */

import { ByteReader, ByteWriter } from '../wire/bytes.ts'
import { ParleyError } from '../errors.ts'

export const MAX_TEXT_BYTES = 65_536

export function encodeText(text: string): Uint8Array {
  return new ByteWriter(16 + text.length).text32(text).finish()
}

/** @throws malformed */
export function decodeText(body: Uint8Array): string {
  const reader = new ByteReader(body)
  const text = reader.text32(MAX_TEXT_BYTES)
  reader.end()
  if (text.length === 0) throw new ParleyError('malformed', 'an empty text')
  return text
}
