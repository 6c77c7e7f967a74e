/**
 * How a relay is handed from person to person: `parley://relay#` ‖ base64url of
 * u8 version ‖ relay key 32 ‖ u8 count (1 to 8) × address (shared/wire/address.ts). A bare multiaddr is taken too.
 */

import type { RelayId } from '../model/ids.ts'
import { idFromBytes, idToBytes } from '../model/ids.ts'
import { ParleyError } from '../errors.ts'
import { encodeAddress, readAddress } from './address.ts'
import { ByteReader, ByteWriter, fromBase64Url, toBase64Url } from './bytes.ts'

export const RELAY_PREFIX = 'parley://relay#'
const VERSION = 1
const MAX_ADDRESSES = 8

export interface RelayAddress {
  /** Null: only an address is known; the relay's key comes with its first answer. */
  readonly relayId: RelayId | null
  readonly addresses: readonly string[]
}

export function encodeRelayAddress(relay: {
  readonly relayId: RelayId
  readonly addresses: readonly string[]
}): string {
  const encoded = relay.addresses.map(encodeAddress).filter((address) => address !== null)
  const writer = new ByteWriter(256)
    .u8(VERSION)
    .fixed(idToBytes(relay.relayId), 32)
    .u8(Math.min(encoded.length, MAX_ADDRESSES))
  for (const address of encoded.slice(0, MAX_ADDRESSES)) writer.raw(address)
  return RELAY_PREFIX + toBase64Url(writer.finish())
}

/** @throws malformed | unsupported-version */
export function decodeRelayAddress(text: string): RelayAddress {
  const clean = text.replace(/\s+/g, '')
  if (!clean.startsWith(RELAY_PREFIX)) return bareAddress(clean)
  const reader = new ByteReader(fromBase64Url(clean.slice(RELAY_PREFIX.length)))
  if (reader.u8() !== VERSION) throw new ParleyError('unsupported-version', 'relay address')
  const relayId = idFromBytes<RelayId>(reader.fixed(32))
  const addresses = reader.list8(MAX_ADDRESSES, readAddress)
  reader.end()
  if (addresses.length === 0) throw new ParleyError('malformed', 'a relay without an address')
  return { relayId, addresses }
}

function bareAddress(text: string): RelayAddress {
  const address = text.replace(/\/p2p\/[A-Za-z0-9]+$/, '')
  const encoded = encodeAddress(address)
  if (encoded === null) throw new ParleyError('malformed', 'neither a relay link nor an address')
  return { relayId: null, addresses: [readAddress(new ByteReader(encoded))] }
}
