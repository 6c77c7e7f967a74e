/**
 * What the recovery file holds once it is opened. docs/protocol/session.md says how it is sealed.
 *
 * u8 version ‖ account secret 32 ‖ u8-text name ‖ directory key 32 ‖ u32 device list version ‖ u32 profile version ‖
 * u8 relays (≤ 8) × (relay id 32 ‖ u8 addresses × u8-text) ‖ u16 contacts (≤ 5,000) × contact.
 * contact: account 32 ‖ u8-text name ‖ u8-text alias ‖ u8 blocked (0 | 1) ‖ u32 device list version ‖ u16-bytes device list ‖
 * u32 profile version ‖ u16-bytes profile ‖ delivery secret 32 ‖ handle 4 ‖
 * u8 compared (0, 1) [‖ compared account key 32 ‖ u48 when]. Version 1 had nothing from "compared" on.
 */

import type { AccountId, RelayId } from '../model/ids.ts'
import { idFromBytes, idToBytes } from '../model/ids.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { ParleyError } from '../errors.ts'

const RECOVERY_VERSION = 2
const OLDEST_RECOVERY_VERSION = 1

export interface RecoveryContact {
  readonly accountId: AccountId
  readonly name: string
  readonly alias: string
  readonly blocked: boolean
  readonly deviceListVersion: number
  readonly deviceListBytes: Uint8Array
  readonly profileVersion: number
  readonly profileBytes: Uint8Array
  readonly deliverySecret: Uint8Array
  readonly handle: Uint8Array
  /** The account key that was compared, whichever account it was of, and when. */
  readonly verifiedKey: AccountId | null
  readonly verifiedAtMs: number | null
}

export interface Recovery {
  readonly accountSecret: Uint8Array
  readonly name: string
  readonly directoryKey: Uint8Array
  readonly deviceListVersion: number
  readonly profileVersion: number
  readonly relays: readonly { readonly relayId: RelayId; readonly addresses: readonly string[] }[]
  readonly contacts: readonly RecoveryContact[]
}

export function encodeRecovery(recovery: Recovery): Uint8Array {
  const writer = new ByteWriter(4_096)
    .u8(RECOVERY_VERSION)
    .fixed(recovery.accountSecret, 32)
    .text8(recovery.name)
    .fixed(recovery.directoryKey, 32)
    .u32(recovery.deviceListVersion)
    .u32(recovery.profileVersion)
    .u8(recovery.relays.length)
  for (const relay of recovery.relays) {
    writer.fixed(idToBytes(relay.relayId), 32).u8(relay.addresses.length)
    for (const address of relay.addresses) writer.text8(address)
  }
  writer.u16(recovery.contacts.length)
  for (const contact of recovery.contacts) writeContact(writer, contact)
  return writer.finish()
}

function writeContact(writer: ByteWriter, contact: RecoveryContact): void {
  writer
    .fixed(idToBytes(contact.accountId), 32)
    .text8(contact.name)
    .text8(contact.alias)
    .u8(contact.blocked ? 1 : 0)
    .u32(contact.deviceListVersion)
    .bytes16(contact.deviceListBytes)
    .u32(contact.profileVersion)
    .bytes16(contact.profileBytes)
    .fixed(contact.deliverySecret, 32)
    .fixed(contact.handle, 4)
  const { verifiedKey, verifiedAtMs } = contact
  writer.u8(verifiedKey === null ? 0 : 1)
  if (verifiedKey !== null) writer.fixed(idToBytes(verifiedKey), 32).u48(verifiedAtMs ?? 0)
}

/** @throws malformed | unsupported-version */
export function decodeRecovery(bytes: Uint8Array): Recovery {
  const reader = new ByteReader(bytes)
  const version = reader.u8()
  if (version < OLDEST_RECOVERY_VERSION || version > RECOVERY_VERSION) {
    throw new ParleyError('unsupported-version', 'recovery file')
  }
  const recovery: Recovery = {
    accountSecret: reader.fixed(32),
    name: reader.text8(),
    directoryKey: reader.fixed(32),
    deviceListVersion: reader.u32(),
    profileVersion: reader.u32(),
    relays: reader.list8(8, (item) => ({
      relayId: idFromBytes<RelayId>(item.fixed(32)),
      addresses: item.list8(8, (address) => address.text8()),
    })),
    contacts: reader.list16(5_000, (item) => readContact(item, version)),
  }
  reader.end()
  return recovery
}

function readFlag(reader: ByteReader): boolean {
  const value = reader.u8()
  if (value > 1) throw new ParleyError('malformed', 'a flag that is neither 0 nor 1')
  return value === 1
}

function readContact(reader: ByteReader, version: number): RecoveryContact {
  return {
    accountId: idFromBytes<AccountId>(reader.fixed(32)),
    name: reader.text8(),
    alias: reader.text8(),
    blocked: readFlag(reader),
    deviceListVersion: reader.u32(),
    deviceListBytes: reader.bytes16(),
    profileVersion: reader.u32(),
    profileBytes: reader.bytes16(),
    deliverySecret: reader.fixed(32),
    handle: reader.fixed(4),
    ...(version === 1 ? NOT_COMPARED : readComparison(reader)),
  }
}

const NOT_COMPARED = { verifiedKey: null, verifiedAtMs: null }

function readComparison(reader: ByteReader): Pick<RecoveryContact, 'verifiedKey' | 'verifiedAtMs'> {
  const compared = reader.u8()
  if (compared > 1) throw new ParleyError('malformed', 'compared')
  if (compared === 0) return NOT_COMPARED
  return { verifiedKey: idFromBytes<AccountId>(reader.fixed(32)), verifiedAtMs: reader.u48() }
}
