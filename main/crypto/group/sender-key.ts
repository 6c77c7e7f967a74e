/**
 * Sender keys: one chain of message keys for all that a device says to a group, and a signature key of its own, so that
 * who can read cannot speak in another's name. Works on copies: what does not open changes nothing.
 * docs/protocol/group.md, "Sender chain".
 */

import type { AccountId, DeviceId } from '../../../shared/model/ids.ts'
import { idToBytes } from '../../../shared/model/ids.ts'
import { ByteReader, ByteWriter, concatBytes, equalBytes } from '../../../shared/wire/bytes.ts'
import { MAX_ENVELOPE_BYTES, NONCE_BYTES, paddedSize, PREFIX_BYTES, TAG_BYTES } from '../../../shared/wire/envelope.ts'
import { ParleyError } from '../../../shared/errors.ts'
import { generateSigningKey, sign, verify } from '../crypto.ts'
import type { Crypto } from '../crypto.ts'
import { padBody, unpadBody } from '../envelope.ts'
import { labelBytes } from '../labels.ts'
import { GROUP_ID_BYTES, GROUP_VERSION, HASH_BYTES, hashFromBytes, hashToBytes, isAscending } from './change.ts'
import type { ChangeHash } from './change.ts'
import { CHAIN_ID_BYTES, GROUP_SUITE } from './sender-chain.ts'
import type { ReceiverChain, SenderChain } from './sender-chain.ts'

/** How many messages that have not come one may jump over. */
export const MAX_GROUP_JUMP = 2_000
/** How far behind the newest opened message of its chain a late one may come. */
const MAX_SKIPPED = 2_000
/** A chain is left after so many messages, so that a stolen key does not read on for ever. None takes more of one. */
export const MAX_CHAIN_MESSAGES = 10_000
/** Epochs of more heads cannot be named. */
export const MAX_HEADS = 256
const KIND_GROUP = 4
const HEADER_BYTES = 4 + HASH_BYTES
const SEALED_HEADER_BYTES = NONCE_BYTES + HEADER_BYTES + TAG_BYTES
const NONCE_AT = PREFIX_BYTES + SEALED_HEADER_BYTES
const BODY_AT = NONCE_AT + NONCE_BYTES
const SIGNATURE_BYTES = 64

/** Whose chain it is, in which group. */
export interface ChainOwner {
  /** 16 bytes. */
  readonly groupId: Uint8Array
  readonly account: AccountId
  readonly deviceId: DeviceId
}

/** What a device hands to another in their session, so that it can open what is said from now on. */
export interface Distribution {
  readonly groupId: Uint8Array
  /** The sender's epoch, ascending, 1 to 256. */
  readonly heads: readonly ChangeHash[]
  readonly chainId: Uint8Array
  readonly number: number
  readonly chainKey: Uint8Array
  readonly headerKey: Uint8Array
  readonly publicKey: Uint8Array
}

/** What a message says before its body is opened. */
export interface GroupHeader {
  readonly number: number
  readonly epochId: Uint8Array
}

/** A key of a message that has not come yet: kept by the caller, as a row of its own. */
export interface SkippedGroupKey {
  readonly chainId: Uint8Array
  readonly number: number
  readonly key: Uint8Array
}

export interface SkippedGroupKeyLookup {
  readonly find: (chainId: Uint8Array, number: number) => Uint8Array | undefined
}

/** The caller commits chain, new rows, and the deletion of what was used or is too old together, or nothing. */
export interface GroupDecrypted {
  readonly chain: ReceiverChain
  readonly content: Uint8Array
  /** To be deleted: a key opens one message. */
  readonly consumedSkipped?: Pick<SkippedGroupKey, 'chainId' | 'number'>
  readonly newSkipped: readonly SkippedGroupKey[]
  /** Rows of this chain with smaller numbers are to be deleted. */
  readonly oldestKept: number
}

function failure(): ParleyError {
  return new ParleyError('cannot-decrypt')
}

export function createSenderChain(c: Crypto, owner: ChainOwner): SenderChain {
  const chainId = c.random(CHAIN_ID_BYTES)
  const chainKey = c.random(32)
  const headerKey = c.random(32)
  const signing = generateSigningKey(c)
  const adHash = chainAd(c, owner, { chainId, headerKey, publicKey: signing.publicKey })
  return { chainId, adHash, chainKey, number: 0, headerKey, signing }
}

function chainAd(
  c: Crypto,
  { groupId, account, deviceId }: ChainOwner,
  { chainId, headerKey, publicKey }: Pick<Distribution, 'chainId' | 'headerKey' | 'publicKey'>,
): Uint8Array {
  const ad = new ByteWriter()
    .raw(labelBytes('groupChain'))
    .u8(GROUP_SUITE)
    .fixed(groupId, GROUP_ID_BYTES)
    .fixed(idToBytes(account), 32)
    .fixed(idToBytes(deviceId), 16)
    .fixed(chainId, CHAIN_ID_BYTES)
    .fixed(publicKey, 32)
    .fixed(headerKey, 32)
  return c.backend.sha256(ad.finish())
}

/** The chain as it is now: earlier messages stay closed to who gets this. */
export function distributionOf(chain: SenderChain, groupId: Uint8Array, heads: readonly ChangeHash[]): Distribution {
  const { chainId, number, chainKey, headerKey, signing } = chain
  return { groupId, heads, chainId, number, chainKey, headerKey, publicKey: signing.publicKey }
}

export function encodeDistribution(distribution: Distribution): Uint8Array {
  const { groupId, heads, chainId, number, chainKey, headerKey, publicKey } = distribution
  return new ByteWriter()
    .u8(GROUP_VERSION)
    .u8(GROUP_SUITE)
    .fixed(groupId, GROUP_ID_BYTES)
    .raw(encodeHeads(heads))
    .fixed(chainId, CHAIN_ID_BYTES)
    .u32(number)
    .fixed(chainKey, 32)
    .fixed(headerKey, 32)
    .fixed(publicKey, 32)
    .finish()
}

/** @throws malformed · unsupported-version */
export function decodeDistribution(bytes: Uint8Array): Distribution {
  const reader = new ByteReader(bytes)
  if (reader.u8() !== GROUP_VERSION || reader.u8() !== GROUP_SUITE) {
    throw new ParleyError('unsupported-version', 'sender key')
  }
  const distribution: Distribution = {
    groupId: reader.fixed(GROUP_ID_BYTES),
    heads: readHeads(reader),
    chainId: reader.fixed(CHAIN_ID_BYTES),
    number: reader.u32(),
    chainKey: reader.fixed(32),
    headerKey: reader.fixed(32),
    publicKey: reader.fixed(32),
  }
  reader.end()
  if (distribution.number > MAX_CHAIN_MESSAGES) throw new ParleyError('malformed', 'sender key number')
  return distribution
}

/** u16 count ‖ hashes. @param heads ascending, 1 to 256 */
export function encodeHeads(heads: readonly ChangeHash[]): Uint8Array {
  return concatBytes(Uint8Array.of(heads.length >> 8, heads.length & 0xff), ...heads.map(hashToBytes))
}

/** @throws malformed */
export function readHeads(reader: ByteReader): readonly ChangeHash[] {
  const heads = reader.list16(MAX_HEADS, (item) => hashFromBytes(item.fixed(HASH_BYTES)))
  if (heads.length === 0 || !isAscending(heads)) throw new ParleyError('malformed', 'heads')
  return heads
}

/** The chain of a device that handed it over in a session, which says whose it is. */
export function receiverChain(c: Crypto, distribution: Distribution, owner: ChainOwner): ReceiverChain {
  const { chainId, number, chainKey, headerKey, publicKey } = distribution
  const { account, deviceId } = owner
  const adHash = chainAd(c, owner, distribution)
  return { chainId, adHash, account, deviceId, chainKey, number, headerKey, publicKey }
}

/** Whether two receiver chains are of the same keys, however far each has come. */
export function isSameChain(a: ReceiverChain, b: ReceiverChain): boolean {
  return equalBytes(a.adHash, b.adHash)
}

interface Step {
  readonly messageKey: Uint8Array
  readonly chainKey: Uint8Array
}

function step(c: Crypto, chainKey: Uint8Array): Step {
  return {
    messageKey: c.backend.hmacSha256(chainKey, labelBytes('groupMessageKey')),
    chainKey: c.backend.hmacSha256(chainKey, labelBytes('groupNextKey')),
  }
}

/** What is signed stands after the label: AD ‖ epoch id ‖ u32 number ‖ content. */
function signedBytes(adHash: Uint8Array, header: Uint8Array, content: Uint8Array): Uint8Array {
  return concatBytes(adHash, header.subarray(4), header.subarray(0, 4), content)
}

/**
 * Seals a message for all who have the chain, padded whole. The caller leaves a chain after `MAX_CHAIN_MESSAGES`.
 * @param epochId 32 bytes
 * @throws too-large
 */
export function encryptGroupMessage(
  c: Crypto,
  chain: SenderChain,
  epochId: Uint8Array,
  content: Uint8Array,
): { readonly chain: SenderChain; readonly message: Uint8Array } {
  const { adHash, number, signing } = chain
  const { messageKey, chainKey } = step(c, chain.chainKey)
  const header = new ByteWriter(HEADER_BYTES).u32(number).fixed(epochId, HASH_BYTES).finish()
  const nonces = c.random(2 * NONCE_BYTES)
  const headerNonce = nonces.slice(0, NONCE_BYTES)
  const sealedHeader = c.backend.seal(chain.headerKey, headerNonce, adHash, header)
  const nonce = nonces.slice(NONCE_BYTES)
  const prefix = Uint8Array.of(GROUP_VERSION, GROUP_SUITE, KIND_GROUP)
  const beforeBody = concatBytes(prefix, headerNonce, sealedHeader, nonce)
  const signature = sign(c, signing.secretKey, 'groupSignature', signedBytes(adHash, header, content))
  const body = padBody(concatBytes(signature, content), BODY_AT)
  const sealedBody = c.backend.seal(messageKey, nonce, concatBytes(adHash, epochId, beforeBody), body)
  return { chain: { ...chain, chainKey, number: number + 1 }, message: concatBytes(beforeBody, sealedBody) }
}

/**
 * By its first bytes and its size.
 * @throws too-large · unsupported-version: another version or suite · malformed: no group message, or a size that no sender makes
 */
export function checkGroupMessage(message: Uint8Array): void {
  if (message.length > MAX_ENVELOPE_BYTES) throw new ParleyError('too-large', 'group message')
  if (message.length < PREFIX_BYTES) throw new ParleyError('malformed', 'group message')
  if (message[0] !== GROUP_VERSION || message[1] !== GROUP_SUITE) {
    throw new ParleyError('unsupported-version', 'group message')
  }
  const isPadded = paddedSize(message.length) === message.length
  if (message[2] !== KIND_GROUP || !isPadded) throw new ParleyError('malformed', 'group message')
}

/**
 * Whether a message is of this chain. One is tried with the chains at hand, newest speakers first: that is all it costs
 * when nobody of the group sealed it.
 * @param message one that `checkGroupMessage` took
 */
export function openGroupHeader(c: Crypto, chain: ReceiverChain, message: Uint8Array): GroupHeader | null {
  const nonceAt = PREFIX_BYTES + NONCE_BYTES
  const headerNonce = message.slice(PREFIX_BYTES, nonceAt)
  const opened = c.backend.open(chain.headerKey, headerNonce, chain.adHash, message.slice(nonceAt, NONCE_AT))
  if (opened === null) return null
  const reader = new ByteReader(opened)
  return { number: reader.u32(), epochId: reader.fixed(HASH_BYTES) }
}

/**
 * Opens a message whose header has opened, and verifies who said it.
 * @throws cannot-decrypt for whatever does not open, a replay or too wide a jump among it
 */
export function decryptGroupMessage(
  c: Crypto,
  chain: ReceiverChain,
  message: Uint8Array,
  header: GroupHeader,
  skipped: SkippedGroupKeyLookup,
): GroupDecrypted {
  const { number } = header
  if (number < chain.number) {
    const key = number < oldestKept(chain.number) ? undefined : skipped.find(chain.chainId, number)
    if (key === undefined) throw failure()
    const content = openBody(c, chain, message, header, key)
    const consumedSkipped = { chainId: chain.chainId, number }
    return { chain, content, consumedSkipped, newSkipped: [], oldestKept: oldestKept(chain.number) }
  }
  if (number - chain.number > MAX_GROUP_JUMP || number >= MAX_CHAIN_MESSAGES) throw failure()
  const newSkipped: SkippedGroupKey[] = []
  let { chainKey } = chain
  for (let passed = chain.number; passed < number; passed++) {
    const { messageKey, chainKey: next } = step(c, chainKey)
    newSkipped.push({ chainId: chain.chainId, number: passed, key: messageKey })
    chainKey = next
  }
  const last = step(c, chainKey)
  const content = openBody(c, chain, message, header, last.messageKey)
  const moved = { ...chain, chainKey: last.chainKey, number: number + 1 }
  return { chain: moved, content, newSkipped, oldestKept: oldestKept(moved.number) }
}

/** @param next the number of the chain's next message */
function oldestKept(next: number): number {
  return Math.max(0, next - 1 - MAX_SKIPPED)
}

function openBody(
  c: Crypto,
  chain: ReceiverChain,
  message: Uint8Array,
  { number, epochId }: GroupHeader,
  key: Uint8Array,
): Uint8Array {
  const { adHash, publicKey } = chain
  const ad = concatBytes(adHash, epochId, message.subarray(0, BODY_AT))
  const opened = c.backend.open(key, message.slice(NONCE_AT, BODY_AT), ad, message.subarray(BODY_AT))
  const body = opened === null ? null : unpadBody(opened)
  if (body === null || body.length < SIGNATURE_BYTES) throw failure()
  const content = body.slice(SIGNATURE_BYTES)
  const header = new ByteWriter(HEADER_BYTES).u32(number).fixed(epochId, HASH_BYTES).finish()
  const signed = signedBytes(adHash, header, content)
  if (!verify(c, publicKey, 'groupSignature', signed, body.slice(0, SIGNATURE_BYTES))) throw failure()
  return content
}
