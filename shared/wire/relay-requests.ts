/**
 * `/parley/mailbox/1`, from client to relay. Body of a frame: u8 type ‖ u32 request id ‖ payload.
 * docs/protocol/relay.md has the byte tables.
 */

import { ParleyError } from '../errors.ts'
import type { EnvelopeId, MailboxId } from '../model/ids.ts'
import { idFromBytes, idToBytes } from '../model/ids.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { readDoorDeposit, readDoorQuestion, writeDoorDeposit, writeDoorQuestion } from './relay-door.ts'
import type { DoorDeposit, DoorQuestion } from './relay-door.ts'

export const MAILBOX_PROTOCOL = '/parley/mailbox/1'
/** 2 has requests 11 to 15, 23 and 24, and the relay's word that it stops. */
export const MAILBOX_VERSION = 2
export const MIN_MAILBOX_VERSION = 1
export const MAX_DEPOSIT_BYTES = 200_000
/** Envelopes, targets, acknowledgements and pushes of one frame. */
export const MAX_BATCH_ITEMS = 256
export const MAX_TOKENS = 4_096
export const MAX_DIRECTORY_ITEMS = 200
export const MAX_DIRECTORY_ITEM_BYTES = 4_096
export const MAX_INVITE_ITEM_BYTES = 32_768
const MAX_ADMISSION_BYTES = 64

export interface TokenEntry {
  /** SHA-256 of the token. */
  readonly hash: Uint8Array
  readonly handle: Uint8Array
}

export interface DepositTarget {
  readonly mailboxId: MailboxId
  readonly token: Uint8Array
  readonly ttlSeconds: number
}

/** One ciphertext for one or many mailboxes of this relay. */
export interface DepositEntry {
  readonly envelope: Uint8Array
  readonly targets: readonly DepositTarget[]
}

export interface DirectoryEntry {
  readonly lookupId: Uint8Array
  /** Discards the one-time items that were there. */
  readonly replace: boolean
  readonly items: readonly Uint8Array[]
  readonly lastResort: Uint8Array
}

export interface OwnRequest {
  readonly mailboxPublic: Uint8Array
  readonly signature: Uint8Array
  /** Bytes that may be pushed and not acknowledged. */
  readonly creditBytes: number
  /** What the operator gave to those who may open a mailbox; empty for none. */
  readonly admission: Uint8Array
}

/** Envelopes by their number on this stream: the first one pushed is 1. Both ends belong to it. */
export interface PushRange {
  readonly from: number
  readonly to: number
}

export type RelayRequest =
  | { readonly type: 'hello'; readonly minVersion: number; readonly maxVersion: number }
  | ({ readonly type: 'own' } & OwnRequest)
  | { readonly type: 'put-tokens'; readonly tokens: readonly TokenEntry[] }
  | { readonly type: 'revoke-tokens'; readonly hashes: readonly Uint8Array[] }
  | ({ readonly type: 'put-directory' } & DirectoryEntry)
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
  | ({ readonly type: 'acknowledge-range' } & PushRange)
  | { readonly type: 'turn' }
  | { readonly type: 'allowance' }
  | { readonly type: 'set-door'; readonly open: boolean }
  | { readonly type: 'close-mailbox' }
  | { readonly type: 'deposit'; readonly entries: readonly DepositEntry[] }
  | { readonly type: 'take-directory'; readonly lookupId: Uint8Array }
  | { readonly type: 'take-invite'; readonly slotId: Uint8Array; readonly takerNonce: Uint8Array }
  | ({ readonly type: 'ask-door' } & DoorQuestion)
  | ({ readonly type: 'deposit-at-door' } & DoorDeposit)

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
  'acknowledge-range': 11,
  turn: 12,
  allowance: 13,
  'set-door': 14,
  'close-mailbox': 15,
  deposit: 20,
  'take-directory': 21,
  'take-invite': 22,
  'ask-door': 23,
  'deposit-at-door': 24,
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
      writer.fixed(request.mailboxPublic, 32).fixed(request.signature, 64).u32(request.creditBytes)
      writer.bytes8(request.admission)
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
      writer.fixed(request.lookupId, 32).u8(request.replace ? 1 : 0)
      writer.u16(request.items.length)
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
    case 'turn':
    case 'allowance':
    case 'close-mailbox':
      return
    case 'acknowledge-range':
      writer.u48(request.from).u48(request.to)
      return
    case 'set-door':
      writer.u8(request.open ? 1 : 0)
      return
    case 'deposit':
      writeDeposits(writer, request.entries)
      return
    case 'take-directory':
      writer.fixed(request.lookupId, 32)
      return
    case 'take-invite':
      writer.fixed(request.slotId, 32).fixed(request.takerNonce, 16)
      return
    case 'ask-door':
      writeDoorQuestion(writer, request)
      return
    case 'deposit-at-door':
      writeDoorDeposit(writer, request)
  }
}

function writeDeposits(writer: ByteWriter, entries: readonly DepositEntry[]): void {
  writer.u16(entries.length)
  for (const { envelope, targets } of entries) {
    writer.bytes32(envelope).u16(targets.length)
    for (const { mailboxId, token, ttlSeconds } of targets) {
      writer.fixed(idToBytes(mailboxId), 32).fixed(token, 32).u32(ttlSeconds)
    }
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
    case REQUEST_TYPES.hello:
      return { type: 'hello', minVersion: reader.u8(), maxVersion: reader.u8() }
    case REQUEST_TYPES.own:
      return {
        type: 'own',
        mailboxPublic: reader.fixed(32),
        signature: reader.fixed(64),
        creditBytes: reader.u32(),
        admission: reader.bytes8(MAX_ADMISSION_BYTES),
      }
    case REQUEST_TYPES['put-tokens']:
      return {
        type: 'put-tokens',
        tokens: reader.list16(MAX_TOKENS, (item) => ({ hash: item.fixed(32), handle: item.fixed(4) })),
      }
    case REQUEST_TYPES['revoke-tokens']:
      return { type: 'revoke-tokens', hashes: reader.list16(MAX_TOKENS, (item) => item.fixed(32)) }
    case REQUEST_TYPES['put-directory']:
      return {
        type: 'put-directory',
        lookupId: reader.fixed(32),
        replace: readFlag(reader),
        items: reader.list16(MAX_DIRECTORY_ITEMS, (item) => item.bytes16(MAX_DIRECTORY_ITEM_BYTES)),
        lastResort: reader.bytes16(MAX_DIRECTORY_ITEM_BYTES),
      }
    case REQUEST_TYPES['put-invite']:
      return {
        type: 'put-invite',
        slotId: reader.fixed(32),
        expiresAtMs: reader.u48(),
        item: reader.bytes32(MAX_INVITE_ITEM_BYTES),
      }
    case REQUEST_TYPES['close-invite']:
      return { type: 'close-invite', slotId: reader.fixed(32) }
    case REQUEST_TYPES.acknowledge:
      return {
        type: 'acknowledge',
        envelopeIds: reader.list16(MAX_BATCH_ITEMS, (item) => idFromBytes<EnvelopeId>(item.fixed(16))),
      }
    case REQUEST_TYPES.usage:
      return { type: 'usage' }
    case REQUEST_TYPES.ping:
      return { type: 'ping' }
    case REQUEST_TYPES['acknowledge-range']:
      return { type: 'acknowledge-range', ...readRange(reader) }
    case REQUEST_TYPES.turn:
      return { type: 'turn' }
    case REQUEST_TYPES.allowance:
      return { type: 'allowance' }
    case REQUEST_TYPES['set-door']:
      return { type: 'set-door', open: readFlag(reader) }
    case REQUEST_TYPES['close-mailbox']:
      return { type: 'close-mailbox' }
    case REQUEST_TYPES.deposit:
      return { type: 'deposit', entries: readDeposits(reader) }
    case REQUEST_TYPES['take-directory']:
      return { type: 'take-directory', lookupId: reader.fixed(32) }
    case REQUEST_TYPES['take-invite']:
      return { type: 'take-invite', slotId: reader.fixed(32), takerNonce: reader.fixed(16) }
    case REQUEST_TYPES['ask-door']:
      return { type: 'ask-door', ...readDoorQuestion(reader) }
    case REQUEST_TYPES['deposit-at-door']:
      return { type: 'deposit-at-door', ...readDoorDeposit(reader) }
    default:
      throw new ParleyError('malformed', 'unknown request')
  }
}

function readFlag(reader: ByteReader): boolean {
  const value = reader.u8()
  if (value > 1) throw new ParleyError('malformed', 'a flag that is neither 0 nor 1')
  return value === 1
}

function readRange(reader: ByteReader): PushRange {
  const range = { from: reader.u48(), to: reader.u48() }
  if (range.from === 0 || range.from > range.to) throw new ParleyError('malformed', 'range')
  return range
}

function readDeposits(reader: ByteReader): readonly DepositEntry[] {
  let left = MAX_BATCH_ITEMS
  return reader.list16(MAX_BATCH_ITEMS, (item) => {
    const envelope = item.bytes32(MAX_DEPOSIT_BYTES)
    const targets = item.list16(left, (target) => ({
      mailboxId: idFromBytes<MailboxId>(target.fixed(32)),
      token: target.fixed(32),
      ttlSeconds: target.u32(),
    }))
    if (envelope.length === 0 || targets.length === 0) throw new ParleyError('malformed', 'a deposit of nothing')
    left -= targets.length
    return { envelope, targets }
  })
}
