/** The state of a session and its stored form. Values only: every step makes a new one. */

import { ByteReader, ByteWriter } from '../../shared/wire/bytes.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { KeyPair } from './backend/backend.ts'

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
  readonly peerRatchetKey: Uint8Array | null
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
}

const STATE_VERSION = 1

export function encodeSession(state: SessionState): Uint8Array {
  const writer = new ByteWriter(2_048)
    .u8(STATE_VERSION)
    .u8(0)
    .fixed(state.sessionId, 32)
    .fixed(state.adHash, 32)
    .u8(state.role === 'initiator' ? 1 : 2)
    .bytes16(state.handshake)
    .fixed(state.exporter, 32)
    .fixed(state.ratchetKey.publicKey, 32)
    .fixed(state.ratchetKey.secretKey, 32)
    .fixed(state.rootKey, 32)
    .u32(state.sendingNumber)
    .u32(state.receivingNumber)
    .u32(state.previousCount)
    .fixed(state.nextSendingHeaderKey, 32)
    .fixed(state.nextReceivingHeaderKey, 32)
  for (const key of [
    state.peerRatchetKey,
    state.sendingChain,
    state.receivingChain,
    state.sendingHeaderKey,
    state.receivingHeaderKey,
  ]) {
    writer.bytes8(key ?? new Uint8Array())
  }
  return writer.finish()
}

/** @throws malformed | unsupported-version */
export function decodeSession(bytes: Uint8Array): SessionState {
  const reader = new ByteReader(bytes)
  if (reader.u8() !== STATE_VERSION || reader.u8() !== 0) throw new ParleyError('unsupported-version', 'session')
  const sessionId = reader.fixed(32)
  const adHash = reader.fixed(32)
  const role = reader.u8() === 1 ? 'initiator' : 'responder'
  const handshake = reader.bytes16()
  const exporter = reader.fixed(32)
  const ratchetKey = { publicKey: reader.fixed(32), secretKey: reader.fixed(32) }
  const rootKey = reader.fixed(32)
  const [sendingNumber, receivingNumber, previousCount] = [reader.u32(), reader.u32(), reader.u32()]
  const nextSendingHeaderKey = reader.fixed(32)
  const nextReceivingHeaderKey = reader.fixed(32)
  const state: SessionState = {
    sessionId,
    adHash,
    role,
    handshake,
    exporter,
    ratchetKey,
    rootKey,
    sendingNumber,
    receivingNumber,
    previousCount,
    nextSendingHeaderKey,
    nextReceivingHeaderKey,
    peerRatchetKey: optionalKey(reader),
    sendingChain: optionalKey(reader),
    receivingChain: optionalKey(reader),
    sendingHeaderKey: optionalKey(reader),
    receivingHeaderKey: optionalKey(reader),
  }
  reader.end()
  return state
}

function optionalKey(reader: ByteReader): Uint8Array | null {
  const key = reader.bytes8(32)
  if (key.length === 0) return null
  if (key.length !== 32) throw new ParleyError('malformed', 'session key')
  return key
}
