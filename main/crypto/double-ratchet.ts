/**
 * The Double Ratchet with header encryption (Signal's specification, revision 4, section 4), over X25519,
 * HKDF-SHA-256, HMAC-SHA-256 and AES-256-GCM, with ML-KEM-768 mixed into the root now and then. Works on copies: a message that does not open changes nothing.
 */

import { splitChainEnvelope } from '../../shared/wire/envelope.ts'
import type { ChainEnvelope } from '../../shared/wire/envelope.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { KeyPair } from './backend/backend.ts'
import type { Crypto } from './crypto.ts'
import { answerOffer, beginOffer, isKemDue, NO_KEM, openAnswer } from './kem-ratchet.ts'
import { stepChain, stepRoot } from './key-schedule.ts'
import { openBody, openHeader, openKemPart, sealInChain } from './ratchet-envelope.ts'
import type { Header } from './ratchet-envelope.ts'
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

/** A session and the keys that its last steps passed over. */
interface Skipping {
  readonly session: SessionState
  readonly skipped: readonly SkippedKey[]
}

const NOTHING = new Uint8Array()
/** Counts no further than its field. */
const oneMore = (count: number): number => Math.min(count + 1, 0xffff_ffff)

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
export function initiatorState(
  c: Crypto,
  shared: SharedSecrets,
  responderPrekey: Uint8Array,
  nowMs: number,
): SessionState {
  const ratchetKey = c.generateAgreementKey()
  const step = stepRoot(c, shared.rootKey, ratchetKey.secretKey, responderPrekey, null)
  return {
    ...emptyState(shared, nowMs),
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
export function responderState(shared: SharedSecrets, prekey: KeyPair, nowMs: number): SessionState {
  return {
    ...emptyState(shared, nowMs),
    role: 'responder',
    ratchetKey: prekey,
    rootKey: shared.rootKey,
    nextSendingHeaderKey: shared.responderHeaderKey,
    nextReceivingHeaderKey: shared.initiatorHeaderKey,
  }
}

function emptyState(shared: SharedSecrets, nowMs: number) {
  return {
    sessionId: shared.sessionId,
    adHash: shared.adHash,
    handshake: NOTHING,
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
    kem: NO_KEM,
    sinceKem: 0,
    kemAtMs: nowMs,
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
  const { sendingChain, sendingHeaderKey, sendingNumber } = session
  if (sendingChain === null || sendingHeaderKey === null) throw new Error('a responder speaks after it was spoken to')
  if (sendingNumber > MAX_NUMBER) throw new Error('a chain that should long have been left')
  const step = stepChain(c, sendingChain)
  const envelope = sealInChain(c, session, sendingHeaderKey, step.messageKey, plaintext)
  return {
    session: {
      ...session,
      sendingChain: step.chainKey,
      sendingNumber: sendingNumber + 1,
      sinceKem: oneMore(session.sinceKem),
    },
    envelope,
  }
}

/**
 * RatchetDecryptHE. At most seven header keys are tried.
 * @param nowMs what tells whether the post-quantum ratchet is due
 * @throws cannot-decrypt for whatever does not open, a replay among it · malformed | unsupported-version | too-large before any key was touched
 */
export function decryptMessage(
  c: Crypto,
  session: SessionState,
  envelope: Uint8Array,
  skipped: SkippedKeyLookup,
  nowMs: number,
): Decrypted {
  const opened = openWithHeader(c, session, splitChainEnvelope(envelope), skipped, nowMs)
  return { ...opened, session: { ...opened.session, sinceKem: oneMore(opened.session.sinceKem) } }
}

/** The likelier of the two live header keys first: a peer that was spoken to has most likely begun its next chain. */
function openWithHeader(
  c: Crypto,
  session: SessionState,
  parts: ChainEnvelope,
  skipped: SkippedKeyLookup,
  nowMs: number,
): Decrypted {
  const { receivingHeaderKey, nextReceivingHeaderKey } = session
  const inCurrent = (): Decrypted | null => {
    const header = receivingHeaderKey === null ? null : openHeader(c, session, receivingHeaderKey, parts)
    if (receivingHeaderKey === null || header === null) return null
    return header.number < session.receivingNumber
      ? openLate(c, session, parts, skipped, receivingHeaderKey, header)
      : openInChain(c, { session, skipped: [] }, parts, header)
  }
  const inNext = (): Decrypted | null => {
    const header = openHeader(c, session, nextReceivingHeaderKey, parts)
    return header === null ? null : openInNewChain(c, session, parts, header, nowMs)
  }
  const opened = session.sendingNumber > 0 ? (inNext() ?? inCurrent()) : (inCurrent() ?? inNext())
  if (opened !== null) return opened
  for (const { headerKey } of session.lateChains) {
    const late = openHeader(c, session, headerKey, parts)
    if (late !== null) return openLate(c, session, parts, skipped, headerKey, late)
  }
  throw failure()
}

/** TrySkippedMessageKeysHE, for the one row that the header names. */
function openLate(
  c: Crypto,
  session: SessionState,
  parts: ChainEnvelope,
  skipped: SkippedKeyLookup,
  headerKey: Uint8Array,
  header: Header,
): Decrypted {
  const row: SkippedKeyRef = { headerKeyId: headerKey, messageNumber: header.number }
  const key = skipped.find(row.headerKeyId, row.messageNumber)
  if (key === undefined) throw failure()
  const plaintext = openBody(c, session, parts, header, key)
  return { session: withOneLess(session, headerKey), plaintext, consumedSkipped: row, newSkipped: [] }
}

/** A chain of which nothing is missing any more is not asked again. */
function withOneLess(session: SessionState, headerKey: Uint8Array): SessionState {
  if (headerKey === session.receivingHeaderKey) return { ...session, missing: Math.max(0, session.missing - 1) }
  const lateChains = session.lateChains
    .map((chain) => (chain.headerKey === headerKey ? { ...chain, missing: chain.missing - 1 } : chain))
    .filter((chain) => chain.missing > 0)
  return { ...session, lateChains }
}

/** A message of the receiving chain: the keys before it are set aside, the chain goes on after it. */
function openInChain(c: Crypto, from: Skipping, parts: ChainEnvelope, header: Header): Decrypted {
  if (header.number > MAX_NUMBER) throw failure()
  const { session, skipped } = skipTo(c, from, header.number)
  if (session.receivingChain === null) throw failure()
  const step = stepChain(c, session.receivingChain)
  const plaintext = openBody(c, session, parts, header, step.messageKey)
  return {
    // The other side speaks in this session: it has the handshake.
    session: {
      ...session,
      handshake: NOTHING,
      receivingChain: step.chainKey,
      receivingNumber: header.number + 1,
    },
    plaintext,
    newSkipped: skipped,
  }
}

/** DHRatchetHE. Its sending half comes last, so that what is refused costs one agreement and one decapsulation. */
function openInNewChain(
  c: Crypto,
  session: SessionState,
  parts: ChainEnvelope,
  header: Header,
  nowMs: number,
): Decrypted {
  // Whoever answers has seen the chain that offers, and each of its messages carries the key.
  if ((session.kem.kind === 'offer') !== (header.kem === 'answer')) throw failure()
  const kemPart = header.kem === 'none' ? null : openKemPart(c, session, session.nextReceivingHeaderKey, header, parts)
  const ended = skipTo(c, { session, skipped: [] }, header.previousCount)
  const kemSecret = session.kem.kind === 'offer' && kemPart !== null ? openAnswer(c, session.kem.seed, kemPart) : null
  const receiving = stepRoot(c, session.rootKey, session.ratchetKey.secretKey, header.ratchetKey, kemSecret)
  const entered: SessionState = {
    ...ended.session,
    rootKey: receiving.rootKey,
    receivingChain: receiving.chainKey,
    receivingNumber: 0,
    receivingHeaderKey: session.nextReceivingHeaderKey,
    nextReceivingHeaderKey: receiving.nextHeaderKey,
    missing: 0,
    lateChains: lateChains(ended.session),
    ...(kemSecret === null ? {} : { sinceKem: 0, kemAtMs: nowMs }),
  }
  const opened = openInChain(c, { session: entered, skipped: ended.skipped }, parts, header)
  const offered = header.kem === 'offer' ? kemPart : null
  return { ...opened, session: beginSending(c, opened.session, header.ratchetKey, offered, nowMs) }
}

function lateChains({ receivingHeaderKey, missing, lateChains: earlier }: SessionState): readonly LateChain[] {
  if (receivingHeaderKey === null || missing === 0) return earlier
  return [{ headerKey: receivingHeaderKey, missing }, ...earlier].slice(0, MAX_LATE_CHAINS)
}

/** @param offered the encapsulation key that the peer's chain carries, or null */
function beginSending(
  c: Crypto,
  session: SessionState,
  peerRatchetKey: Uint8Array,
  offered: Uint8Array | null,
  nowMs: number,
): SessionState {
  const ratchetKey = c.generateAgreementKey()
  const answer = offered === null ? null : answerOffer(c, offered)
  const secret = answer?.secret ?? null
  const sending = stepRoot(c, session.rootKey, ratchetKey.secretKey, peerRatchetKey, secret)
  const begun: SessionState = {
    ...session,
    ratchetKey,
    rootKey: sending.rootKey,
    previousCount: session.sendingNumber,
    sendingNumber: 0,
    sendingChain: sending.chainKey,
    sendingHeaderKey: session.nextSendingHeaderKey,
    nextSendingHeaderKey: sending.nextHeaderKey,
  }
  if (answer !== null) return { ...begun, kem: answer.step, sinceKem: 0, kemAtMs: nowMs }
  return { ...begun, kem: isKemDue(session, nowMs) ? beginOffer(c) : NO_KEM }
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
