/** The state of a session and its stored form. Values only: every step makes a new one. docs/protocol/session.md, "Session record". */

import { ByteReader, ByteWriter } from '../../shared/wire/bytes.ts'
import { HANDSHAKE_BYTES, KEM_CIPHERTEXT_BYTES, SUITE } from '../../shared/wire/envelope.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { KeyPair } from './backend/backend.ts'

/** A receiving chain that was left behind, and how many of its messages have not come. */
export interface LateChain {
  readonly headerKey: Uint8Array
  readonly missing: number
}

/** With the two live header keys, at most seven are tried for an envelope. */
export const MAX_LATE_CHAINS = 5

/** What the headers of the sending chain carry for the post-quantum ratchet. */
export type KemStep =
  | { readonly kind: 'none' }
  /** The key that the peer is to encapsulate to at its next step. */
  | { readonly kind: 'offer'; readonly seed: Uint8Array; readonly publicKey: Uint8Array }
  /** The ciphertext that this chain was begun with. */
  | { readonly kind: 'answer'; readonly ciphertext: Uint8Array }

export const KEM_BYTES = { seed: 64, publicKey: 1_184, ciphertext: KEM_CIPHERTEXT_BYTES } as const

/** Names follow the Double Ratchet specification, revision 4, section 4 (header encryption). */
export interface SessionState {
  /** 32 bytes, the same on both sides. */
  readonly sessionId: Uint8Array
  /** SHA-256 of the associated data of the handshake. */
  readonly adHash: Uint8Array
  readonly role: 'initiator' | 'responder'
  /** What is repeated before each message until the first answer; empty after it. */
  readonly handshake: Uint8Array
  readonly exporter: Uint8Array
  readonly ratchetKey: KeyPair
  readonly rootKey: Uint8Array
  readonly sendingChain: Uint8Array | null
  readonly receivingChain: Uint8Array | null
  readonly sendingNumber: number
  readonly receivingNumber: number
  readonly previousCount: number
  readonly sendingHeaderKey: Uint8Array | null
  readonly receivingHeaderKey: Uint8Array | null
  readonly nextSendingHeaderKey: Uint8Array
  readonly nextReceivingHeaderKey: Uint8Array
  /** How many messages of the receiving chain were skipped and have not come. */
  readonly missing: number
  /** Newest first, at most five. */
  readonly lateChains: readonly LateChain[]
  readonly kem: KemStep
  /** Messages of both sides since a KEM secret was last mixed in, and when that was. */
  readonly sinceKem: number
  readonly kemAtMs: number
}

const STATE_VERSION = 2
const KEM_KINDS = ['none', 'offer', 'answer'] as const
const ROLES = ['initiator', 'responder'] as const
const NO_KEY = new Uint8Array()
/** Of a record without optional keys, handshake, earlier chains and KEM step. */
const FIXED_BYTES = 293

export function encodeSession(state: SessionState): Uint8Array {
  const writer = new ByteWriter(sizeOf(state))
    .u8(STATE_VERSION)
    .u8(SUITE)
    .fixed(state.sessionId, 32)
    .fixed(state.adHash, 32)
    .u8(ROLES.indexOf(state.role) + 1)
    .bytes16(state.handshake)
    .fixed(state.exporter, 32)
    .fixed(state.ratchetKey.publicKey, 32)
    .fixed(state.ratchetKey.secretKey, 32)
    .fixed(state.rootKey, 32)
    .bytes8(state.sendingChain ?? NO_KEY)
    .bytes8(state.receivingChain ?? NO_KEY)
    .u32(state.sendingNumber)
    .u32(state.receivingNumber)
    .u32(state.previousCount)
    .bytes8(state.sendingHeaderKey ?? NO_KEY)
    .bytes8(state.receivingHeaderKey ?? NO_KEY)
    .fixed(state.nextSendingHeaderKey, 32)
    .fixed(state.nextReceivingHeaderKey, 32)
    .u32(state.missing)
    .u8(state.lateChains.length)
  for (const chain of state.lateChains) writer.fixed(chain.headerKey, 32).u32(chain.missing)
  writer.u32(state.sinceKem).u48(state.kemAtMs).u8(KEM_KINDS.indexOf(state.kem.kind))
  if (state.kem.kind === 'offer') {
    writer.fixed(state.kem.seed, KEM_BYTES.seed).fixed(state.kem.publicKey, KEM_BYTES.publicKey)
  }
  if (state.kem.kind === 'answer') writer.fixed(state.kem.ciphertext, KEM_BYTES.ciphertext)
  return writer.finish()
}

function sizeOf({
  handshake,
  sendingChain,
  receivingChain,
  sendingHeaderKey,
  receivingHeaderKey,
  ...rest
}: SessionState) {
  const optional = [sendingChain, receivingChain, sendingHeaderKey, receivingHeaderKey].filter((key) => key !== null)
  const kemBytes = { none: 0, offer: KEM_BYTES.seed + KEM_BYTES.publicKey, answer: KEM_BYTES.ciphertext }
  return FIXED_BYTES + handshake.length + 32 * optional.length + 36 * rest.lateChains.length + kemBytes[rest.kem.kind]
}

/** @throws malformed · unsupported-version: another version or suite */
export function decodeSession(bytes: Uint8Array): SessionState {
  const reader = new ByteReader(bytes)
  if (reader.u8() !== STATE_VERSION || reader.u8() !== SUITE) throw new ParleyError('unsupported-version', 'session')
  const state: SessionState = {
    sessionId: reader.fixed(32),
    adHash: reader.fixed(32),
    role: readRole(reader),
    handshake: readHandshake(reader),
    exporter: reader.fixed(32),
    ratchetKey: { publicKey: reader.fixed(32), secretKey: reader.fixed(32) },
    rootKey: reader.fixed(32),
    sendingChain: readOptionalKey(reader),
    receivingChain: readOptionalKey(reader),
    sendingNumber: reader.u32(),
    receivingNumber: reader.u32(),
    previousCount: reader.u32(),
    sendingHeaderKey: readOptionalKey(reader),
    receivingHeaderKey: readOptionalKey(reader),
    nextSendingHeaderKey: reader.fixed(32),
    nextReceivingHeaderKey: reader.fixed(32),
    missing: reader.u32(),
    lateChains: reader.list8(MAX_LATE_CHAINS, (item) => ({ headerKey: item.fixed(32), missing: item.u32() })),
    sinceKem: reader.u32(),
    kemAtMs: reader.u48(),
    kem: readKemStep(reader),
  }
  reader.end()
  return state
}

function readRole(reader: ByteReader): SessionState['role'] {
  const role = ROLES[reader.u8() - 1]
  if (role === undefined) throw new ParleyError('malformed', 'session role')
  return role
}

function readKemStep(reader: ByteReader): KemStep {
  const kind = KEM_KINDS[reader.u8()]
  if (kind === undefined) throw new ParleyError('malformed', 'session KEM step')
  if (kind === 'offer') {
    return { kind, seed: reader.fixed(KEM_BYTES.seed), publicKey: reader.fixed(KEM_BYTES.publicKey) }
  }
  return kind === 'answer' ? { kind, ciphertext: reader.fixed(KEM_BYTES.ciphertext) } : { kind }
}

function readHandshake(reader: ByteReader): Uint8Array {
  const handshake = reader.bytes16(HANDSHAKE_BYTES)
  if (handshake.length !== 0 && handshake.length !== HANDSHAKE_BYTES) throw new ParleyError('malformed', 'handshake')
  return handshake
}

function readOptionalKey(reader: ByteReader): Uint8Array | null {
  const key = reader.bytes8(32)
  if (key.length === 0) return null
  if (key.length !== 32) throw new ParleyError('malformed', 'session key')
  return key
}
