/**
 * Invite link and bundle. docs/protocol/invite.md, version 1.
 *
 * Link: `parley://invite#` ‖ base64url of
 * u8 version ‖ account key 32 ‖ secret 32 ‖ u32 expiry (seconds since the epoch) ‖ u8 count (≤ 3) × place ‖ checksum 4.
 * place: u8 kind ‖ (1 relay: relay name 16 ‖ address; 2 this device: address).
 * A relay name is the first 16 bytes of SHA-256 of the relay's key; the checksum the first 4 of SHA-256 of all before it.
 * At most 256 characters in all; places that do not fit are left out.
 */

import { ByteReader, ByteWriter, concatBytes, equalBytes, fromBase64Url, toBase64Url } from './bytes.ts'
import { encodeAddress, readAddress } from './address.ts'
import { isParleyError, ParleyError } from '../errors.ts'

export const INVITE_PREFIX = 'parley://invite#'
export const INVITE_VERSION = 1
export const MAX_INVITE_CHARS = 256
const MAX_PLACES = 3
const CHECKSUM_BYTES = 4
export const MAX_BUNDLE_BYTES = 32_768

export type Sha256 = (bytes: Uint8Array) => Uint8Array

export type InvitePlace =
  | { readonly kind: 'relay'; readonly relayName: Uint8Array; readonly address: string }
  | { readonly kind: 'device'; readonly address: string }

export interface InviteLink {
  readonly accountKey: Uint8Array
  readonly secret: Uint8Array
  readonly expiresAtMs: number
  readonly places: readonly InvitePlace[]
}

export function relayName(relayKey: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(relayKey).slice(0, 16)
}

/** Relays first: the first places that fit are kept. */
export function encodeInviteLink(invite: InviteLink, sha256: Sha256): string {
  const encoded = invite.places.map(encodePlace).filter((place) => place !== null)
  for (let count = Math.min(encoded.length, MAX_PLACES); ; count--) {
    const writer = new ByteWriter(192)
      .u8(INVITE_VERSION)
      .fixed(invite.accountKey, 32)
      .fixed(invite.secret, 32)
      .u32(Math.floor(invite.expiresAtMs / 1000))
      .u8(count)
    for (const place of encoded.slice(0, count)) writer.raw(place)
    const body = writer.finish()
    const link = INVITE_PREFIX + toBase64Url(concatBytes(body, sha256(body).slice(0, CHECKSUM_BYTES)))
    if (link.length <= MAX_INVITE_CHARS || count === 0) return link
  }
}

function encodePlace(place: InvitePlace): Uint8Array | null {
  const address = encodeAddress(place.address)
  if (address === null) return null
  const writer = new ByteWriter(96).u8(place.kind === 'relay' ? 1 : 2)
  if (place.kind === 'relay') writer.fixed(place.relayName, 16)
  return writer.raw(address).finish()
}

/**
 * Tolerates what copying does to links: blanks and line breaks around and inside, a web page's quotes.
 * @throws invite-incomplete when the end is missing; invite-altered when a byte changed; unsupported-version
 */
export function decodeInviteLink(text: string, sha256: Sha256): InviteLink {
  const bytes = linkBytes(text.replace(/\s+/g, ''))
  try {
    return readLink(bytes, sha256)
  } catch (error) {
    if (!isParleyError(error, 'malformed')) throw error
    const code = error.detail === 'ends inside a field' ? 'invite-incomplete' : 'invite-altered'
    throw new ParleyError(code, error.detail, { cause: error })
  }
}

function linkBytes(text: string): Uint8Array {
  const at = text.toLowerCase().indexOf(INVITE_PREFIX)
  if (at === -1) throw new ParleyError('invite-incomplete', 'no invite link in the text')
  const payload = /^[A-Za-z0-9_-]*/.exec(text.slice(at + INVITE_PREFIX.length))?.[0] ?? ''
  // A link that lost its end may stop inside a base64 group: whole bytes are kept and found to be too few.
  const whole = payload.slice(0, payload.length - (payload.length % 4 === 1 ? 1 : 0))
  try {
    return fromBase64Url(whole)
  } catch (cause) {
    throw new ParleyError('invite-incomplete', 'the link stops inside a byte', { cause })
  }
}

function readLink(bytes: Uint8Array, sha256: Sha256): InviteLink {
  const reader = new ByteReader(bytes)
  if (reader.u8() !== INVITE_VERSION) throw new ParleyError('unsupported-version', 'invite link')
  const accountKey = reader.fixed(32)
  const secret = reader.fixed(32)
  const expiresAtMs = reader.u32() * 1000
  const places = reader.list8(MAX_PLACES, readPlace)
  const bodyLength = bytes.length - reader.remaining
  const checksum = reader.fixed(CHECKSUM_BYTES)
  reader.end()
  if (!equalBytes(checksum, sha256(bytes.slice(0, bodyLength)).slice(0, CHECKSUM_BYTES))) {
    throw new ParleyError('invite-altered', 'checksum')
  }
  return { accountKey, secret, expiresAtMs, places }
}

function readPlace(reader: ByteReader): InvitePlace {
  const kind = reader.u8()
  if (kind === 1) return { kind: 'relay', relayName: reader.fixed(16), address: readAddress(reader) }
  if (kind === 2) return { kind: 'device', address: readAddress(reader) }
  throw new ParleyError('malformed', 'unknown place')
}

/**
 * Bundle: what the secret opens. u8 version ‖ u48 expiry ms ‖ u16-bytes profile ‖ u16-bytes prekey bundle ‖
 * signature 64 by the account key over `parley/v1/invite-signature` ‖ slot id ‖ everything before.
 */
export interface InviteBundle {
  readonly expiresAtMs: number
  readonly profile: Uint8Array
  readonly prekeys: Uint8Array
}

export function encodeInviteBundle(bundle: InviteBundle): Uint8Array {
  return new ByteWriter(8_192)
    .u8(INVITE_VERSION)
    .u48(bundle.expiresAtMs)
    .bytes16(bundle.profile)
    .bytes16(bundle.prekeys)
    .finish()
}

/** Splits the signature off. @throws malformed | unsupported-version */
export function decodeInviteBundle(bytes: Uint8Array): {
  readonly bundle: InviteBundle
  readonly signed: Uint8Array
  readonly signature: Uint8Array
} {
  if (bytes.length > MAX_BUNDLE_BYTES) throw new ParleyError('malformed', 'bundle too large')
  const reader = new ByteReader(bytes)
  if (reader.u8() !== INVITE_VERSION) throw new ParleyError('unsupported-version', 'invite bundle')
  const bundle = { expiresAtMs: reader.u48(), profile: reader.bytes16(), prekeys: reader.bytes16() }
  const signedLength = bytes.length - reader.remaining
  const signature = reader.fixed(64)
  reader.end()
  return { bundle, signed: bytes.slice(0, signedLength), signature }
}
