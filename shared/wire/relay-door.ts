/**
 * The front door of a mailbox: what strangers say to it, and the proof of work that they pay with.
 * docs/protocol/relay.md, "The front door".
 */

import { ParleyError } from '../errors.ts'
import type { EnvelopeId, MailboxId } from '../model/ids.ts'
import { idFromBytes, idToBytes } from '../model/ids.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import type { Sha256 } from './merkle-tree.ts'
import { labelled, RELAY_LABELS } from './relay-signed.ts'

/** What a stranger may lay before a door. */
export const MAX_DOOR_ENVELOPE_BYTES = 16_384
/** More than a client would ever work for. */
export const MAX_DOOR_BITS = 40
const SEAL_BYTES = 32
export const SOLUTION_BYTES = 8

export interface DoorQuestion {
  readonly mailboxId: MailboxId
  readonly envelopeId: EnvelopeId
}

export interface DoorChallenge {
  /** Zero bits that the hash has to begin with. */
  readonly bits: number
  readonly expiresAtMs: number
  /** The relay's mark on all of it: it keeps nothing of a challenge that it gave. */
  readonly seal: Uint8Array
}

export interface DoorDeposit {
  readonly challenge: DoorChallenge
  /** 8 bytes of the sender's choice. */
  readonly solution: Uint8Array
  readonly mailboxId: MailboxId
  readonly ttlSeconds: number
  readonly envelope: Uint8Array
}

/** What the seal is a mark on: label ‖ mailbox 32 ‖ envelope id 16 ‖ u8 bits ‖ u48 expires */
export function doorSealBytes(question: DoorQuestion, challenge: Omit<DoorChallenge, 'seal'>): Uint8Array {
  return labelled(RELAY_LABELS.doorChallenge)
    .fixed(idToBytes(question.mailboxId), 32)
    .fixed(idToBytes(question.envelopeId), 16)
    .u8(challenge.bits)
    .u48(challenge.expiresAtMs)
    .finish()
}

/** SHA-256(seal ‖ solution) begins with that many zero bits. */
export function isDoorSolved({ bits, seal }: DoorChallenge, solution: Uint8Array, sha256: Sha256): boolean {
  const input = new Uint8Array(SEAL_BYTES + SOLUTION_BYTES)
  input.set(seal)
  input.set(solution, SEAL_BYTES)
  return leadingZeroBits(sha256(input)) >= bits
}

export function leadingZeroBits(hash: Uint8Array): number {
  let bits = 0
  for (const byte of hash) {
    if (byte !== 0) return bits + Math.clz32(byte) - 24
    bits += 8
  }
  return bits
}

export function encodeDoorChallenge(challenge: DoorChallenge): Uint8Array {
  return writeChallenge(new ByteWriter(48), challenge).finish()
}

/** @throws malformed */
export function decodeDoorChallenge(payload: Uint8Array): DoorChallenge {
  const reader = new ByteReader(payload)
  const challenge = readChallenge(reader)
  reader.end()
  return challenge
}

function writeChallenge(writer: ByteWriter, { bits, expiresAtMs, seal }: DoorChallenge): ByteWriter {
  return writer.u8(bits).u48(expiresAtMs).fixed(seal, SEAL_BYTES)
}

function readChallenge(reader: ByteReader): DoorChallenge {
  const challenge = { bits: reader.u8(), expiresAtMs: reader.u48(), seal: reader.fixed(SEAL_BYTES) }
  if (challenge.bits > MAX_DOOR_BITS) throw new ParleyError('malformed', 'more work than there is')
  return challenge
}

export function writeDoorQuestion(writer: ByteWriter, { mailboxId, envelopeId }: DoorQuestion): void {
  writer.fixed(idToBytes(mailboxId), 32).fixed(idToBytes(envelopeId), 16)
}

export function readDoorQuestion(reader: ByteReader): DoorQuestion {
  return {
    mailboxId: idFromBytes<MailboxId>(reader.fixed(32)),
    envelopeId: idFromBytes<EnvelopeId>(reader.fixed(16)),
  }
}

export function writeDoorDeposit(writer: ByteWriter, deposit: DoorDeposit): void {
  writeChallenge(writer, deposit.challenge).fixed(deposit.solution, SOLUTION_BYTES)
  writer.fixed(idToBytes(deposit.mailboxId), 32).u32(deposit.ttlSeconds).bytes32(deposit.envelope)
}

export function readDoorDeposit(reader: ByteReader): DoorDeposit {
  const deposit = {
    challenge: readChallenge(reader),
    solution: reader.fixed(SOLUTION_BYTES),
    mailboxId: idFromBytes<MailboxId>(reader.fixed(32)),
    ttlSeconds: reader.u32(),
    envelope: reader.bytes32(MAX_DOOR_ENVELOPE_BYTES),
  }
  if (deposit.envelope.length === 0) throw new ParleyError('malformed', 'a deposit of nothing')
  return deposit
}
