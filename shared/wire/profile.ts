/**
 * Profile: how an account can be reached, sent to each contact at every change (content type 17) and inside
 * invites. docs/protocol/content.md, version 1.
 *
 * u8 version ‖ u32 profile version ‖ u8-text name (1–128) ‖ u16-bytes signed device list (≤ 4,096) ‖ u8 relays (≤ 3)
 * × relay ‖ delivery secret 32 ‖ directory key 32 ‖ u8 addresses (≤ 16) × u8-text ‖ u8 flags
 * (1: send yours) ‖ u8 invite (0 | 1) [‖ slot id 32].
 * relay: relay id 32 ‖ u8 addresses (1–8) × u8-text ‖ u8 mailboxes (1–8) × (device id 16 ‖ mailbox id 32).
 */

import type { DeviceId, MailboxId, RelayId } from '../model/ids.ts'
import { idFromBytes, idToBytes } from '../model/ids.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { ParleyError } from '../errors.ts'

export const PROFILE_VERSION = 1
const MAX_NAME_BYTES = 128
const MAX_DEVICE_LIST_BYTES = 4_096
export const MAX_RELAYS = 3

export interface ProfileRelay {
  readonly relayId: RelayId
  readonly addresses: readonly string[]
  readonly mailboxes: readonly { readonly deviceId: DeviceId; readonly mailboxId: MailboxId }[]
}

export interface Profile {
  /** Goes up at each change; an older one than the last known is ignored. */
  readonly version: number
  readonly name: string
  /** Signed by the account key. */
  readonly deviceList: Uint8Array
  readonly relays: readonly ProfileRelay[]
  /** The receiver's delivery tokens are derived from it, one a relay and mailbox. */
  readonly deliverySecret: Uint8Array
  readonly directoryKey: Uint8Array
  /** Direct addresses of the device that sends this. */
  readonly addresses: readonly string[]
  readonly wantsAnswer: boolean
  /** The invite that this answers. */
  readonly inviteSlotId: Uint8Array | null
}

export function encodeProfile(profile: Profile): Uint8Array {
  const writer = new ByteWriter(1_024)
    .u8(PROFILE_VERSION)
    .u32(profile.version)
    .text8(profile.name)
    .bytes16(profile.deviceList)
    .u8(profile.relays.length)
  for (const relay of profile.relays) writeRelay(writer, relay)
  writer.fixed(profile.deliverySecret, 32).fixed(profile.directoryKey, 32)
  writer.u8(profile.addresses.length)
  for (const address of profile.addresses) writer.text8(address)
  writer.u8(profile.wantsAnswer ? 1 : 0)
  if (profile.inviteSlotId === null) return writer.u8(0).finish()
  return writer.u8(1).fixed(profile.inviteSlotId, 32).finish()
}

function writeRelay(writer: ByteWriter, relay: ProfileRelay): void {
  writer.fixed(idToBytes(relay.relayId), 32).u8(relay.addresses.length)
  for (const address of relay.addresses) writer.text8(address)
  writer.u8(relay.mailboxes.length)
  for (const mailbox of relay.mailboxes) {
    writer.fixed(idToBytes(mailbox.deviceId), 16).fixed(idToBytes(mailbox.mailboxId), 32)
  }
}

/** @throws malformed | unsupported-version */
export function decodeProfile(bytes: Uint8Array): Profile {
  const reader = new ByteReader(bytes)
  if (reader.u8() !== PROFILE_VERSION) throw new ParleyError('unsupported-version', 'profile')
  const version = reader.u32()
  const name = reader.text8(MAX_NAME_BYTES).trim()
  if (name === '') throw new ParleyError('malformed', 'a profile without a name')
  const deviceList = reader.bytes16(MAX_DEVICE_LIST_BYTES)
  const relays = reader.list8(MAX_RELAYS, readRelay)
  const deliverySecret = reader.fixed(32)
  const directoryKey = reader.fixed(32)
  const addresses = reader.list8(16, (item) => item.text8())
  const wantsAnswer = reader.u8() === 1
  const hasInvite = reader.u8()
  if (hasInvite > 1) throw new ParleyError('malformed', 'invite flag')
  const inviteSlotId = hasInvite === 1 ? reader.fixed(32) : null
  reader.end()
  return {
    version,
    name,
    deviceList,
    relays,
    deliverySecret,
    directoryKey,
    addresses,
    wantsAnswer,
    inviteSlotId,
  }
}

function readRelay(reader: ByteReader): ProfileRelay {
  const relayId = idFromBytes<RelayId>(reader.fixed(32))
  const addresses = reader.list8(8, (item) => item.text8())
  const mailboxes = reader.list8(8, (item) => ({
    deviceId: idFromBytes<DeviceId>(item.fixed(16)),
    mailboxId: idFromBytes<MailboxId>(item.fixed(32)),
  }))
  if (addresses.length === 0 || mailboxes.length === 0) throw new ParleyError('malformed', 'a relay without an address')
  return { relayId, addresses, mailboxes }
}
