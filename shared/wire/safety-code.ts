/**
 * What is scanned instead of reading a safety number aloud. docs/protocol/safety-code.md, version 1.
 *
 * `parley://safety#` ‖ base64url of u8 version ‖ account key of who shows it 32 ‖ account key of whom it is shown to 32.
 */

import type { AccountId } from '../model/ids.ts'
import { idFromBytes, idToBytes } from '../model/ids.ts'
import { ByteReader, ByteWriter, fromBase64Url, toBase64Url } from './bytes.ts'
import { ParleyError } from '../errors.ts'

export const SAFETY_CODE_PREFIX = 'parley://safety#'
export const MAX_SAFETY_CODE_CHARS = 256
const SAFETY_CODE_VERSION = 1
const KEY_BYTES = 32

export interface SafetyCode {
  readonly shownBy: AccountId
  readonly shownTo: AccountId
}

export function encodeSafetyCode({ shownBy, shownTo }: SafetyCode): string {
  const bytes = new ByteWriter(1 + 2 * KEY_BYTES)
    .u8(SAFETY_CODE_VERSION)
    .fixed(idToBytes(shownBy), KEY_BYTES)
    .fixed(idToBytes(shownTo), KEY_BYTES)
    .finish()
  return SAFETY_CODE_PREFIX + toBase64Url(bytes)
}

/** @throws malformed | unsupported-version */
export function decodeSafetyCode(text: string): SafetyCode {
  if (text.length > MAX_SAFETY_CODE_CHARS || !text.startsWith(SAFETY_CODE_PREFIX)) {
    throw new ParleyError('malformed', 'not a safety code')
  }
  const reader = new ByteReader(fromBase64Url(text.slice(SAFETY_CODE_PREFIX.length)))
  if (reader.u8() !== SAFETY_CODE_VERSION) throw new ParleyError('unsupported-version', 'safety code')
  const shownBy = idFromBytes<AccountId>(reader.fixed(KEY_BYTES))
  const shownTo = idFromBytes<AccountId>(reader.fixed(KEY_BYTES))
  reader.end()
  return { shownBy, shownTo }
}
