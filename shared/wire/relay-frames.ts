/**
 * `/parley/mailbox/1`: what travels in the frames of the long-lived stream between a client and a relay.
 * Body: u8 type ‖ u32 request id ‖ payload. docs/protocol/relay.md has the byte tables.
 */

import { ERROR_CODES, isParleyError, ParleyError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import type { EnvelopeId, MailboxId } from '../model/ids.ts'
import { idFromBytes, idToBytes } from '../model/ids.ts'
import { ByteReader, ByteWriter } from './bytes.ts'

export const MAILBOX_PROTOCOL = '/parley/mailbox/1'
export const MAILBOX_VERSION = 1
export const MAX_DEPOSIT_BYTES = 200_000
export const MAX_BATCH_ITEMS = 256
const MAX_TOKENS = 4_096
const MAX_DIRECTORY_ITEMS = 200
const MAX_DIRECTORY_ITEM_BYTES = 4_096
const MAX_INVITE_ITEM_BYTES = 32_768

export interface TokenEntry {
  readonly hash: Uint8Array
  readonly handle: Uint8Array
}

export interface DepositEntry {
  readonly mailboxId: MailboxId
  readonly token: Uint8Array
  readonly ttlSeconds: number
  readonly envelope: Uint8Array
}

export type RelayRequest =
  | { readonly type: 'hello'; readonly minVersion: number; readonly maxVersion: number }
  | { readonly type: 'own'; readonly mailboxPublic: Uint8Array; readonly signature: Uint8Array }
  | { readonly type: 'put-tokens'; readonly tokens: readonly TokenEntry[] }
  | { readonly type: 'revoke-tokens'; readonly hashes: readonly Uint8Array[] }
  | {
      readonly type: 'put-directory'
      readonly lookupId: Uint8Array
      readonly replace: boolean
      readonly items: readonly Uint8Array[]
      readonly lastResort: Uint8Array
    }
  | {
      readonly type: 'put-invite'
      readonly slotId: Uint8Array
      readonly expiresAtMs: number
      readonly item: Uint8Array
    }
  | { readonly type: 'close-invite'; readonly slotId: Uint8Array }
  | { readonly type: 'acknowledge'; readonly envelopeIds: readonly EnvelopeId[] }
  | { readonly type: 'usage' }
  | { readonly type: 'ping' }
  | { readonly type: 'deposit'; readonly deposits: readonly DepositEntry[] }
  | { readonly type: 'take-directory'; readonly lookupId: Uint8Array }
  | { readonly type: 'take-invite'; readonly slotId: Uint8Array; readonly takerNonce: Uint8Array }

const REQUEST_TYPES: Readonly<Record<RelayRequest['type'], number>> = {
  hello: 1,
  own: 2,
  'put-tokens': 3,
  'revoke-tokens': 4,
  'put-directory': 5,
  'put-invite': 6,
  'close-invite': 7,
  acknowledge: 8,
  usage: 9,
  ping: 10,
  deposit: 20,
  'take-directory': 21,
  'take-invite': 22,
}

export function encodeRequest(requestId: number, request: RelayRequest): Uint8Array {
  const writer = new ByteWriter(512).u8(REQUEST_TYPES[request.type]).u32(requestId)
  writePayload(writer, request)
  return writer.finish()
}

function writePayload(writer: ByteWriter, request: RelayRequest): void {
  switch (request.type) {
    case 'hello':
      writer.u8(request.minVersion).u8(request.maxVersion)
      return
    case 'own':
      writer.fixed(request.mailboxPublic, 32).fixed(request.signature, 64)
      return
    case 'put-tokens':
      writer.u16(request.tokens.length)
      for (const { hash, handle } of request.tokens) writer.fixed(hash, 32).fixed(handle, 4)
      return
    case 'revoke-tokens':
      writer.u16(request.hashes.length)
      for (const hash of request.hashes) writer.fixed(hash, 32)
      return
    case 'put-directory':
      writer
        .fixed(request.lookupId, 32)
        .u8(request.replace ? 1 : 0)
        .u16(request.items.length)
      for (const item of request.items) writer.bytes16(item)
      writer.bytes16(request.lastResort)
      return
    case 'put-invite':
      writer.fixed(request.slotId, 32).u48(request.expiresAtMs).bytes32(request.item)
      return
    case 'close-invite':
      writer.fixed(request.slotId, 32)
      return
    case 'acknowledge':
      writer.u16(request.envelopeIds.length)
      for (const envelopeId of request.envelopeIds) writer.fixed(idToBytes(envelopeId), 16)
      return
    case 'usage':
    case 'ping':
      return
    case 'deposit':
      writer.u16(request.deposits.length)
      for (const deposit of request.deposits) {
        writer.fixed(idToBytes(deposit.mailboxId), 32).fixed(deposit.token, 32).u32(deposit.ttlSeconds)
        writer.bytes32(deposit.envelope)
      }
      return
    case 'take-directory':
      writer.fixed(request.lookupId, 32)
      return
    case 'take-invite':
      writer.fixed(request.slotId, 32).fixed(request.takerNonce, 16)
  }
}

/** @throws malformed */
export function decodeRequest(frame: Uint8Array): { readonly requestId: number; readonly request: RelayRequest } {
  const reader = new ByteReader(frame)
  const type = reader.u8()
  const requestId = reader.u32()
  const request = readPayload(type, reader)
  reader.end()
  return { requestId, request }
}

function readPayload(type: number, reader: ByteReader): RelayRequest {
  switch (type) {
    case 1:
      return { type: 'hello', minVersion: reader.u8(), maxVersion: reader.u8() }
    case 2:
      return { type: 'own', mailboxPublic: reader.fixed(32), signature: reader.fixed(64) }
    case 3:
      return {
        type: 'put-tokens',
        tokens: reader.list16(MAX_TOKENS, (item) => ({ hash: item.fixed(32), handle: item.fixed(4) })),
      }
    case 4:
      return { type: 'revoke-tokens', hashes: reader.list16(MAX_TOKENS, (item) => item.fixed(32)) }
    case 5:
      return {
        type: 'put-directory',
        lookupId: reader.fixed(32),
        replace: reader.u8() === 1,
        items: reader.list16(MAX_DIRECTORY_ITEMS, (item) => item.bytes16(MAX_DIRECTORY_ITEM_BYTES)),
        lastResort: reader.bytes16(MAX_DIRECTORY_ITEM_BYTES),
      }
    case 6:
      return {
        type: 'put-invite',
        slotId: reader.fixed(32),
        expiresAtMs: reader.u48(),
        item: reader.bytes32(MAX_INVITE_ITEM_BYTES),
      }
    case 7:
      return { type: 'close-invite', slotId: reader.fixed(32) }
    case 8:
      return {
        type: 'acknowledge',
        envelopeIds: reader.list16(MAX_BATCH_ITEMS, (item) => idFromBytes<EnvelopeId>(item.fixed(16))),
      }
    case 9:
      return { type: 'usage' }
    case 10:
      return { type: 'ping' }
    case 20:
      return { type: 'deposit', deposits: reader.list16(MAX_BATCH_ITEMS, readDeposit) }
    case 21:
      return { type: 'take-directory', lookupId: reader.fixed(32) }
    case 22:
      return { type: 'take-invite', slotId: reader.fixed(32), takerNonce: reader.fixed(16) }
    default:
      throw new ParleyError('malformed', 'unknown request')
  }
}

function readDeposit(reader: ByteReader): DepositEntry {
  return {
    mailboxId: idFromBytes<MailboxId>(reader.fixed(32)),
    token: reader.fixed(32),
    ttlSeconds: reader.u32(),
    envelope: reader.bytes32(MAX_DEPOSIT_BYTES),
  }
}

/** Codes that a relay may answer with, by number on the wire. */
const WIRE_CODES: readonly ErrorCode[] = [
  'malformed',
  'unsupported-version',
  'too-large',
  'relay-refused',
  'relay-full',
  'relay-quota',
  'token-revoked',
  'rate-limited',
  'not-found',
  'signature-invalid',
]

export function wireCode(code: ErrorCode): number {
  const at = WIRE_CODES.indexOf(code)
  return at === -1 ? WIRE_CODES.indexOf('relay-refused') : at
}

export function codeFromWire(value: number): ErrorCode {
  return WIRE_CODES[value] ?? 'relay-refused'
}

export interface HelloAnswer {
  readonly version: number
  readonly challenge: Uint8Array
  /** Signed list (relay-signed.ts). */
  readonly frontEnds: Uint8Array
  readonly retentionSeconds: number
  readonly maxEnvelopeBytes: number
  readonly maxBlobBytes: number
}

export type DepositAnswer =
  | { readonly kind: 'held'; readonly storedAtMs: number; readonly expiresAtMs: number; readonly signature: Uint8Array }
  | { readonly kind: 'collected' }
  | { readonly kind: 'refused'; readonly code: ErrorCode }

export type InviteTaken =
  { readonly kind: 'item'; readonly item: Uint8Array } | { readonly kind: 'used' | 'expired' | 'unknown' }

export interface PushEntry {
  readonly handle: Uint8Array
  readonly heldMs: number
  readonly envelope: Uint8Array
}

export type RelayMessage =
  | { readonly type: 'reply'; readonly requestId: number; readonly payload: Uint8Array }
  | { readonly type: 'error'; readonly requestId: number; readonly code: ErrorCode }
  | { readonly type: 'push'; readonly entries: readonly PushEntry[] }
  | { readonly type: 'stock'; readonly lookupId: Uint8Array; readonly remaining: number }

export function encodeRelayMessage(message: RelayMessage): Uint8Array {
  const writer = new ByteWriter(512)
  switch (message.type) {
    case 'reply':
      return writer.u8(128).u32(message.requestId).raw(message.payload).finish()
    case 'error':
      return writer.u8(129).u32(message.requestId).u8(wireCode(message.code)).finish()
    case 'push':
      writer.u8(130).u32(0).u16(message.entries.length)
      for (const { handle, heldMs, envelope } of message.entries) writer.bytes8(handle).u48(heldMs).bytes32(envelope)
      return writer.finish()
    case 'stock':
      return writer.u8(131).u32(0).fixed(message.lookupId, 32).u32(message.remaining).finish()
  }
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
    case 128:
      return { type: 'reply', requestId, payload: reader.rest() }
    case 129:
      return { type: 'error', requestId, code: codeFromWire(reader.u8()) }
    case 130:
      return {
        type: 'push',
        entries: reader.list16(MAX_BATCH_ITEMS, (item) => ({
          handle: item.bytes8(4),
          heldMs: item.u48(),
          envelope: item.bytes32(MAX_DEPOSIT_BYTES),
        })),
      }
    case 131:
      return { type: 'stock', lookupId: reader.fixed(32), remaining: reader.u32() }
    default:
      throw new ParleyError('malformed', 'unknown message')
  }
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
    frontEnds: reader.bytes16(4_096),
    retentionSeconds: reader.u32(),
    maxEnvelopeBytes: reader.u32(),
    maxBlobBytes: reader.u48(),
  }
  reader.end()
  return answer
}

export function encodeDepositAnswers(answers: readonly DepositAnswer[]): Uint8Array {
  const writer = new ByteWriter(16 + answers.length * 77).u16(answers.length)
  for (const answer of answers) {
    switch (answer.kind) {
      case 'held':
        writer.u8(0).u48(answer.storedAtMs).u48(answer.expiresAtMs).fixed(answer.signature, 64)
        break
      case 'collected':
        writer.u8(1)
        break
      case 'refused':
        writer.u8(2).u8(wireCode(answer.code))
    }
  }
  return writer.finish()
}

/** @throws malformed */
export function decodeDepositAnswers(payload: Uint8Array): readonly DepositAnswer[] {
  const reader = new ByteReader(payload)
  const answers = reader.list16(MAX_BATCH_ITEMS, (item): DepositAnswer => {
    const kind = item.u8()
    if (kind === 0) {
      return { kind: 'held', storedAtMs: item.u48(), expiresAtMs: item.u48(), signature: item.fixed(64) }
    }
    if (kind === 1) return { kind: 'collected' }
    if (kind === 2) return { kind: 'refused', code: codeFromWire(item.u8()) }
    throw new ParleyError('malformed', 'deposit answer')
  })
  reader.end()
  return answers
}

export function encodeOptionalItem(item: Uint8Array | null): Uint8Array {
  return item === null ? new ByteWriter(1).u8(0).finish() : new ByteWriter(item.length + 8).u8(1).bytes32(item).finish()
}

/** @throws malformed */
export function decodeOptionalItem(payload: Uint8Array): Uint8Array | null {
  const reader = new ByteReader(payload)
  const item = reader.u8() === 1 ? reader.bytes32(MAX_DIRECTORY_ITEM_BYTES) : null
  reader.end()
  return item
}

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

/** Whatever went wrong with a request, as one of the codes that a relay may answer. A bug is thrown on. */
export function refusalOf(error: unknown): ErrorCode {
  if (!isParleyError(error)) throw error
  return ERROR_CODES.includes(error.code) ? error.code : 'relay-refused'
}
