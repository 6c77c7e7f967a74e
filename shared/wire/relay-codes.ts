/** Why a relay refuses, as one byte on the wire. The order is the format: new ones are added at the end. docs/protocol/relay.md, "Refusals". */

import type { ErrorCode } from '../errors.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'

const WIRE_CODES = [
  'malformed',
  'unsupported-version',
  'too-large',
  'relay-refused',
  'relay-full',
  'relay-quota',
  'token-revoked',
  'rate-limited',
  'not-found',
  'signature-invalid',
  'file-damaged',
  'door-closed',
  'proof-refused',
  'relay-invite-needed',
  'unreachable',
] as const satisfies readonly ErrorCode[]

const GENERAL = 'relay-refused'

export interface Refusal {
  readonly code: ErrorCode
  /** When to try again; 0: not known, or never. */
  readonly retryAfterSeconds: number
}

/** u8 code ‖ u32 seconds. A code that has no number is told as the general refusal. */
export function writeRefusal(writer: ByteWriter, refusal: Refusal): ByteWriter {
  const known = (WIRE_CODES as readonly ErrorCode[]).indexOf(refusal.code)
  return writer.u8(known === -1 ? WIRE_CODES.indexOf(GENERAL) : known).u32(refusal.retryAfterSeconds)
}

/** A number that this version does not know reads as the general refusal. @throws malformed */
export function readRefusal(reader: ByteReader): Refusal {
  return { code: WIRE_CODES[reader.u8()] ?? GENERAL, retryAfterSeconds: reader.u32() }
}
