/**
 * The Double Ratchet with header encryption (Signal's specification, revision 4, section 4), over X25519,
 * HKDF-SHA-256, HMAC-SHA-256 and AES-256-GCM. Works on copies: a message that does not open changes nothing.
 */

import { ByteReader, ByteWriter, concatBytes } from '../../shared/wire/bytes.ts'
import {
  envelopePrefix,
  HEADER_BYTES,
  NONCE_BYTES,
  SEALED_HEADER_BYTES,
  splitChainEnvelope,
} from '../../shared/wire/envelope.ts'
import type { ChainEnvelope } from '../../shared/wire/envelope.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { KeyPair } from './backend/backend.ts'
import type { Crypto } from './crypto.ts'
import { padBody, unpadBody } from './envelope.ts'
import { stepChain, stepRoot } from './key-schedule.ts'
import { MAX_LATE_CHAINS } from './session-state.ts'
import type { LateChain, SessionState } from './session-state.ts'

/** How many messages that have not come one envelope may jump over, in the chain it ends and its own together. */
const MAX_JUMP = 10_000
/** The last number of a chain; so that numbers never leave their u32. */
const MAX_NUMBER = 0xffff_fffe
/** Design, "Sessions": a sender that has heard nothing for so long starts a new session. */
export const MAX_UNANSWERED_MESSAGES = 5_000

/** A key of a message that has not come yet: kept by the caller, as a row of its own. */
export interface SkippedKey {
  /** 32 bytes: the header key of its chain. */
  readonly headerKeyId: Uint8Array
  readonly messageNumber: number
  readonly key: Uint8Array
}

export type SkippedKeyRef = Pick<SkippedKey, 'headerKeyId' | 'messageNumber'>

export interface SkippedKeyLookup {
  readonly find: (headerKeyId: Uint8Array, messageNumber: number) => Uint8Array | undefined
}

/** What an envelope held. The caller commits session, new rows and the deletion of the used one together, or nothing. */
export interface Decrypted {
  readonly session: SessionState
  readonly plaintext: Uint8Array
  /** To be deleted: a key opens one message. */
  readonly consumedSkipped?: SkippedKeyRef
  readonly newSkipped: readonly SkippedKey[]
}

interface Header {
  readonly ratchetKey: Uint8Array
  readonly previousCount: number
  readonly number: number
}

/** A session and the keys that its last steps passed over. */
interface Skipping {
  readonly session: SessionState
  readonly skipped: readonly SkippedKey[]
}

function failure(): ParleyError {
  return new ParleyError('cannot-decrypt')
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
  const ratchetKey = c.generateAgreementKey()
  const step = stepRoot(c, shared.rootKey, ratchetKey.secretKey, responderPrekey)
  return {
    ...emptyState(shared),
    role: 'initiator',
    handshake: shared.handshake,
    ratchetKey,
    rootKey: step.rootKey,
    sendingChain: step.chainKey,
    sendingHeaderKey: shared.initiatorHeaderKey,
    nextSendingHeaderKey: step.nextHeaderKey,
    nextReceivingHeaderKey: shared.responderHeaderKey,
  }
}

/** RatchetInitBobHE */
export function responderState(shared: SharedSecrets, prekey: KeyPair): SessionState {
  return {
    ...emptyState(shared),
    role: 'responder',
    ratchetKey: prekey,
    rootKey: shared.rootKey,
    nextSendingHeaderKey: shared.responderHeaderKey,
    nextReceivingHeaderKey: shared.initiatorHeaderKey,
  }
}

function emptyState(shared: SharedSecrets) {
  return {
    sessionId: shared.sessionId,
    adHash: shared.adHash,
    handshake: new Uint8Array(),
    exporter: shared.exporter,
    sendingChain: null,
    receivingChain: null,
    sendingNumber: 0,
    receivingNumber: 0,
    previousCount: 0,
    sendingHeaderKey: null,
    receivingHeaderKey: null,
    missing: 0,
    lateChains: [],
  } as const
}

/** How many messages were sent since the other side last answered: see `MAX_UNANSWERED_MESSAGES`. */
export function unansweredMessages(session: SessionState): number {
  return session.sendingNumber
}

/**
 * RatchetEncryptHE: one envelope, padded whole; a handshake while the other side has not answered.
 * @throws too-large
 */
export function encryptMessage(
  c: Crypto,
  session: SessionState,
  plaintext: Uint8Array,
): { readonly session: SessionState; readonly envelope: Uint8Array } {
  const { sendingChain, sendingHeaderKey, sendingNumber, adHash, handshake } = session
  if (sendingChain === null || sendingHeaderKey === null) throw new Error('a responder speaks after it was spoken to')
  if (sendingNumber > MAX_NUMBER) throw new Error('a chain that should long have been left')
  const step = stepChain(c, sendingChain)
  const header = new ByteWriter(HEADER_BYTES)
    .fixed(session.ratchetKey.publicKey, 32)
    .u32(session.previousCount)
    .u32(sendingNumber)
    .finish()
  const headerNonce = c.random(NONCE_BYTES)
  const sealedHeader = c.backend.seal(sendingHeaderKey, headerNonce, adHash, header)
  const nonce = c.random(NONCE_BYTES)
  const prefix = envelopePrefix(handshake.length > 0 ? 'handshake' : 'message')
  const beforeBody = concatBytes(prefix, handshake, headerNonce, sealedHeader, nonce)
  const body = padBody(plaintext, beforeBody.length)
  const sealedBody = c.backend.seal(step.messageKey, nonce, concatBytes(adHash, beforeBody), body)
  return {
    session: { ...session, sendingChain: step.chainKey, sendingNumber: sendingNumber + 1 },
    envelope: concatBytes(beforeBody, sealedBody),
  }
}

/**
 * RatchetDecryptHE. At most seven header keys are tried.
 * @throws cannot-decrypt for whatever does not open, a replay among it · malformed | unsupported-version | too-large before any key was touched
 */
export function decryptMessage(
  c: Crypto,
  session: SessionState,
  envelope: Uint8Array,
  skipped: SkippedKeyLookup,
): Decrypted {
  const parts = splitChainEnvelope(envelope)
  const { receivingHeaderKey, nextReceivingHeaderKey } = session
  const current = receivingHeaderKey === null ? null : openHeader(c, session, receivingHeaderKey, parts)
  if (receivingHeaderKey !== null && current !== null) {
    return current.number < session.receivingNumber
      ? openLate(c, session, parts, skipped, { headerKeyId: receivingHeaderKey, messageNumber: current.number })
      : openInChain(c, { session, skipped: [] }, parts, current.number)
  }
  const next = openHeader(c, session, nextReceivingHeaderKey, parts)
  if (next !== null) return openInNewChain(c, session, parts, next)
  for (const { headerKey } of session.lateChains) {
    const late = openHeader(c, session, headerKey, parts)
    if (late !== null) {
      return openLate(c, session, parts, skipped, { headerKeyId: headerKey, messageNumber: late.number })
    }
  }
  throw failure()
}

function openHeader(c: Crypto, session: SessionState, headerKey: Uint8Array, parts: ChainEnvelope): Header | null {
  const sealed = parts.sealedHeader
  if (sealed.length !== SEALED_HEADER_BYTES) throw failure()
  const opened = c.backend.open(headerKey, sealed.slice(0, NONCE_BYTES), session.adHash, sealed.slice(NONCE_BYTES))
  if (opened === null) return null
  const reader = new ByteReader(opened)
  return { ratchetKey: reader.fixed(32), previousCount: reader.u32(), number: reader.u32() }
}

function openBody(c: Crypto, session: SessionState, parts: ChainEnvelope, messageKey: Uint8Array): Uint8Array {
  const ad = concatBytes(session.adHash, parts.beforeBody)
  const opened = c.backend.open(messageKey, parts.nonce, ad, parts.sealedBody)
  const plaintext = opened === null ? null : unpadBody(opened)
  if (plaintext === null) throw failure()
  return plaintext
}

/** TrySkippedMessageKeysHE, for the one row that the header names. */
function openLate(
  c: Crypto,
  session: SessionState,
  parts: ChainEnvelope,
  skipped: SkippedKeyLookup,
  row: SkippedKeyRef,
): Decrypted {
  const key = skipped.find(row.headerKeyId, row.messageNumber)
  if (key === undefined) throw failure()
  const plaintext = openBody(c, session, parts, key)
  return { session: withOneLess(session, row.headerKeyId), plaintext, consumedSkipped: row, newSkipped: [] }
}

/** A chain of which nothing is missing any more is not asked again. */
function withOneLess(session: SessionState, headerKey: Uint8Array): SessionState {
  if (headerKey === session.receivingHeaderKey) return { ...session, missing: Math.max(0, session.missing - 1) }
  const lateChains = session.lateChains
    .map((chain) => (chain.headerKey === headerKey ? { ...chain, missing: chain.missing - 1 } : chain))
    .filter((chain) => chain.missing > 0)
  return { ...session, lateChains }
}

/** The message `number` of the receiving chain: the keys before it are set aside, the chain goes on after it. */
function openInChain(c: Crypto, from: Skipping, parts: ChainEnvelope, number: number): Decrypted {
  if (number > MAX_NUMBER) throw failure()
  const { session, skipped } = skipTo(c, from, number)
  if (session.receivingChain === null) throw failure()
  const step = stepChain(c, session.receivingChain)
  const plaintext = openBody(c, session, parts, step.messageKey)
  return {
    // The other side speaks in this session: it has the handshake.
    session: {
      ...session,
      handshake: new Uint8Array(),
      receivingChain: step.chainKey,
      receivingNumber: number + 1,
    },
    plaintext,
    newSkipped: skipped,
  }
}

/** DHRatchetHE. Its sending half comes last, so that what is refused costs one agreement. */
function openInNewChain(c: Crypto, session: SessionState, parts: ChainEnvelope, header: Header): Decrypted {
  const ended = skipTo(c, { session, skipped: [] }, header.previousCount)
  const receiving = stepRoot(c, session.rootKey, session.ratchetKey.secretKey, header.ratchetKey)
  const entered: SessionState = {
    ...ended.session,
    rootKey: receiving.rootKey,
    receivingChain: receiving.chainKey,
    receivingNumber: 0,
    receivingHeaderKey: session.nextReceivingHeaderKey,
    nextReceivingHeaderKey: receiving.nextHeaderKey,
    missing: 0,
    lateChains: lateChains(ended.session),
  }
  const opened = openInChain(c, { session: entered, skipped: ended.skipped }, parts, header.number)
  return { ...opened, session: beginSending(c, opened.session, header.ratchetKey) }
}

function lateChains({ receivingHeaderKey, missing, lateChains: earlier }: SessionState): readonly LateChain[] {
  if (receivingHeaderKey === null || missing === 0) return earlier
  return [{ headerKey: receivingHeaderKey, missing }, ...earlier].slice(0, MAX_LATE_CHAINS)
}

function beginSending(c: Crypto, session: SessionState, peerRatchetKey: Uint8Array): SessionState {
  const ratchetKey = c.generateAgreementKey()
  const sending = stepRoot(c, session.rootKey, ratchetKey.secretKey, peerRatchetKey)
  return {
    ...session,
    ratchetKey,
    rootKey: sending.rootKey,
    previousCount: session.sendingNumber,
    sendingNumber: 0,
    sendingChain: sending.chainKey,
    sendingHeaderKey: session.nextSendingHeaderKey,
    nextSendingHeaderKey: sending.nextHeaderKey,
  }
}

/** SkipMessageKeysHE */
function skipTo(c: Crypto, from: Skipping, until: number): Skipping {
  const { session } = from
  const { receivingHeaderKey, receivingNumber } = session
  let { receivingChain } = session
  if (receivingChain === null || receivingHeaderKey === null || until <= receivingNumber) return from
  if (until - receivingNumber + from.skipped.length > MAX_JUMP) throw failure()
  const skipped = [...from.skipped]
  for (let messageNumber = receivingNumber; messageNumber < until; messageNumber++) {
    const step = stepChain(c, receivingChain)
    skipped.push({ headerKeyId: receivingHeaderKey, messageNumber, key: step.messageKey })
    receivingChain = step.chainKey
  }
  const missing = session.missing + (until - receivingNumber)
  return { session: { ...session, receivingChain, receivingNumber: until, missing }, skipped }
}
