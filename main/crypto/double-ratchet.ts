/**
 * The Double Ratchet with header encryption (Signal's specification, revision 4, section 4), over X25519,
 * HKDF-SHA-256, HMAC-SHA-256 and AES-256-GCM. Works on copies: a message that does not open changes nothing.
 */

import { ByteReader, ByteWriter, concatBytes } from '../../shared/wire/bytes.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { KeyPair } from './backend/backend.ts'
import { deriveKey, generateAgreementKey } from './crypto.ts'
import type { Crypto } from './crypto.ts'
import {
  envelopePrefix,
  HEADER_BYTES,
  MAX_ENVELOPE_BYTES,
  NONCE_BYTES,
  paddedSize,
  splitEnvelope,
  TAG_BYTES,
} from './envelope.ts'
import type { EnvelopeParts } from './envelope.ts'
import { labelBytes } from './labels.ts'
import type { SessionState } from './session-state.ts'

/** Design, "Sessions": how far a chain may jump over messages that have not come. */
export const MAX_JUMP = 10_000

/** A key of a message that has not come yet. */
export interface SkippedKey {
  /** 32 bytes: the header key of its chain. */
  readonly headerKeyId: Uint8Array
  readonly messageNumber: number
  readonly key: Uint8Array
}

export type SkippedKeyRef = Pick<SkippedKey, 'headerKeyId' | 'messageNumber'>

export interface SkippedKeyLookup {
  headerKeys(): readonly Uint8Array[]
  find(headerKeyId: Uint8Array, messageNumber: number): Uint8Array | undefined
}

export interface Decrypted {
  readonly session: SessionState
  readonly plaintext: Uint8Array
  readonly consumedSkipped?: SkippedKeyRef
  readonly newSkipped: readonly SkippedKey[]
}

interface Header {
  readonly ratchetKey: Uint8Array
  readonly previousCount: number
  readonly number: number
}

function failure(): ParleyError {
  return new ParleyError('cannot-decrypt')
}

/** KDF_RK_HE: new root, chain and next header key. */
function stepRoot(c: Crypto, rootKey: Uint8Array, ownSecret: Uint8Array, peerKey: Uint8Array) {
  const shared = c.backend.x25519(ownSecret, peerKey)
  if (shared === null) throw failure()
  const keys = c.backend.hkdf(shared, rootKey, labelBytes('root'), 96)
  return { rootKey: keys.slice(0, 32), chainKey: keys.slice(32, 64), headerKey: keys.slice(64, 96) }
}

function stepChain(
  c: Crypto,
  chainKey: Uint8Array,
): { readonly chainKey: Uint8Array; readonly messageKey: Uint8Array } {
  return {
    messageKey: c.backend.hmacSha256(chainKey, labelBytes('chainMessage')),
    chainKey: c.backend.hmacSha256(chainKey, labelBytes('chainNext')),
  }
}

export interface SharedSecrets {
  readonly sessionId: Uint8Array
  readonly adHash: Uint8Array
  readonly handshake: Uint8Array
  readonly rootKey: Uint8Array
  /** shared_hka */
  readonly initiatorHeaderKey: Uint8Array
  /** shared_nhkb */
  readonly responderHeaderKey: Uint8Array
  readonly exporter: Uint8Array
}

/** RatchetInitAliceHE */
export function initiatorState(c: Crypto, shared: SharedSecrets, responderPrekey: Uint8Array): SessionState {
  const ratchetKey = generateAgreementKey(c)
  const step = stepRoot(c, shared.rootKey, ratchetKey.secretKey, responderPrekey)
  return {
    sessionId: shared.sessionId,
    adHash: shared.adHash,
    role: 'initiator',
    handshake: shared.handshake,
    exporter: shared.exporter,
    ratchetKey,
    peerRatchetKey: responderPrekey,
    rootKey: step.rootKey,
    sendingChain: step.chainKey,
    receivingChain: null,
    sendingNumber: 0,
    receivingNumber: 0,
    previousCount: 0,
    sendingHeaderKey: shared.initiatorHeaderKey,
    receivingHeaderKey: null,
    nextSendingHeaderKey: step.headerKey,
    nextReceivingHeaderKey: shared.responderHeaderKey,
  }
}

/** RatchetInitBobHE */
export function responderState(shared: SharedSecrets, prekey: KeyPair): SessionState {
  return {
    sessionId: shared.sessionId,
    adHash: shared.adHash,
    role: 'responder',
    handshake: new Uint8Array(),
    exporter: shared.exporter,
    ratchetKey: prekey,
    peerRatchetKey: null,
    rootKey: shared.rootKey,
    sendingChain: null,
    receivingChain: null,
    sendingNumber: 0,
    receivingNumber: 0,
    previousCount: 0,
    sendingHeaderKey: null,
    receivingHeaderKey: null,
    nextSendingHeaderKey: shared.responderHeaderKey,
    nextReceivingHeaderKey: shared.initiatorHeaderKey,
  }
}

/** One envelope, padded whole. @throws too-large; a responder who has received nothing cannot send (a bug) */
export function encryptMessage(
  c: Crypto,
  state: SessionState,
  plaintext: Uint8Array,
): { readonly session: SessionState; readonly envelope: Uint8Array } {
  const { sendingChain, sendingHeaderKey } = state
  if (sendingChain === null || sendingHeaderKey === null) throw new Error('a responder speaks after it was spoken to')
  const step = stepChain(c, sendingChain)
  const header = new ByteWriter(HEADER_BYTES)
    .fixed(state.ratchetKey.publicKey, 32)
    .u32(state.previousCount)
    .u32(state.sendingNumber)
    .finish()
  const headerNonce = c.random(NONCE_BYTES)
  const sealedHeader = concatBytes(headerNonce, c.backend.seal(sendingHeaderKey, headerNonce, state.adHash, header))
  const prefix = envelopePrefix(state.handshake.length > 0 ? 'handshake' : 'message')
  const nonce = c.random(NONCE_BYTES)
  const before = concatBytes(prefix, state.handshake, sealedHeader, nonce)
  const body = padded(plaintext, before.length + TAG_BYTES)
  const sealedBody = c.backend.seal(step.messageKey, nonce, concatBytes(state.adHash, before), body)
  return {
    session: { ...state, sendingChain: step.chainKey, sendingNumber: state.sendingNumber + 1 },
    envelope: concatBytes(before, sealedBody),
  }
}

/** u32 length ‖ plaintext ‖ zeros, so that the whole envelope has one of few sizes. */
function padded(plaintext: Uint8Array, around: number): Uint8Array {
  const size = paddedSize(around + 4 + plaintext.length)
  if (size > MAX_ENVELOPE_BYTES) throw new ParleyError('too-large', 'envelope')
  const body = new Uint8Array(size - around)
  new DataView(body.buffer).setUint32(0, plaintext.length)
  body.set(plaintext, 4)
  return body
}

function unpadded(body: Uint8Array): Uint8Array {
  if (body.length < 4) throw failure()
  const length = new DataView(body.buffer, body.byteOffset).getUint32(0)
  if (length > body.length - 4) throw failure()
  return body.slice(4, 4 + length)
}

/** @throws cannot-decrypt for whatever does not open, a replay among it; malformed | unsupported-version before any key was touched */
export function decryptMessage(
  c: Crypto,
  state: SessionState,
  envelope: Uint8Array,
  skipped: SkippedKeyLookup,
): Decrypted {
  const parts = splitEnvelope(envelope)
  return openSkipped(c, state, parts, skipped) ?? openInChain(c, state, parts)
}

function openHeader(c: Crypto, state: SessionState, key: Uint8Array | null, sealed: Uint8Array): Header | null {
  if (key === null) return null
  const opened = c.backend.open(key, sealed.slice(0, NONCE_BYTES), state.adHash, sealed.slice(NONCE_BYTES))
  if (opened === null) return null
  const reader = new ByteReader(opened)
  return { ratchetKey: reader.fixed(32), previousCount: reader.u32(), number: reader.u32() }
}

function openBody(c: Crypto, state: SessionState, parts: EnvelopeParts, messageKey: Uint8Array): Uint8Array {
  const opened = c.backend.open(messageKey, parts.nonce, concatBytes(state.adHash, parts.before), parts.body)
  if (opened === null) throw failure()
  return unpadded(opened)
}

/** TrySkippedMessageKeysHE */
function openSkipped(
  c: Crypto,
  state: SessionState,
  parts: EnvelopeParts,
  skipped: SkippedKeyLookup,
): Decrypted | null {
  for (const headerKeyId of skipped.headerKeys()) {
    const header = openHeader(c, state, headerKeyId, parts.header)
    const key = header === null ? undefined : skipped.find(headerKeyId, header.number)
    if (header === null || key === undefined) continue
    return {
      session: state,
      plaintext: openBody(c, state, parts, key),
      consumedSkipped: { headerKeyId, messageNumber: header.number },
      newSkipped: [],
    }
  }
  return null
}

function openInChain(c: Crypto, state: SessionState, parts: EnvelopeParts): Decrypted {
  const current = openHeader(c, state, state.receivingHeaderKey, parts.header)
  if (current !== null) return advance(c, state, current, parts, [])
  const next = openHeader(c, state, state.nextReceivingHeaderKey, parts.header)
  if (next === null) throw failure()
  const before = skipTo(c, state, next.previousCount)
  return advance(c, ratchet(c, before.session, next.ratchetKey), next, parts, before.newSkipped)
}

function advance(
  c: Crypto,
  state: SessionState,
  header: Header,
  parts: EnvelopeParts,
  alreadySkipped: readonly SkippedKey[],
): Decrypted {
  const { session, newSkipped } = skipTo(c, state, header.number)
  if (session.receivingChain === null || session.receivingNumber !== header.number) throw failure()
  const step = stepChain(c, session.receivingChain)
  const plaintext = openBody(c, session, parts, step.messageKey)
  return {
    session: {
      ...session,
      // The other side has answered: it has the handshake.
      handshake: new Uint8Array(),
      receivingChain: step.chainKey,
      receivingNumber: header.number + 1,
    },
    plaintext,
    newSkipped: [...alreadySkipped, ...newSkipped],
  }
}

/** SkipMessageKeysHE */
function skipTo(
  c: Crypto,
  state: SessionState,
  until: number,
): { readonly session: SessionState; readonly newSkipped: readonly SkippedKey[] } {
  const { receivingHeaderKey } = state
  if (state.receivingChain === null || receivingHeaderKey === null) return { session: state, newSkipped: [] }
  if (until - state.receivingNumber > MAX_JUMP) throw failure()
  let { receivingChain, receivingNumber } = {
    receivingChain: state.receivingChain,
    receivingNumber: state.receivingNumber,
  }
  const newSkipped: SkippedKey[] = []
  while (receivingNumber < until) {
    const step = stepChain(c, receivingChain)
    newSkipped.push({ headerKeyId: receivingHeaderKey, messageNumber: receivingNumber, key: step.messageKey })
    receivingChain = step.chainKey
    receivingNumber += 1
  }
  return { session: { ...state, receivingChain, receivingNumber }, newSkipped }
}

/** DHRatchetHE */
function ratchet(c: Crypto, state: SessionState, peerRatchetKey: Uint8Array): SessionState {
  const receiving = stepRoot(c, state.rootKey, state.ratchetKey.secretKey, peerRatchetKey)
  const ratchetKey = generateAgreementKey(c)
  const sending = stepRoot(c, receiving.rootKey, ratchetKey.secretKey, peerRatchetKey)
  return {
    ...state,
    previousCount: state.sendingNumber,
    sendingNumber: 0,
    receivingNumber: 0,
    sendingHeaderKey: state.nextSendingHeaderKey,
    receivingHeaderKey: state.nextReceivingHeaderKey,
    peerRatchetKey,
    ratchetKey,
    rootKey: sending.rootKey,
    receivingChain: receiving.chainKey,
    nextReceivingHeaderKey: receiving.headerKey,
    sendingChain: sending.chainKey,
    nextSendingHeaderKey: sending.headerKey,
  }
}

/** Typing, call signalling: keys exported from the session, never from its chains. nonce 12 ‖ AES-256-GCM. */
export function sealEphemeral(c: Crypto, state: SessionState, plaintext: Uint8Array): Uint8Array {
  const nonce = c.random(NONCE_BYTES)
  const prefix = envelopePrefix('ephemeral')
  return concatBytes(prefix, nonce, c.backend.seal(ephemeralKey(c, state, true), nonce, prefix, plaintext))
}

/** @throws cannot-decrypt */
export function openEphemeral(c: Crypto, state: SessionState, envelope: Uint8Array): Uint8Array {
  const prefix = envelope.slice(0, 3)
  const nonce = envelope.slice(3, 3 + NONCE_BYTES)
  const opened =
    nonce.length === NONCE_BYTES
      ? c.backend.open(ephemeralKey(c, state, false), nonce, prefix, envelope.slice(3 + NONCE_BYTES))
      : null
  if (opened === null) throw failure()
  return opened
}

function ephemeralKey(c: Crypto, state: SessionState, sending: boolean): Uint8Array {
  const fromInitiator = (state.role === 'initiator') === sending
  return deriveKey(c, state.exporter, 'ephemeral', new Uint8Array([fromInitiator ? 1 : 2]), 32)
}
