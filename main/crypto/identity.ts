/** Accounts, devices, signed device lists, safety numbers. docs/protocol/session.md, "Identity". */

import type { DeviceId } from '../../shared/model/ids.ts'
import { idFromBytes } from '../../shared/model/ids.ts'
import { ByteReader, ByteWriter, concatBytes, equalBytes, toBase64Url } from '../../shared/wire/bytes.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { KeyPair } from './backend/backend.ts'
import { generateSigningKey, sign, verify } from './crypto.ts'
import type { Crypto } from './crypto.ts'
import { labelBytes } from './labels.ts'

const DEVICE_LIST_VERSION = 1
const MAX_DEVICES = 8
/** As in Signal's fingerprints: makes a search for a key with a similar number dear. */
const SAFETY_ROUNDS = 5_200

/** Ed25519; the secret is the 32-byte seed. */
export type AccountKeys = KeyPair

export interface DeviceKeys {
  readonly deviceId: DeviceId
  /** Ed25519: the libp2p identity. */
  readonly peer: KeyPair
  /** X25519: the identity key of the handshake. */
  readonly identity: KeyPair
  /** Ed25519: signs prekeys. */
  readonly signing: KeyPair
}

export interface DeviceEntry {
  readonly deviceId: DeviceId
  readonly peerKey: Uint8Array
  readonly identityKey: Uint8Array
  readonly signingKey: Uint8Array
}

export interface DeviceList {
  readonly account: Uint8Array
  /** Goes up at each change. */
  readonly version: number
  readonly createdAtMs: number
  readonly devices: readonly DeviceEntry[]
}

/** Who speaks: this device, as its account's newest list has it. */
export interface LocalParty {
  readonly account: Uint8Array
  readonly deviceListVersion: number
  readonly device: DeviceKeys
}

/** Who is spoken to: a device from a list that `openDeviceList` accepted. */
export interface RemoteParty {
  readonly account: Uint8Array
  readonly device: DeviceEntry
}

export function generateAccount(c: Crypto): AccountKeys {
  return generateSigningKey(c)
}

export function generateDevice(c: Crypto): DeviceKeys {
  const signing = generateSigningKey(c)
  return {
    deviceId: deviceIdOf(c, signing.publicKey),
    peer: generateSigningKey(c),
    identity: c.generateAgreementKey(),
    signing,
  }
}

/** First 16 bytes of SHA-256 of the signing key. */
export function deviceIdOf(c: Crypto, signingPublic: Uint8Array): DeviceId {
  return idFromBytes<DeviceId>(c.backend.sha256(signingPublic).slice(0, 16))
}

/** u8 version ‖ account 32 ‖ u32 list version ‖ u48 created ms ‖ u8 devices (1–8) × (peer 32 ‖ identity 32 ‖ signing 32) ‖ signature 64. */
export function signDeviceList(c: Crypto, account: AccountKeys, list: Omit<DeviceList, 'account'>): Uint8Array {
  const writer = new ByteWriter(256)
    .u8(DEVICE_LIST_VERSION)
    .fixed(account.publicKey, 32)
    .u32(list.version)
    .u48(list.createdAtMs)
    .u8(list.devices.length)
  for (const device of list.devices) {
    writer.fixed(device.peerKey, 32).fixed(device.identityKey, 32).fixed(device.signingKey, 32)
  }
  const body = writer.finish()
  return concatBytes(body, sign(c, account.secretKey, 'deviceList', body))
}

/** @throws malformed | unsupported-version | signature-invalid (also when it is another account's) */
export function openDeviceList(c: Crypto, bytes: Uint8Array, expectedAccount?: Uint8Array): DeviceList {
  const reader = new ByteReader(bytes)
  if (reader.u8() !== DEVICE_LIST_VERSION) throw new ParleyError('unsupported-version', 'device list')
  const account = reader.fixed(32)
  const version = reader.u32()
  const createdAtMs = reader.u48()
  const devices = reader.list8(MAX_DEVICES, (item): DeviceEntry => {
    const peerKey = item.fixed(32)
    const identityKey = item.fixed(32)
    const signingKey = item.fixed(32)
    return { deviceId: deviceIdOf(c, signingKey), peerKey, identityKey, signingKey }
  })
  const signedBytes = bytes.length - reader.remaining
  const signature = reader.fixed(64)
  reader.end()
  if (devices.length === 0) throw new ParleyError('malformed', 'a device list without a device')
  if (sharesAKey(devices)) throw new ParleyError('malformed', 'devices that share a key')
  const expected = expectedAccount === undefined || equalBytes(account, expectedAccount)
  if (!expected || !verify(c, account, 'deviceList', bytes.slice(0, signedBytes), signature)) {
    throw new ParleyError('signature-invalid', 'device list')
  }
  return { account, version, createdAtMs, devices }
}

function sharesAKey(devices: readonly DeviceEntry[]): boolean {
  const keys = devices.flatMap(({ peerKey, identityKey, signingKey }) => [peerKey, identityKey, signingKey])
  return new Set(keys.map(toBase64Url)).size !== keys.length
}

/** 60 digits, the same for both: 30 of each account, the smaller first (after Signal's numeric fingerprint). */
export function safetyNumber(c: Crypto, a: Uint8Array, b: Uint8Array): string {
  return [accountDigits(c, a), accountDigits(c, b)].sort().join('')
}

function accountDigits(c: Crypto, account: Uint8Array): string {
  let hash = concatBytes(labelBytes('safetyNumber'), account)
  for (let round = 0; round < SAFETY_ROUNDS; round++) hash = c.backend.sha512(concatBytes(hash, account))
  const reader = new ByteReader(hash)
  let digits = ''
  for (let group = 0; group < 6; group++) {
    const value = reader.u8() * 2 ** 32 + reader.u32()
    digits += String(value % 100_000).padStart(5, '0')
  }
  return digits
}
