/**
 * Receipts of a relay: what it holds, for whom, until when, signed by the relay's key and checkable by anybody, offline.
 * One signature covers a whole batch (the root of a Merkle tree); each receipt carries its own path. docs/protocol/relay.md, "Receipts".
 */

import type { BlobId, EnvelopeId, MailboxId, RelayId } from '../model/ids.ts'
import { idFromBytes, idToBytes } from '../model/ids.ts'
import { ParleyError } from '../errors.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { HASH_BYTES, merkleTree, pathLength, rootOf } from './merkle-tree.ts'
import type { Sha256 } from './merkle-tree.ts'
import { RELAY_LABELS, SIGNATURE_BYTES } from './relay-signed.ts'

export const MAX_RECEIPTS = 256
const VERSION = 1
const KINDS = ['envelope', 'blob'] as const

export type HeldKind = (typeof KINDS)[number]

/** What a relay states of one thing that it holds. */
export interface Held {
  readonly mailboxId: MailboxId
  /** Envelope id, or blob id. */
  readonly subject: EnvelopeId | BlobId
  readonly storedAtMs: number
  readonly expiresAtMs: number
}

export interface Receipt extends Held {
  readonly kind: HeldKind
  readonly relayId: RelayId
  readonly index: number
  readonly leafCount: number
  readonly path: readonly Uint8Array[]
  readonly signature: Uint8Array
}

export type Ed25519Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean

/** mailbox 32 ‖ subject 16 ‖ u48 stored ‖ u48 expires */
function leafOf(held: Held): Uint8Array {
  return new ByteWriter(64)
    .fixed(idToBytes(held.mailboxId), 32)
    .fixed(idToBytes(held.subject), 16)
    .u48(held.storedAtMs)
    .u48(held.expiresAtMs)
    .finish()
}

/** label of the kind ‖ u8 version ‖ relay 32 ‖ u16 leaves ‖ root 32 */
function signedBytes(kind: HeldKind, relayId: RelayId, leafCount: number, root: Uint8Array): Uint8Array {
  const label = kind === 'envelope' ? RELAY_LABELS.depositReceipt : RELAY_LABELS.blobReceipt
  return new ByteWriter(128)
    .raw(new TextEncoder().encode(label))
    .u8(VERSION)
    .fixed(idToBytes(relayId), 32)
    .u16(leafCount)
    .fixed(root, HASH_BYTES)
    .finish()
}

/** The bytes that the relay signs for a batch of 1 to 256. */
export function receiptsToSign(kind: HeldKind, relayId: RelayId, held: readonly Held[], sha256: Sha256): Uint8Array {
  return signedBytes(kind, relayId, held.length, merkleTree(held.map(leafOf), sha256).root)
}

/** The receipts of a batch, or null when the signature is not the relay's for exactly these. */
export function provenReceipts(
  batch: {
    readonly kind: HeldKind
    readonly relayId: RelayId
    readonly held: readonly Held[]
    readonly signature: Uint8Array
  },
  sha256: Sha256,
  verify: Ed25519Verify,
): readonly Receipt[] | null {
  const { kind, relayId, held, signature } = batch
  if (held.length === 0) return []
  const tree = merkleTree(held.map(leafOf), sha256)
  const signed = signedBytes(kind, relayId, held.length, tree.root)
  if (!verify(idToBytes(relayId), signed, signature)) return null
  return held.map((one, index) => ({
    ...one,
    kind,
    relayId,
    index,
    leafCount: held.length,
    path: tree.pathOf(index),
    signature,
  }))
}

export function isReceiptProven(receipt: Receipt, sha256: Sha256, verify: Ed25519Verify): boolean {
  const { kind, relayId, leafCount, signature } = receipt
  const root = rootOf(leafOf(receipt), receipt, sha256)
  return verify(idToBytes(relayId), signedBytes(kind, relayId, leafCount, root), signature)
}

export function encodeReceipt(receipt: Receipt): Uint8Array {
  const writer = new ByteWriter(512)
    .u8(VERSION)
    .u8(KINDS.indexOf(receipt.kind))
    .fixed(idToBytes(receipt.relayId), 32)
    .raw(leafOf(receipt))
    .u16(receipt.index)
    .u16(receipt.leafCount)
  for (const hash of receipt.path) writer.fixed(hash, HASH_BYTES)
  return writer.fixed(receipt.signature, SIGNATURE_BYTES).finish()
}

/** Does not check the signature: `isReceiptProven` does. @throws malformed | unsupported-version */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  const reader = new ByteReader(bytes)
  if (reader.u8() !== VERSION) throw new ParleyError('unsupported-version', 'receipt')
  const kind = KINDS[reader.u8()]
  if (kind === undefined) throw new ParleyError('malformed', 'kind of receipt')
  const head = {
    kind,
    relayId: idFromBytes<RelayId>(reader.fixed(32)),
    mailboxId: idFromBytes<MailboxId>(reader.fixed(32)),
    subject: idFromBytes<EnvelopeId | BlobId>(reader.fixed(16)),
    storedAtMs: reader.u48(),
    expiresAtMs: reader.u48(),
    index: reader.u16(),
    leafCount: reader.u16(),
  }
  if (head.leafCount > MAX_RECEIPTS || head.index >= head.leafCount) throw new ParleyError('malformed', 'place')
  const path = Array.from({ length: pathLength(head.index, head.leafCount) }, () => reader.fixed(HASH_BYTES))
  const signature = reader.fixed(SIGNATURE_BYTES)
  reader.end()
  return { ...head, path, signature }
}
