/**
 * PQXDH (Signal's specification, revision 3) with a sealed first message: a relay sees a fresh key, a prekey number and a
 * KEM ciphertext, and no sender. docs/protocol/session.md, "Handshake".
 */

import type { DeviceId } from '../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../shared/model/ids.ts'
import { ByteReader, ByteWriter, concatBytes } from '../../shared/wire/bytes.ts'
import {
  HANDSHAKE_INNER_BYTES,
  HANDSHAKE_OUTER_BYTES,
  KEM_CIPHERTEXT_BYTES,
  NONCE_BYTES,
  splitChainEnvelope,
  SUITE,
} from '../../shared/wire/envelope.ts'
import { ParleyError } from '../../shared/errors.ts'
import { deriveKey } from './crypto.ts'
import type { Crypto } from './crypto.ts'
import { decryptMessage, initiatorState, responderState } from './double-ratchet.ts'
import type { SharedSecrets, SkippedKey } from './double-ratchet.ts'
import type { LocalParty, RemoteParty } from './identity.ts'
import { labelBytes } from './labels.ts'
import type { PrekeyBundle, PrekeySecret } from './prekeys.ts'
import type { SessionState } from './session-state.ts'

/** The seal's key is used once: its nonce may be zero. */
const ZERO_NONCE = new Uint8Array(NONCE_BYTES)
/** F of PQXDH section 2.1: keeps the input apart from that of an XEdDSA signature. */
const F = new Uint8Array(32).fill(0xff)
const NO_SKIPPED = { find: () => undefined }

/** This device's own prekeys by number, old ones too; undefined when there is none (any more). */
export interface PrekeyLookup {
  readonly signed: (id: number) => PrekeySecret | undefined
  readonly oneTime: (id: number) => PrekeySecret | undefined
  readonly kem: (id: number) => PrekeySecret | undefined
}

export interface OpenedHandshake {
  readonly session: SessionState
  readonly plaintext: Uint8Array
  /**
   * Who holds the identity key, proven. That the account listed this device is not: before anything else of it is used,
   * the caller finds `deviceId` with `identityKey` in a list that `openDeviceList` accepts for `account`. A stranger's list
   * is in the plaintext.
   */
  readonly sender: {
    readonly account: Uint8Array
    readonly deviceListVersion: number
    readonly deviceId: DeviceId
    readonly identityKey: Uint8Array
  }
  /** One-time prekeys are to be deleted with the commit. */
  readonly usedPrekeys: { readonly oneTimeId?: number; readonly kemOneTimeId?: number; readonly lastResort: boolean }
  /** To be remembered for last-resort handshakes, and to be refused when it is known: nothing else stops their replay. */
  readonly baseKeyHash: Uint8Array
  readonly skipped: readonly SkippedKey[]
}

/** What the seal hides. */
interface Inner {
  readonly identityKey: Uint8Array
  readonly account: Uint8Array
  readonly deviceId: DeviceId
  readonly deviceListVersion: number
  readonly signedPrekeyId: number
  readonly oneTimeId: number | null
}

interface HandshakeEnd {
  readonly account: Uint8Array
  readonly deviceId: DeviceId
  readonly identityKey: Uint8Array
}

type PublicPrekey = Pick<PrekeySecret, 'id' | 'publicKey'>

interface Transcript {
  readonly initiator: HandshakeEnd
  readonly responder: HandshakeEnd
  readonly signed: PublicPrekey
  readonly oneTime: PublicPrekey | null
  readonly kem: PublicPrekey
  /** Base key, KEM prekey number, KEM ciphertext and the sealed part. */
  readonly handshake: Uint8Array
}

function failure(): ParleyError {
  return new ParleyError('cannot-decrypt')
}

/**
 * A session to a device whose bundle `verifyPrekeyBundle` accepted. Nothing goes out before the first `encryptMessage`.
 * @throws signature-invalid: a key that no honest device makes
 */
export function startSession(
  c: Crypto,
  local: LocalParty,
  remote: RemoteParty,
  bundle: PrekeyBundle,
  nowMs: number,
): SessionState {
  const base = c.generateAgreementKey()
  const kem = c.backend.mlKemEncapsulate(bundle.kem.publicKey, c.random(32))
  const { identity, deviceId } = local.device
  const withIdentity = c.backend.x25519(base.secretKey, remote.device.identityKey)
  if (kem === null || withIdentity === null) throw new ParleyError('signature-invalid', 'degenerate key')
  const outer = new ByteWriter(2_048).fixed(base.publicKey, 32).u32(bundle.kem.id).raw(kem.ciphertext).finish()
  const inner = encodeInner({
    identityKey: identity.publicKey,
    account: local.account,
    deviceId,
    deviceListVersion: local.deviceListVersion,
    signedPrekeyId: bundle.signed.id,
    oneTimeId: bundle.oneTime?.id ?? null,
  })
  const key = sealKey(c, withIdentity, kem.secret, outer, remote.device.identityKey)
  const handshake = concatBytes(outer, c.backend.seal(key, ZERO_NONCE, outer, inner))
  const agreements = [
    c.backend.x25519(identity.secretKey, bundle.signed.publicKey),
    withIdentity,
    c.backend.x25519(base.secretKey, bundle.signed.publicKey),
    ...(bundle.oneTime === null ? [] : [c.backend.x25519(base.secretKey, bundle.oneTime.publicKey)]),
  ]
  const shared = sharedSecrets(c, agreements, kem.secret, {
    initiator: { account: local.account, deviceId, identityKey: identity.publicKey },
    responder: { account: remote.account, deviceId: remote.device.deviceId, identityKey: remote.device.identityKey },
    signed: bundle.signed,
    oneTime: bundle.oneTime,
    kem: bundle.kem,
    handshake,
  })
  if (shared === null) throw new ParleyError('signature-invalid', 'degenerate key')
  return initiatorState(c, shared, bundle.signed.publicKey, nowMs)
}

/**
 * The session that a handshake envelope belongs to, from its public bytes alone. An initiator repeats its handshake until
 * it is answered: one whose session is known goes to `decryptMessage` with that session, any other to `openHandshake`.
 * @throws malformed | unsupported-version | too-large
 */
export function handshakeSessionId(c: Crypto, envelope: Uint8Array): Uint8Array {
  const { kind, handshake } = splitChainEnvelope(envelope)
  if (kind !== 'handshake') throw new ParleyError('malformed', 'no handshake')
  return sessionIdOf(c, handshake)
}

function sessionIdOf(c: Crypto, handshake: Uint8Array): Uint8Array {
  return c.backend.sha256(concatBytes(labelBytes('sessionId'), handshake))
}

/**
 * A handshake's first message, of whichever number. Costs one agreement and one decapsulation before a stranger is refused,
 * and four agreements before somebody who knows the bundle is.
 * @throws cannot-decrypt · malformed | unsupported-version | too-large before any key was touched
 */
export function openHandshake(
  c: Crypto,
  local: LocalParty,
  envelope: Uint8Array,
  prekeys: PrekeyLookup,
  nowMs: number,
): OpenedHandshake {
  const { kind, handshake } = splitChainEnvelope(envelope)
  if (kind !== 'handshake') throw new ParleyError('malformed', 'no handshake')
  const reader = new ByteReader(handshake)
  const baseKey = reader.fixed(32)
  const kem = prekeys.kem(reader.u32())
  if (kem === undefined) throw failure()
  const { identity, deviceId } = local.device
  const kemSecret = c.backend.mlKemDecapsulate(kem.secret, reader.fixed(KEM_CIPHERTEXT_BYTES))
  const withIdentity = c.backend.x25519(identity.secretKey, baseKey)
  if (kemSecret === null || withIdentity === null) throw failure()
  const inner = openInner(c, handshake, withIdentity, kemSecret, identity.publicKey)
  const signed = prekeys.signed(inner.signedPrekeyId)
  const oneTime = inner.oneTimeId === null ? null : prekeys.oneTime(inner.oneTimeId)
  if (signed === undefined || oneTime === undefined) throw failure()
  const agreements = [
    c.backend.x25519(signed.secret, inner.identityKey),
    withIdentity,
    c.backend.x25519(signed.secret, baseKey),
    ...(oneTime === null ? [] : [c.backend.x25519(oneTime.secret, baseKey)]),
  ]
  const responder = { account: local.account, deviceId, identityKey: identity.publicKey }
  const shared = sharedSecrets(c, agreements, kemSecret, {
    initiator: inner,
    responder,
    signed,
    oneTime,
    kem,
    handshake,
  })
  if (shared === null) throw failure()
  const state = responderState(shared, { publicKey: signed.publicKey, secretKey: signed.secret }, nowMs)
  const opened = decryptMessage(c, state, envelope, NO_SKIPPED, nowMs)
  return {
    session: opened.session,
    plaintext: opened.plaintext,
    sender: {
      account: inner.account,
      deviceListVersion: inner.deviceListVersion,
      deviceId: inner.deviceId,
      identityKey: inner.identityKey,
    },
    usedPrekeys: {
      lastResort: kem.kind === 'kem-last-resort',
      ...(oneTime === null ? {} : { oneTimeId: oneTime.id }),
      ...(kem.kind === 'kem-one-time' ? { kemOneTimeId: kem.id } : {}),
    },
    baseKeyHash: c.backend.sha256(baseKey),
    skipped: opened.newSkipped,
  }
}

/** Of DH2 and the KEM: who lacks the recipient's identity key or KEM prekey learns no sender. */
function sealKey(
  c: Crypto,
  withIdentity: Uint8Array,
  kemSecret: Uint8Array,
  outer: Uint8Array,
  recipient: Uint8Array,
): Uint8Array {
  const context = c.backend.sha256(concatBytes(Uint8Array.of(SUITE), recipient, outer))
  return deriveKey(c, concatBytes(withIdentity, kemSecret), 'handshakeSeal', context, 32)
}

function openInner(
  c: Crypto,
  handshake: Uint8Array,
  withIdentity: Uint8Array,
  kemSecret: Uint8Array,
  recipient: Uint8Array,
): Inner {
  const outer = handshake.slice(0, HANDSHAKE_OUTER_BYTES)
  const key = sealKey(c, withIdentity, kemSecret, outer, recipient)
  const opened = c.backend.open(key, ZERO_NONCE, outer, handshake.slice(HANDSHAKE_OUTER_BYTES))
  const inner = opened === null ? null : decodeInner(opened)
  if (inner === null) throw failure()
  return inner
}

/** identity 32 ‖ account 32 ‖ device id 16 ‖ u32 device list version ‖ u32 signed prekey ‖ u8 (0|1) ‖ u32 one-time prekey (0 when none). */
function encodeInner(inner: Inner): Uint8Array {
  return new ByteWriter(HANDSHAKE_INNER_BYTES)
    .fixed(inner.identityKey, 32)
    .fixed(inner.account, 32)
    .fixed(idToBytes(inner.deviceId), 16)
    .u32(inner.deviceListVersion)
    .u32(inner.signedPrekeyId)
    .u8(inner.oneTimeId === null ? 0 : 1)
    .u32(inner.oneTimeId ?? 0)
    .finish()
}

/** Null: its flag is neither 0 nor 1, or a number stands where none is. */
function decodeInner(bytes: Uint8Array): Inner | null {
  const reader = new ByteReader(bytes)
  const inner = {
    identityKey: reader.fixed(32),
    account: reader.fixed(32),
    deviceId: idFromBytes<DeviceId>(reader.fixed(16)),
    deviceListVersion: reader.u32(),
    signedPrekeyId: reader.u32(),
  }
  const flag = reader.u8()
  const oneTimeId = reader.u32()
  reader.end()
  if (flag > 1 || (flag === 0 && oneTimeId !== 0)) return null
  return { ...inner, oneTimeId: flag === 1 ? oneTimeId : null }
}

/**
 * Binds suite, roles, both accounts, devices and identity keys, the prekeys by number and key, and every byte of the
 * handshake, so the base key and the KEM ciphertext too.
 */
function associatedData(c: Crypto, transcript: Transcript): Uint8Array {
  const writer = new ByteWriter(4_096).raw(labelBytes('handshakeAd')).u8(SUITE)
  for (const [role, end] of [[1, transcript.initiator] as const, [2, transcript.responder] as const]) {
    writer.u8(role).fixed(end.account, 32).fixed(idToBytes(end.deviceId), 16).fixed(end.identityKey, 32)
  }
  writer.u32(transcript.signed.id).fixed(transcript.signed.publicKey, 32)
  if (transcript.oneTime === null) writer.u8(0)
  else writer.u8(1).u32(transcript.oneTime.id).fixed(transcript.oneTime.publicKey, 32)
  writer.u32(transcript.kem.id).raw(transcript.kem.publicKey).raw(transcript.handshake)
  return c.backend.sha256(writer.finish())
}

/** Null: an agreement with a degenerate key. */
function sharedSecrets(
  c: Crypto,
  agreements: readonly (Uint8Array | null)[],
  kemSecret: Uint8Array,
  transcript: Transcript,
): SharedSecrets | null {
  const whole = agreements.filter((agreement) => agreement !== null)
  if (whole.length !== agreements.length) return null
  const adHash = associatedData(c, transcript)
  const keys = deriveKey(c, concatBytes(F, ...whole, kemSecret), 'handshakeSecret', adHash, 128)
  return {
    sessionId: sessionIdOf(c, transcript.handshake),
    adHash,
    handshake: transcript.handshake,
    rootKey: keys.slice(0, 32),
    initiatorHeaderKey: keys.slice(32, 64),
    responderHeaderKey: keys.slice(64, 96),
    exporter: keys.slice(96, 128),
  }
}
