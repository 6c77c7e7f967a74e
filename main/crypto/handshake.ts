/**
 * PQXDH (Signal's specification, revision 3) with a sealed first message: a relay sees a fresh key, a prekey number and a
 * KEM ciphertext, and no sender. docs/protocol/session.md, "Handshake".
 */

import type { DeviceId } from '../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../shared/model/ids.ts'
import { ByteReader, ByteWriter, concatBytes } from '../../shared/wire/bytes.ts'
import { ParleyError } from '../../shared/errors.ts'
import { deriveKey, generateAgreementKey } from './crypto.ts'
import type { Crypto } from './crypto.ts'
import { decryptMessage, initiatorState, responderState } from './double-ratchet.ts'
import type { SharedSecrets, SkippedKey } from './double-ratchet.ts'
import { HANDSHAKE_BYTES, splitEnvelope, SUITE } from './envelope.ts'
import type { LocalParty, RemoteParty } from './identity.ts'
import { labelBytes } from './labels.ts'
import type { PrekeyBundle, PrekeySecret } from './prekeys.ts'
import type { SessionState } from './session-state.ts'

const KEM_CIPHERTEXT_BYTES = 1088
/** The seal's key is used once: its nonce may be zero. */
const ZERO_NONCE = new Uint8Array(12)
/** F of X3DH section 2.2: keeps the input apart from that of an Ed25519 or X448 variant. */
const F = new Uint8Array(32).fill(0xff)

export interface PrekeyLookup {
  signed(id: number): PrekeySecret | undefined
  oneTime(id: number): PrekeySecret | undefined
  kem(id: number): PrekeySecret | undefined
}

export interface OpenedHandshake {
  readonly session: SessionState
  readonly plaintext: Uint8Array
  /** Proven by the handshake to hold the identity key; that the account listed this device is for the caller to check. */
  readonly sender: {
    readonly account: Uint8Array
    readonly deviceListVersion: number
    readonly deviceId: DeviceId
    readonly identityKey: Uint8Array
  }
  readonly usedPrekeys: { readonly oneTimeId?: number; readonly kemOneTimeId?: number; readonly lastResort: boolean }
  /** To be remembered for last-resort handshakes, so that they cannot be replayed. */
  readonly baseKeyHash: Uint8Array
  readonly skipped: readonly SkippedKey[]
}

interface Inner {
  readonly identityKey: Uint8Array
  readonly account: Uint8Array
  readonly deviceId: DeviceId
  readonly deviceListVersion: number
  readonly baseKey: Uint8Array
  readonly signedPrekeyId: number
  readonly oneTimeId: number | null
}

interface AdInput {
  readonly initiator: { readonly account: Uint8Array; readonly deviceId: DeviceId; readonly identityKey: Uint8Array }
  readonly responder: { readonly account: Uint8Array; readonly deviceId: DeviceId; readonly identityKey: Uint8Array }
  readonly baseKey: Uint8Array
  readonly signed: { readonly id: number; readonly publicKey: Uint8Array }
  readonly oneTime: { readonly id: number; readonly publicKey: Uint8Array } | null
  readonly kem: { readonly id: number; readonly publicKey: Uint8Array }
  readonly kemCiphertext: Uint8Array
}

function failure(): ParleyError {
  return new ParleyError('cannot-decrypt')
}

/** The bundle must have been verified. @throws signature-invalid for a degenerate key */
export function startSession(c: Crypto, local: LocalParty, remote: RemoteParty, bundle: PrekeyBundle): SessionState {
  const base = generateAgreementKey(c)
  const sealing = generateAgreementKey(c)
  const kem = c.backend.mlKemEncapsulate(bundle.kem.publicKey, c.random(32))
  const { identity } = local.device
  const agreements = [
    c.backend.x25519(identity.secretKey, bundle.signed.publicKey),
    c.backend.x25519(base.secretKey, remote.device.identityKey),
    c.backend.x25519(base.secretKey, bundle.signed.publicKey),
    ...(bundle.oneTime === null ? [] : [c.backend.x25519(base.secretKey, bundle.oneTime.publicKey)]),
  ]
  const sealShared = c.backend.x25519(sealing.secretKey, remote.device.identityKey)
  if (kem === null || sealShared === null) throw new ParleyError('signature-invalid', 'degenerate key')
  const inner = encodeInner({
    identityKey: identity.publicKey,
    account: local.account,
    deviceId: local.device.deviceId,
    deviceListVersion: local.deviceListVersion,
    baseKey: base.publicKey,
    signedPrekeyId: bundle.signed.id,
    oneTimeId: bundle.oneTime?.id ?? null,
  })
  const outer = new ByteWriter(2_048).fixed(sealing.publicKey, 32).u32(bundle.kem.id).raw(kem.ciphertext).finish()
  const sealKey = deriveKey(c, concatBytes(sealShared, kem.secret), 'handshakeSeal', c.backend.sha256(outer), 32)
  const handshake = concatBytes(outer, c.backend.seal(sealKey, ZERO_NONCE, outer, inner))
  const ad = associatedData(c, {
    initiator: { account: local.account, deviceId: local.device.deviceId, identityKey: identity.publicKey },
    responder: { account: remote.account, deviceId: remote.device.deviceId, identityKey: remote.device.identityKey },
    baseKey: base.publicKey,
    signed: bundle.signed,
    oneTime: bundle.oneTime,
    kem: bundle.kem,
    kemCiphertext: kem.ciphertext,
  })
  return initiatorState(c, sharedSecrets(c, agreements, kem.secret, ad, handshake), bundle.signed.publicKey)
}

/** Names the session that a handshake envelope belongs to, with no key. @throws malformed | unsupported-version */
export function handshakeSessionId(c: Crypto, _local: LocalParty, envelope: Uint8Array): Uint8Array {
  return sessionIdOf(c, splitEnvelope(envelope).handshake)
}

function sessionIdOf(c: Crypto, handshake: Uint8Array): Uint8Array {
  return c.backend.sha256(concatBytes(labelBytes('sessionId'), handshake))
}

/** At most 4 agreements, one for the seal, and one decapsulation. @throws cannot-decrypt for everything; malformed | unsupported-version */
export function openHandshake(
  c: Crypto,
  local: LocalParty,
  envelope: Uint8Array,
  prekeys: PrekeyLookup,
): OpenedHandshake {
  const { handshake } = splitEnvelope(envelope)
  if (handshake.length !== HANDSHAKE_BYTES) throw failure()
  const reader = new ByteReader(handshake)
  const sealingKey = reader.fixed(32)
  const kemId = reader.u32()
  const kemCiphertext = reader.fixed(KEM_CIPHERTEXT_BYTES)
  const sealed = reader.rest()
  const kem = prekeys.kem(kemId)
  if (kem === undefined) throw failure()
  const kemSecret = c.backend.mlKemDecapsulate(kem.secret, kemCiphertext)
  const outer = handshake.slice(0, handshake.length - sealed.length)
  const inner = openInner(c, local, { sealingKey, kemSecret, outer, sealed })
  const signed = prekeys.signed(inner.signedPrekeyId)
  const oneTime = inner.oneTimeId === null ? null : prekeys.oneTime(inner.oneTimeId)
  if (signed === undefined || oneTime === undefined) throw failure()
  const { identity } = local.device
  const agreements = [
    c.backend.x25519(signed.secret, inner.identityKey),
    c.backend.x25519(identity.secretKey, inner.baseKey),
    c.backend.x25519(signed.secret, inner.baseKey),
    ...(oneTime === null ? [] : [c.backend.x25519(oneTime.secret, inner.baseKey)]),
  ]
  const ad = associatedData(c, {
    initiator: inner,
    responder: { account: local.account, deviceId: local.device.deviceId, identityKey: identity.publicKey },
    baseKey: inner.baseKey,
    signed,
    oneTime,
    kem,
    kemCiphertext,
  })
  const shared = sharedSecrets(c, agreements, kemSecret, ad, handshake)
  const state = responderState(shared, { publicKey: signed.publicKey, secretKey: signed.secret })
  const opened = decryptMessage(c, state, envelope, { headerKeys: () => [], find: () => undefined })
  const { account, deviceListVersion, deviceId, identityKey } = inner
  return {
    session: opened.session,
    plaintext: opened.plaintext,
    sender: { account, deviceListVersion, deviceId, identityKey },
    usedPrekeys: {
      lastResort: kem.kind === 'kem-last-resort',
      ...(oneTime === null ? {} : { oneTimeId: oneTime.id }),
      ...(kem.kind === 'kem-one-time' ? { kemOneTimeId: kem.id } : {}),
    },
    baseKeyHash: shared.sessionId,
    skipped: opened.newSkipped,
  }
}

function openInner(
  c: Crypto,
  local: LocalParty,
  parts: {
    readonly sealingKey: Uint8Array
    readonly kemSecret: Uint8Array
    readonly outer: Uint8Array
    readonly sealed: Uint8Array
  },
): Inner {
  const shared = c.backend.x25519(local.device.identity.secretKey, parts.sealingKey)
  if (shared === null) throw failure()
  const key = deriveKey(c, concatBytes(shared, parts.kemSecret), 'handshakeSeal', c.backend.sha256(parts.outer), 32)
  const opened = c.backend.open(key, ZERO_NONCE, parts.outer, parts.sealed)
  if (opened === null) throw failure()
  return decodeInner(opened)
}

/** identity 32 ‖ account 32 ‖ device id 16 ‖ u32 device list version ‖ base key 32 ‖ u32 signed prekey ‖ u8 (0|1) ‖ u32 one-time prekey. */
function encodeInner(inner: Inner): Uint8Array {
  return new ByteWriter(128)
    .fixed(inner.identityKey, 32)
    .fixed(inner.account, 32)
    .fixed(idToBytes(inner.deviceId), 16)
    .u32(inner.deviceListVersion)
    .fixed(inner.baseKey, 32)
    .u32(inner.signedPrekeyId)
    .u8(inner.oneTimeId === null ? 0 : 1)
    .u32(inner.oneTimeId ?? 0)
    .finish()
}

function decodeInner(bytes: Uint8Array): Inner {
  const reader = new ByteReader(bytes)
  const identityKey = reader.fixed(32)
  const account = reader.fixed(32)
  const deviceId = idFromBytes<DeviceId>(reader.fixed(16))
  const deviceListVersion = reader.u32()
  const baseKey = reader.fixed(32)
  const signedPrekeyId = reader.u32()
  const hasOneTime = reader.u8() === 1
  const oneTimeId = reader.u32()
  reader.end()
  return {
    identityKey,
    account,
    deviceId,
    deviceListVersion,
    baseKey,
    signedPrekeyId,
    oneTimeId: hasOneTime ? oneTimeId : null,
  }
}

/** Binds suite, roles, both accounts, devices, identity keys, base key, prekey numbers and keys, and the KEM ciphertext. */
function associatedData(c: Crypto, input: AdInput): Uint8Array {
  const writer = new ByteWriter(4_096).raw(labelBytes('handshakeAd')).u8(SUITE)
  for (const [role, party] of [[1, input.initiator] as const, [2, input.responder] as const]) {
    writer.u8(role).fixed(party.account, 32).fixed(idToBytes(party.deviceId), 16).fixed(party.identityKey, 32)
  }
  writer.fixed(input.baseKey, 32).u32(input.signed.id).fixed(input.signed.publicKey, 32)
  if (input.oneTime === null) writer.u8(0)
  else writer.u8(1).u32(input.oneTime.id).fixed(input.oneTime.publicKey, 32)
  writer.u32(input.kem.id).raw(input.kem.publicKey).raw(input.kemCiphertext)
  return c.backend.sha256(writer.finish())
}

function sharedSecrets(
  c: Crypto,
  agreements: readonly (Uint8Array | null)[],
  kemSecret: Uint8Array,
  adHash: Uint8Array,
  handshake: Uint8Array,
): SharedSecrets {
  const whole = agreements.filter((agreement) => agreement !== null)
  if (whole.length !== agreements.length) throw failure()
  const keys = deriveKey(c, concatBytes(F, ...whole, kemSecret), 'handshakeSecret', adHash, 128)
  return {
    sessionId: sessionIdOf(c, handshake),
    adHash,
    handshake,
    rootKey: keys.slice(0, 32),
    initiatorHeaderKey: keys.slice(32, 64),
    responderHeaderKey: keys.slice(64, 96),
    exporter: keys.slice(96, 128),
  }
}
