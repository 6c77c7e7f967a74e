/** Prekeys and their bundles. docs/protocol/session.md, "Prekeys". */

import type { DeviceId } from '../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../shared/model/ids.ts'
import { ByteReader, ByteWriter, equalBytes } from '../../shared/wire/bytes.ts'
import { SUITE } from '../../shared/wire/envelope.ts'
import { ParleyError } from '../../shared/errors.ts'
import { sign, verify } from './crypto.ts'
import type { Crypto } from './crypto.ts'
import type { DeviceEntry, DeviceKeys } from './identity.ts'
import { labelBytes } from './labels.ts'
import { openBox, sealBox } from './sealed-box.ts'

export type PrekeyKind = 'signed' | 'one-time' | 'kem-one-time' | 'kem-last-resort'

const KEM_PUBLIC_BYTES = 1184
const BUNDLE_VERSION = 1

export interface PrekeySecret {
  readonly id: number
  readonly kind: PrekeyKind
  /** X25519: 32 bytes. ML-KEM-768: the 64-byte seed. */
  readonly secret: Uint8Array
  readonly publicKey: Uint8Array
  /** By the device's signing key; empty for one-time X25519 prekeys, which PQXDH leaves unsigned. */
  readonly signature: Uint8Array
}

interface SignedPrekey {
  readonly id: number
  readonly publicKey: Uint8Array
  readonly signature: Uint8Array
}

/** What an initiator needs of one device: from a relay's directory or an invite. */
export interface PrekeyBundle {
  readonly deviceId: DeviceId
  readonly identityKey: Uint8Array
  readonly signed: SignedPrekey
  readonly kem: SignedPrekey
  readonly oneTime: { readonly id: number; readonly publicKey: Uint8Array } | null
}

/** `count` prekeys numbered from `firstId`; a number names one prekey of a device for ever. */
export function generatePrekeys(
  c: Crypto,
  device: DeviceKeys,
  kind: PrekeyKind,
  firstId: number,
  count: number,
): readonly PrekeySecret[] {
  return Array.from({ length: count }, (_, index) => generatePrekey(c, device, kind, firstId + index))
}

function generatePrekey(c: Crypto, device: DeviceKeys, kind: PrekeyKind, id: number): PrekeySecret {
  if (kind === 'signed' || kind === 'one-time') {
    const { secretKey, publicKey } = c.generateAgreementKey()
    const signature =
      kind === 'signed'
        ? sign(c, device.signing.secretKey, 'prekey', signedBytes('ec', id, publicKey))
        : new Uint8Array()
    return { id, kind, secret: secretKey, publicKey, signature }
  }
  const secret = c.random(64)
  const publicKey = c.backend.mlKemPublic(secret)
  const signature = sign(c, device.signing.secretKey, 'prekey', signedBytes('kem', id, publicKey))
  return { id, kind, secret, publicKey, signature }
}

/** u8 suite ‖ u8 kind (1 X25519, 2 ML-KEM-768) ‖ u32 id ‖ public key. */
function signedBytes(kind: 'ec' | 'kem', id: number, publicKey: Uint8Array): Uint8Array {
  return new ByteWriter(1_200)
    .u8(SUITE)
    .u8(kind === 'ec' ? 1 : 2)
    .u32(id)
    .raw(publicKey)
    .finish()
}

/** u8 version ‖ u8 suite ‖ device id 16 ‖ identity 32 ‖ u32 id ‖ EC 32 ‖ sig 64 ‖ u32 id ‖ KEM 1184 ‖ sig 64 ‖ u8 (0|1) [‖ u32 id ‖ EC 32]. */
export function encodePrekeyBundle(bundle: PrekeyBundle): Uint8Array {
  const writer = new ByteWriter(1_500)
    .u8(BUNDLE_VERSION)
    .u8(SUITE)
    .fixed(idToBytes(bundle.deviceId), 16)
    .fixed(bundle.identityKey, 32)
    .u32(bundle.signed.id)
    .fixed(bundle.signed.publicKey, 32)
    .fixed(bundle.signed.signature, 64)
    .u32(bundle.kem.id)
    .fixed(bundle.kem.publicKey, KEM_PUBLIC_BYTES)
    .fixed(bundle.kem.signature, 64)
  if (bundle.oneTime === null) return writer.u8(0).finish()
  return writer.u8(1).u32(bundle.oneTime.id).fixed(bundle.oneTime.publicKey, 32).finish()
}

/** @throws malformed | unsupported-version */
export function decodePrekeyBundle(bytes: Uint8Array): PrekeyBundle {
  const reader = new ByteReader(bytes)
  if (reader.u8() !== BUNDLE_VERSION || reader.u8() !== SUITE) {
    throw new ParleyError('unsupported-version', 'prekey bundle')
  }
  const deviceId = idFromBytes<DeviceId>(reader.fixed(16))
  const identityKey = reader.fixed(32)
  const signed = { id: reader.u32(), publicKey: reader.fixed(32), signature: reader.fixed(64) }
  const kem = { id: reader.u32(), publicKey: reader.fixed(KEM_PUBLIC_BYTES), signature: reader.fixed(64) }
  const present = reader.u8()
  if (present > 1) throw new ParleyError('malformed', 'one-time flag')
  const oneTime = present === 1 ? { id: reader.u32(), publicKey: reader.fixed(32) } : null
  reader.end()
  return { deviceId, identityKey, signed, kem, oneTime }
}

/** @throws signature-invalid when it is not the listed device's */
export function verifyPrekeyBundle(c: Crypto, bundle: PrekeyBundle, entry: DeviceEntry): void {
  const good =
    bundle.deviceId === entry.deviceId &&
    equalBytes(bundle.identityKey, entry.identityKey) &&
    verify(
      c,
      entry.signingKey,
      'prekey',
      signedBytes('ec', bundle.signed.id, bundle.signed.publicKey),
      bundle.signed.signature,
    ) &&
    verify(c, entry.signingKey, 'prekey', signedBytes('kem', bundle.kem.id, bundle.kem.publicKey), bundle.kem.signature)
  if (!good) throw new ParleyError('signature-invalid', 'prekey bundle')
}

/** Opaque to the relay: a sealed box under the lookup's seal key. */
export function sealDirectoryItem(c: Crypto, key: Uint8Array, bundle: Uint8Array): Uint8Array {
  return sealBox(c, key, labelBytes('directoryItem'), bundle)
}

/** @throws cannot-decrypt */
export function openDirectoryItem(c: Crypto, key: Uint8Array, item: Uint8Array): Uint8Array {
  return openBox(c, key, labelBytes('directoryItem'), item)
}
