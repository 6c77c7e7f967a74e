/**
 * How a relay is handed from person to person: `parley://relay#` ‖ base64url of
 * u8 version ‖ relay key 32 ‖ u8 count (1 to 8) × address (shared/wire/address.ts) [‖ u8 ‖ operator's invite]. Version 1 ends
 * before the invite, version 2 has one. A bare multiaddr is taken too.
 */

import type { RelayId } from '../model/ids.ts'
import { idFromBytes, idToBytes } from '../model/ids.ts'
import { ParleyError } from '../errors.ts'
import { encodeAddress, readAddress } from './address.ts'
import { ByteReader, ByteWriter, fromBase64Url, toBase64Url } from './bytes.ts'

export const RELAY_PREFIX = 'parley://relay#'
const VERSION = 1
const VERSION_WITH_INVITE = 2
const MAX_INVITE_BYTES = 64
const MAX_ADDRESSES = 8

export interface RelayAddress {
  /** Null: only an address is known; the relay's key comes with its first answer. */
  readonly relayId: RelayId | null
  readonly addresses: readonly string[]
  /** 1 to 64 bytes: opens a mailbox where not everybody may. */
  readonly admission?: Uint8Array
}

export function encodeRelayAddress(relay: {
  readonly relayId: RelayId
  readonly addresses: readonly string[]
  readonly admission?: Uint8Array
}): string {
  const { admission } = relay
  const encoded = relay.addresses.map(encodeAddress).filter((address) => address !== null)
  const writer = new ByteWriter(256)
    .u8(admission === undefined ? VERSION : VERSION_WITH_INVITE)
    .fixed(idToBytes(relay.relayId), 32)
    .u8(Math.min(encoded.length, MAX_ADDRESSES))
  for (const address of encoded.slice(0, MAX_ADDRESSES)) writer.raw(address)
  if (admission !== undefined) writer.bytes8(admission)
  return RELAY_PREFIX + toBase64Url(writer.finish())
}

/** @throws malformed | unsupported-version */
export function decodeRelayAddress(text: string): RelayAddress {
  const clean = text.replace(/\s+/g, '')
  if (!clean.startsWith(RELAY_PREFIX)) return bareAddress(clean)
  const reader = new ByteReader(fromBase64Url(clean.slice(RELAY_PREFIX.length)))
  const version = reader.u8()
  if (version !== VERSION && version !== VERSION_WITH_INVITE) {
    throw new ParleyError('unsupported-version', 'relay address')
  }
  const relayId = idFromBytes<RelayId>(reader.fixed(32))
  const addresses = reader.list8(MAX_ADDRESSES, readAddress)
  const admission = version === VERSION_WITH_INVITE ? reader.bytes8(MAX_INVITE_BYTES) : null
  reader.end()
  if (addresses.length === 0) throw new ParleyError('malformed', 'a relay without an address')
  if (admission === null) return { relayId, addresses }
  if (admission.length === 0) throw new ParleyError('malformed', 'a relay link with an empty invite')
  return { relayId, addresses, admission }
}

function bareAddress(text: string): RelayAddress {
  const address = text.replace(/\/p2p\/[A-Za-z0-9]+$/, '')
  const encoded = encodeAddress(address)
  if (encoded === null) throw new ParleyError('malformed', 'neither a relay link nor an address')
  return { relayId: null, addresses: [readAddress(new ByteReader(encoded))] }
}
