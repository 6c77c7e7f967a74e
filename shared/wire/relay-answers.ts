/**
 * `/parley/mailbox/1`, from relay to client. Body of a frame: u8 type ‖ u32 request id (0 when nothing was asked) ‖ payload.
 * docs/protocol/relay.md has the byte tables.
 */

import { ParleyError } from '../errors.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { readRefusal, writeRefusal } from './relay-codes.ts'
import type { Refusal } from './relay-codes.ts'
import {
  MAX_BATCH_ITEMS,
  MAX_DEPOSIT_BYTES,
  MAX_DIRECTORY_ITEM_BYTES,
  MAX_INVITE_ITEM_BYTES,
} from './relay-requests.ts'
import { SIGNATURE_BYTES } from './relay-signed.ts'

const MAX_FRONT_ENDS_BYTES = 4_600
const MAX_HANDLE_BYTES = 4

export interface PushEntry {
  /** 4 bytes, or empty for what came through the front door. */
  readonly handle: Uint8Array
  readonly heldMs: number
  readonly envelope: Uint8Array
}

export type RelayMessage =
  | { readonly type: 'reply'; readonly requestId: number; readonly payload: Uint8Array }
  /** Request id 0: about the stream itself, which the relay closes after it. */
  | { readonly type: 'error'; readonly requestId: number; readonly refusal: Refusal }
  | { readonly type: 'push'; readonly entries: readonly PushEntry[] }
  | { readonly type: 'stock'; readonly lookupId: Uint8Array; readonly remaining: number }
  /** Nothing new is read here any more: connect elsewhere. From version 2 on. */
  | { readonly type: 'stops' }

const REPLY = 128
const ERROR = 129
const PUSH = 130
const STOCK = 131
const STOPS = 132

export function encodeRelayMessage(message: RelayMessage): Uint8Array {
  switch (message.type) {
    case 'reply':
      return new ByteWriter(message.payload.length + 8).u8(REPLY).u32(message.requestId).raw(message.payload).finish()
    case 'error':
      return writeRefusal(new ByteWriter(16).u8(ERROR).u32(message.requestId), message.refusal).finish()
    case 'push':
      return encodePush(message.entries)
    case 'stock':
      return new ByteWriter(64).u8(STOCK).u32(0).fixed(message.lookupId, 32).u32(message.remaining).finish()
    case 'stops':
      return new ByteWriter(8).u8(STOPS).u32(0).finish()
  }
}

function encodePush(entries: readonly PushEntry[]): Uint8Array {
  const sizeHint = entries.reduce((sum, { envelope }) => sum + envelope.length + 16, 16)
  const writer = new ByteWriter(sizeHint).u8(PUSH).u32(0).u16(entries.length)
  for (const { handle, heldMs, envelope } of entries) writer.bytes8(handle).u48(heldMs).bytes32(envelope)
  return writer.finish()
}

/** @throws malformed */
export function decodeRelayMessage(frame: Uint8Array): RelayMessage {
  const reader = new ByteReader(frame)
  const type = reader.u8()
  const requestId = reader.u32()
  const message = readMessage(type, requestId, reader)
  reader.end()
  return message
}

function readMessage(type: number, requestId: number, reader: ByteReader): RelayMessage {
  switch (type) {
    case REPLY:
      return { type: 'reply', requestId, payload: reader.rest() }
    case ERROR:
      return { type: 'error', requestId, refusal: readRefusal(reader) }
    case PUSH:
      unasked(requestId)
      return { type: 'push', entries: reader.list16(MAX_BATCH_ITEMS, readPush) }
    case STOCK:
      unasked(requestId)
      return { type: 'stock', lookupId: reader.fixed(32), remaining: reader.u32() }
    case STOPS:
      unasked(requestId)
      return { type: 'stops' }
    default:
      throw new ParleyError('malformed', 'unknown message')
  }
}

function unasked(requestId: number): void {
  if (requestId !== 0) throw new ParleyError('malformed', 'an answer to a request that has none')
}

function readPush(reader: ByteReader): PushEntry {
  const handle = reader.bytes8(MAX_HANDLE_BYTES)
  if (handle.length !== 0 && handle.length !== MAX_HANDLE_BYTES) throw new ParleyError('malformed', 'handle')
  return { handle, heldMs: reader.u48(), envelope: reader.bytes32(MAX_DEPOSIT_BYTES) }
}

export interface HelloAnswer {
  /** The one that both speak from here on. */
  readonly version: number
  readonly challenge: Uint8Array
  /** Signed list (relay-signed.ts). */
  readonly frontEnds: Uint8Array
  readonly retentionSeconds: number
  readonly maxEnvelopeBytes: number
  readonly maxBlobBytes: number
}

export function encodeHelloAnswer(answer: HelloAnswer): Uint8Array {
  return new ByteWriter(512)
    .u8(answer.version)
    .fixed(answer.challenge, 32)
    .bytes16(answer.frontEnds)
    .u32(answer.retentionSeconds)
    .u32(answer.maxEnvelopeBytes)
    .u48(answer.maxBlobBytes)
    .finish()
}

/** @throws malformed */
export function decodeHelloAnswer(payload: Uint8Array): HelloAnswer {
  const reader = new ByteReader(payload)
  const answer = {
    version: reader.u8(),
    challenge: reader.fixed(32),
    frontEnds: reader.bytes16(MAX_FRONT_ENDS_BYTES),
    retentionSeconds: reader.u32(),
    maxEnvelopeBytes: reader.u32(),
    maxBlobBytes: reader.u48(),
  }
  reader.end()
  return answer
}

export type DepositAnswer =
  | { readonly kind: 'held'; readonly storedAtMs: number; readonly expiresAtMs: number }
  | { readonly kind: 'collected' }
  | ({ readonly kind: 'refused' } & Refusal)

export interface DepositsAnswer {
  /** One for each target, in the order of the request. */
  readonly answers: readonly DepositAnswer[]
  /** Over the held ones, in order (relay-receipt.ts); null when none is held. */
  readonly signature: Uint8Array | null
}

const HELD = 0
const COLLECTED = 1
const REFUSED = 2

export function encodeDepositsAnswer({ answers, signature }: DepositsAnswer): Uint8Array {
  const writer = new ByteWriter(96 + answers.length * 13).u16(answers.length)
  for (const answer of answers) {
    switch (answer.kind) {
      case 'held':
        writer.u8(HELD).u48(answer.storedAtMs).u48(answer.expiresAtMs)
        break
      case 'collected':
        writer.u8(COLLECTED)
        break
      case 'refused':
        writeRefusal(writer.u8(REFUSED), answer)
    }
  }
  return signature === null ? writer.finish() : writer.fixed(signature, SIGNATURE_BYTES).finish()
}

/** @throws malformed */
export function decodeDepositsAnswer(payload: Uint8Array): DepositsAnswer {
  const reader = new ByteReader(payload)
  const answers = reader.list16(MAX_BATCH_ITEMS, readDepositAnswer)
  const signature = answers.some((answer) => answer.kind === 'held') ? reader.fixed(SIGNATURE_BYTES) : null
  reader.end()
  return { answers, signature }
}

function readDepositAnswer(reader: ByteReader): DepositAnswer {
  switch (reader.u8()) {
    case HELD:
      return { kind: 'held', storedAtMs: reader.u48(), expiresAtMs: reader.u48() }
    case COLLECTED:
      return { kind: 'collected' }
    case REFUSED:
      return { kind: 'refused', ...readRefusal(reader) }
    default:
      throw new ParleyError('malformed', 'deposit answer')
  }
}

/** What was taken off a directory: u8 0, or u8 1 ‖ u16 length ‖ item. */
export function encodeDirectoryTaken(item: Uint8Array | null): Uint8Array {
  const writer = new ByteWriter(8)
  return item === null ? writer.u8(0).finish() : writer.u8(1).bytes16(item).finish()
}

/** @throws malformed */
export function decodeDirectoryTaken(payload: Uint8Array): Uint8Array | null {
  const reader = new ByteReader(payload)
  const kind = reader.u8()
  if (kind > 1) throw new ParleyError('malformed', 'directory answer')
  const item = kind === 1 ? reader.bytes16(MAX_DIRECTORY_ITEM_BYTES) : null
  reader.end()
  return item
}

export type InviteTaken =
  { readonly kind: 'item'; readonly item: Uint8Array } | { readonly kind: 'used' | 'expired' | 'unknown' }

const INVITE_KINDS = ['item', 'used', 'expired', 'unknown'] as const

export function encodeInviteTaken(taken: InviteTaken): Uint8Array {
  const writer = new ByteWriter(64).u8(INVITE_KINDS.indexOf(taken.kind))
  return taken.kind === 'item' ? writer.bytes32(taken.item).finish() : writer.finish()
}

/** @throws malformed */
export function decodeInviteTaken(payload: Uint8Array): InviteTaken {
  const reader = new ByteReader(payload)
  const kind = INVITE_KINDS[reader.u8()]
  if (kind === undefined) throw new ParleyError('malformed', 'invite answer')
  const taken: InviteTaken = kind === 'item' ? { kind, item: reader.bytes32(MAX_INVITE_ITEM_BYTES) } : { kind }
  reader.end()
  return taken
}

export interface UsageAnswer {
  readonly envelopeCount: number
  readonly bytes: number
}

export function encodeUsage(usage: UsageAnswer): Uint8Array {
  return new ByteWriter(16).u32(usage.envelopeCount).u48(usage.bytes).finish()
}

/** @throws malformed */
export function decodeUsage(payload: Uint8Array): UsageAnswer {
  const reader = new ByteReader(payload)
  const usage = { envelopeCount: reader.u32(), bytes: reader.u48() }
  reader.end()
  return usage
}

export function encodeRemaining(remaining: number): Uint8Array {
  return new ByteWriter(16).u32(remaining).finish()
}

/** @throws malformed */
export function decodeRemaining(payload: Uint8Array): number {
  const reader = new ByteReader(payload)
  const remaining = reader.u32()
  reader.end()
  return remaining
}
