/** What relays and owners sign: the exact bytes. docs/protocol/relay.md, "Signed". Labels are apart from those of sessions. */

import type { RelayId } from '../model/ids.ts'
import { idFromBytes, idToBytes } from '../model/ids.ts'
import { ParleyError } from '../errors.ts'
import { ByteReader, ByteWriter } from './bytes.ts'

export const RELAY_LABELS = {
  mailboxProof: 'parley/v1/mailbox-proof',
  depositReceipt: 'parley/v1/deposit-receipt',
  blobReceipt: 'parley/v1/blob-receipt',
  frontEnds: 'parley/v1/front-ends',
  doorChallenge: 'parley/v1/door-challenge',
} as const

const VERSION = 1
export const SIGNATURE_BYTES = 64
const MAX_FRONT_ENDS = 8

/** label ‖ challenge 32 ‖ u16-text relay's PeerId ‖ u16-text owner's PeerId on this connection ‖ mailbox key 32 */
export function mailboxProofBytes(proof: {
  readonly challenge: Uint8Array
  readonly relayPeer: string
  readonly ownerPeer: string
  readonly mailboxPublic: Uint8Array
}): Uint8Array {
  return labelled(RELAY_LABELS.mailboxProof)
    .fixed(proof.challenge, 32)
    .text16(proof.relayPeer)
    .text16(proof.ownerPeer)
    .fixed(proof.mailboxPublic, 32)
    .finish()
}

export interface FrontEnds {
  readonly relayId: RelayId
  readonly version: number
  readonly peers: readonly string[]
  readonly addresses: readonly string[]
}

/** u8 version ‖ relay key 32 ‖ u32 list version ‖ u8 (≤ 8) × u8-text PeerId ‖ u8 (≤ 8) × u8-text address; the signature 64 follows */
export function frontEndsBytes(list: FrontEnds): Uint8Array {
  const writer = new ByteWriter(512)
    .u8(VERSION)
    .fixed(idToBytes(list.relayId), 32)
    .u32(list.version)
    .u8(list.peers.length)
  for (const peer of list.peers) writer.text8(peer)
  writer.u8(list.addresses.length)
  for (const address of list.addresses) writer.text8(address)
  return writer.finish()
}

/** What is signed: label ‖ list. */
export function frontEndsToSign(body: Uint8Array): Uint8Array {
  return labelled(RELAY_LABELS.frontEnds).raw(body).finish()
}

/** Splits the signature off; does not check it. @throws malformed | unsupported-version */
export function decodeFrontEnds(bytes: Uint8Array): {
  readonly list: FrontEnds
  readonly body: Uint8Array
  readonly signature: Uint8Array
} {
  const reader = new ByteReader(bytes)
  if (reader.u8() !== VERSION) throw new ParleyError('unsupported-version', 'front ends')
  const list = {
    relayId: idFromBytes<RelayId>(reader.fixed(32)),
    version: reader.u32(),
    peers: reader.list8(MAX_FRONT_ENDS, (item) => item.text8()),
    addresses: reader.list8(MAX_FRONT_ENDS, (item) => item.text8()),
  }
  const signature = reader.fixed(SIGNATURE_BYTES)
  reader.end()
  return { list, body: bytes.slice(0, bytes.length - SIGNATURE_BYTES), signature }
}

export function labelled(label: string): ByteWriter {
  return new ByteWriter(256).raw(new TextEncoder().encode(label))
}
