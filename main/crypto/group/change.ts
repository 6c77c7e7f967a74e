/** A signed change of a group: its bytes, its hash, its signature. docs/protocol/group.md, "Change". */

import type { AccountId, DeviceId } from '../../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../../shared/model/ids.ts'
import { ByteReader, ByteWriter, concatBytes, equalBytes } from '../../../shared/wire/bytes.ts'
import { ParleyError } from '../../../shared/errors.ts'
import { sign, verify } from '../crypto.ts'
import type { Crypto } from '../crypto.ts'
import { labelBytes } from '../labels.ts'

export const GROUP_VERSION = 1
export const GROUP_ID_BYTES = 16
export const HASH_BYTES = 32
export const MAX_PARENTS = 8
export const MAX_OPERATIONS = 1_024
const SALT_BYTES = 16
const SIGNATURE_BYTES = 64

/** Lower-case hexadecimal: sorts as the 32 bytes do. */
export type ChangeHash = string & { readonly __brand: 'ChangeHash' }

const OPERATION_KINDS = ['add', 'add-admin', 'remove', 'make-admin', 'make-member'] as const

export interface GroupOperation {
  readonly kind: (typeof OPERATION_KINDS)[number]
  readonly account: AccountId
}

export interface GroupChange {
  readonly hash: ChangeHash
  readonly groupId: Uint8Array
  /** Ascending; empty in a creation. */
  readonly parents: readonly ChangeHash[]
  readonly author: AccountId
  readonly deviceId: DeviceId
  readonly operations: readonly GroupOperation[]
  /** As it travels, signature included. */
  readonly bytes: Uint8Array
}

/** Who signs a change: a device of an account. */
export interface ChangeAuthor {
  readonly account: Uint8Array
  readonly deviceId: DeviceId
  /** The device's Ed25519 signing secret. */
  readonly signingSecret: Uint8Array
}

/** The signing key of a device, from a list that its account signed; undefined for a device in no accepted list. */
export type SignerLookup = (account: AccountId, deviceId: DeviceId) => Uint8Array | undefined

interface Fields {
  readonly parents: readonly ChangeHash[]
  readonly operations: readonly GroupOperation[]
}

export function hashFromBytes(bytes: Uint8Array): ChangeHash {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text as ChangeHash
}

export function hashToBytes(hash: ChangeHash): Uint8Array {
  return Uint8Array.from({ length: HASH_BYTES }, (_, at) => Number.parseInt(hash.slice(at * 2, at * 2 + 2), 16))
}

/** Negative: a before b. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, index) => byte !== b[index])
  return at === -1 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1)
}

/** The first change of a group, which gives it its id. @throws RangeError: more than 1,024 operations */
export function signCreation(
  c: Crypto,
  author: ChangeAuthor,
  operations: readonly GroupOperation[],
): { readonly groupId: Uint8Array; readonly bytes: Uint8Array } {
  const tail = concatBytes(c.random(SALT_BYTES), authorBytes(author), operationBytes(operations))
  const groupId = groupIdOf(c, tail)
  return { groupId, bytes: signed(c, author, concatBytes(headBytes(groupId, []), tail)) }
}

/** @throws RangeError: no parent or more than 8, more than 1,024 operations */
export function signChange(c: Crypto, author: ChangeAuthor, groupId: Uint8Array, fields: Fields): Uint8Array {
  if (fields.parents.length === 0) throw new RangeError('a change without a parent')
  const tail = concatBytes(authorBytes(author), operationBytes(fields.operations))
  return signed(c, author, concatBytes(headBytes(groupId, fields.parents), tail))
}

function signed(c: Crypto, author: ChangeAuthor, body: Uint8Array): Uint8Array {
  return concatBytes(body, sign(c, author.signingSecret, 'groupChange', body))
}

function headBytes(groupId: Uint8Array, parents: readonly ChangeHash[]): Uint8Array {
  if (parents.length > MAX_PARENTS) throw new RangeError('too many parents')
  const writer = new ByteWriter().u8(GROUP_VERSION).fixed(groupId, GROUP_ID_BYTES).u8(parents.length)
  for (const parent of [...parents].sort()) writer.fixed(hashToBytes(parent), HASH_BYTES)
  return writer.finish()
}

function authorBytes({ account, deviceId }: ChangeAuthor): Uint8Array {
  return new ByteWriter(48).fixed(account, 32).fixed(idToBytes(deviceId), 16).finish()
}

function operationBytes(operations: readonly GroupOperation[]): Uint8Array {
  if (operations.length > MAX_OPERATIONS) throw new RangeError('too many operations')
  const writer = new ByteWriter(2 + 33 * operations.length).u16(operations.length)
  const items = operations.map(({ kind, account }) => ({ kind, account: idToBytes(account) }))
  for (const { kind, account } of items.sort((a, b) => compareBytes(a.account, b.account))) {
    writer.u8(OPERATION_KINDS.indexOf(kind) + 1).fixed(account, 32)
  }
  return writer.finish()
}

function groupIdOf(c: Crypto, creationTail: Uint8Array): Uint8Array {
  return c.backend.sha256(concatBytes(labelBytes('groupId'), creationTail)).slice(0, GROUP_ID_BYTES)
}

/** Reads a change; its signature is not looked at. @throws malformed · unsupported-version */
export function decodeChange(c: Crypto, bytes: Uint8Array): GroupChange {
  const reader = new ByteReader(bytes)
  if (reader.u8() !== GROUP_VERSION) throw new ParleyError('unsupported-version', 'group change')
  const groupId = reader.fixed(GROUP_ID_BYTES)
  const parents = reader.list8(MAX_PARENTS, (item) => hashFromBytes(item.fixed(HASH_BYTES)))
  if (!isAscending(parents)) throw new ParleyError('malformed', 'parents out of order')
  const tailAt = bytes.length - reader.remaining
  if (parents.length === 0) reader.fixed(SALT_BYTES)
  const author = idFromBytes<AccountId>(reader.fixed(32))
  const deviceId = idFromBytes<DeviceId>(reader.fixed(16))
  const operations = readOperations(reader)
  const bodyBytes = bytes.length - reader.remaining
  reader.fixed(SIGNATURE_BYTES)
  reader.end()
  if (parents.length === 0 && !equalBytes(groupIdOf(c, bytes.slice(tailAt, bodyBytes)), groupId)) {
    throw new ParleyError('malformed', 'the creation of another group')
  }
  const hash = hashFromBytes(c.backend.sha256(bytes.slice(0, bodyBytes)))
  return { hash, groupId, parents, author, deviceId, operations, bytes: bytes.slice() }
}

export function isAscending(hashes: readonly ChangeHash[]): boolean {
  return hashes.every((hash, at) => at === 0 || (hashes[at - 1] ?? hash) < hash)
}

function readOperations(reader: ByteReader): GroupOperation[] {
  let previous: Uint8Array | null = null
  return reader.list16(MAX_OPERATIONS, (item) => {
    const kind = OPERATION_KINDS[item.u8() - 1]
    if (kind === undefined) throw new ParleyError('malformed', 'group operation')
    const account = item.fixed(32)
    if (previous !== null && compareBytes(previous, account) >= 0) {
      throw new ParleyError('malformed', 'operations out of order')
    }
    previous = account
    return { kind, account: idFromBytes<AccountId>(account) }
  })
}

export function isSignedBy(c: Crypto, { bytes }: GroupChange, signingKey: Uint8Array): boolean {
  const body = bytes.slice(0, -SIGNATURE_BYTES)
  return verify(c, signingKey, 'groupChange', body, bytes.slice(-SIGNATURE_BYTES))
}
