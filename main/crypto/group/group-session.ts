/**
 * A device in a group: what it makes, owes, takes and gives back. Values only; the caller commits what a step returns,
 * or nothing. Receiver chains, skipped keys and changes are rows of the caller's. docs/protocol/group.md, "Rules".
 */

import type { AccountId, DeviceId, MessageId } from '../../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../../shared/model/ids.ts'
import { ByteReader, concatBytes, equalBytes } from '../../../shared/wire/bytes.ts'
import { isParleyError, ParleyError } from '../../../shared/errors.ts'
import { publicKeyOf } from '../crypto.ts'
import type { Crypto } from '../crypto.ts'
import { MAX_PARENTS, signChange, signCreation } from './change.ts'
import type { ChangeAuthor, ChangeHash, GroupOperation, SignerLookup } from './change.ts'
import { emptyHistory, epochIdOf, knowsAll, restoreHistory, takeChanges } from './epochs.ts'
import type { ChangesTaken, GroupHistory } from './epochs.ts'
import type { Membership } from './membership.ts'
import type { ReceiverChain, SenderChain } from './sender-chain.ts'
import {
  checkGroupMessage,
  createSenderChain,
  decodeDistribution,
  decryptGroupMessage,
  distributionOf,
  encodeDistribution,
  encodeHeads,
  encryptGroupMessage,
  isSameChain,
  MAX_CHAIN_MESSAGES,
  MAX_HEADS,
  openGroupHeader,
  readHeads,
  receiverChain,
} from './sender-key.ts'
import type { GroupDecrypted, GroupHeader, SkippedGroupKeyLookup } from './sender-key.ts'

/** Of a device, newest first. */
const MAX_CHAINS_OF_DEVICE = 3
const MESSAGE_ID_BYTES = 16

export interface GroupDevice {
  readonly account: AccountId
  readonly deviceId: DeviceId
}

/** This device's chain and who has it. */
export interface OwnChain {
  readonly chain: SenderChain
  readonly holders: readonly GroupDevice[]
}

export interface Group {
  readonly self: GroupDevice
  readonly history: GroupHistory
  /** Null: a fresh one is made before anything is said. */
  readonly own: OwnChain | null
}

/** The devices of an account, by the newest list that it signed. */
export type DeviceLookup = (account: AccountId) => readonly DeviceId[]

export interface GroupText {
  /** The same whenever the text is sent again. */
  readonly messageId: MessageId
  readonly text: Uint8Array
}

export interface GroupSent {
  readonly group: Group
  readonly message: Uint8Array
  /** One content for all that lack the chain: goes to each in their session, before or with the message. */
  readonly distribution: Uint8Array
  readonly owedTo: readonly GroupDevice[]
}

/** Who makes a group is its first admin. @throws blocked: operations that make no group */
export function createGroup(
  c: Crypto,
  author: ChangeAuthor,
  others: readonly GroupOperation[],
): { readonly group: Group; readonly change: Uint8Array } {
  const account = idFromBytes<AccountId>(author.account)
  const { groupId, bytes } = signCreation(c, author, [{ kind: 'add-admin', account }, ...others])
  const group = joinGroup(c, { account, deviceId: author.deviceId }, groupId)
  return { group: withOwnChange(c, group, author, bytes), change: bytes }
}

/** A group of which only the id is known yet. */
export function joinGroup(c: Crypto, self: GroupDevice, groupId: Uint8Array): Group {
  return { self, history: emptyHistory(c, groupId), own: null }
}

/** A group as it was stored: `own` from the group record, the changes from their rows. */
export function restoreGroup(
  c: Crypto,
  self: GroupDevice,
  stored: { readonly groupId: Uint8Array; readonly own: OwnChain | null; readonly changes: readonly Uint8Array[] },
): Group {
  return { self, history: restoreHistory(c, stored.groupId, stored.changes), own: stored.own }
}

/**
 * A change on top of all that is known; no operation at all merges several heads.
 * @throws blocked: not an admin, or the operations do not fit
 */
export function changeGroup(
  c: Crypto,
  group: Group,
  author: ChangeAuthor,
  operations: readonly GroupOperation[],
): { readonly group: Group; readonly change: Uint8Array } {
  const { groupId, heads } = group.history
  if (heads.length === 0) throw new ParleyError('blocked', 'a group that has not come yet')
  const bytes = signChange(c, author, groupId, { parents: heads.slice(0, MAX_PARENTS), operations })
  return { group: withOwnChange(c, group, author, bytes), change: bytes }
}

function withOwnChange(c: Crypto, group: Group, author: ChangeAuthor, change: Uint8Array): Group {
  const ownKey = publicKeyOf(c, author.signingSecret)
  const taken = takeGroupChanges(c, group, [change], () => ownKey)
  if (taken.outcomes[0]?.kind !== 'accepted') throw new ParleyError('blocked', 'not an admin, or no such change')
  return taken.group
}

/** Changes of others, in any order. After a removal the own chain is left. */
export function takeGroupChanges(
  c: Crypto,
  group: Group,
  changes: readonly Uint8Array[],
  signers: SignerLookup,
): ChangesTaken & { readonly group: Group } {
  const taken = takeChanges(c, group.history, changes, signers)
  const own = removesSomebody(group.history.members, taken) ? null : group.own
  return { ...taken, group: { ...group, history: taken.history, own } }
}

/** Who was removed and added again in between counts as well: what was said in between was not for him. */
function removesSomebody(before: Membership, { history, accepted }: ChangesTaken): boolean {
  return (
    accepted.some(({ operations }) => operations.some(({ kind }) => kind === 'remove')) ||
    [...before.keys()].some((account) => !history.members.has(account))
  )
}

function isSameDevice(a: GroupDevice, b: GroupDevice): boolean {
  return a.account === b.account && a.deviceId === b.deviceId
}

function nameOf({ account, deviceId }: GroupDevice): string {
  return `${account} ${deviceId}`
}

/**
 * Seals a text for all members as they are known, in a fresh chain if somebody left who has the present one.
 * @throws blocked: no member · too-large: the text, or more heads than can be named
 */
export function sendToGroup(c: Crypto, group: Group, content: GroupText, devicesOf: DeviceLookup): GroupSent {
  const { self, history } = group
  const { groupId, heads, epochId, members } = history
  if (!members.has(self.account)) throw new ParleyError('blocked', 'not a member')
  if (heads.length > MAX_HEADS) throw new ParleyError('too-large', 'heads')
  const audience = [...members.keys()]
    .flatMap((account) => devicesOf(account).map((deviceId) => ({ account, deviceId })))
    .filter((device) => !isSameDevice(device, self))
  const kept = keptChain(group, audience)
  const chain = kept?.chain ?? createSenderChain(c, { groupId, ...self })
  const holding = new Set(kept?.holders.map(nameOf))
  const owedTo = audience.filter((device) => !holding.has(nameOf(device)))
  const distribution = encodeDistribution(distributionOf(chain, groupId, heads))
  const bytes = concatBytes(encodeHeads(heads), idToBytes(content.messageId), content.text)
  const sealed = encryptGroupMessage(c, chain, epochId, bytes)
  const own = { chain: sealed.chain, holders: owedTo.length === 0 && kept !== null ? kept.holders : audience }
  return { group: { ...group, own }, message: sealed.message, distribution, owedTo }
}

/** The own chain, if it is not used up and nobody has it who should not read on. */
function keptChain({ own }: Group, audience: readonly GroupDevice[]): OwnChain | null {
  if (own === null || own.chain.number >= MAX_CHAIN_MESSAGES) return null
  const allowed = new Set(audience.map(nameOf))
  return own.holders.every((holder) => allowed.has(nameOf(holder))) ? own : null
}

/** A device that lost the chain gets it again with the next message. */
export function oweAgain(group: Group, device: GroupDevice): Group {
  if (group.own === null) return group
  const holders = group.own.holders.filter((holder) => !isSameDevice(holder, device))
  return { ...group, own: { ...group.own, holders } }
}

export type DistributionOutcome =
  /** `dropped`: ids of chains of this device that are no longer kept. */
  | { readonly kind: 'accepted'; readonly chain: ReceiverChain; readonly dropped: readonly Uint8Array[] }
  | { readonly kind: 'known' }
  /** To be kept until the changes have come. */
  | { readonly kind: 'unknown-epoch' }
  | { readonly kind: 'not-a-member' }

/**
 * What a device handed over in its session.
 * @param from as the session says
 * @param kept the chains of this device, newest first
 * @throws malformed: another group's, or other keys under a known id, as well · unsupported-version
 */
export function receiveDistribution(
  c: Crypto,
  group: Group,
  bytes: Uint8Array,
  from: GroupDevice,
  kept: readonly ReceiverChain[],
): DistributionOutcome {
  const distribution = decodeDistribution(bytes)
  const { groupId, members } = group.history
  if (!equalBytes(distribution.groupId, groupId)) throw new ParleyError('malformed', 'a chain of another group')
  if (!knowsAll(group.history, distribution.heads)) return { kind: 'unknown-epoch' }
  if (!members.has(from.account)) return { kind: 'not-a-member' }
  const chain = receiverChain(c, distribution, { groupId, ...from })
  const known = kept.find(({ chainId }) => equalBytes(chainId, chain.chainId))
  if (known === undefined) {
    return { kind: 'accepted', chain, dropped: kept.slice(MAX_CHAINS_OF_DEVICE - 1).map(({ chainId }) => chainId) }
  }
  if (!isSameChain(known, chain)) throw new ParleyError('malformed', 'another chain of the same id')
  return { kind: 'known' }
}

/** What the caller has of others' chains in this group. */
export interface ChainLookup {
  /** Those to be tried, likeliest first. */
  readonly chains: Iterable<ReceiverChain>
  readonly skipped: SkippedGroupKeyLookup
}

export type GroupReceived =
  | (GroupText & { readonly kind: 'message'; readonly from: GroupDevice; readonly decrypted: GroupDecrypted })
  /** Sealed under an epoch that is over: answered with `heads`, without a receipt. Its sender sends it again. */
  | {
      readonly kind: 'stale'
      readonly from: GroupDevice
      readonly messageId: MessageId
      readonly heads: readonly ChangeHash[]
    }
  /** To be kept until the changes have come. */
  | { readonly kind: 'unknown-epoch'; readonly from: GroupDevice }
  /** To be kept until the distribution has come. */
  | { readonly kind: 'unknown-chain' }
  | { readonly kind: 'not-a-member'; readonly from: GroupDevice }

/** @throws cannot-decrypt · malformed | unsupported-version | too-large before any key was touched */
export function receiveGroupMessage(c: Crypto, group: Group, message: Uint8Array, lookup: ChainLookup): GroupReceived {
  checkGroupMessage(message)
  const found = findChain(c, lookup.chains, message)
  if (found === null) return { kind: 'unknown-chain' }
  const { account, deviceId } = found.chain
  const from = { account, deviceId }
  const { history } = group
  const decrypted = decryptGroupMessage(c, found.chain, message, found.header, lookup.skipped)
  const { heads, messageId, text } = readContent(c, decrypted.content, found.header)
  if (!knowsAll(history, heads)) return { kind: 'unknown-epoch', from }
  if (!history.members.has(account)) return { kind: 'not-a-member', from }
  if (!equalBytes(found.header.epochId, history.epochId))
    return { kind: 'stale', from, messageId, heads: history.heads }
  return { kind: 'message', from, messageId, text, decrypted }
}

interface FoundChain {
  readonly chain: ReceiverChain
  readonly header: GroupHeader
}

function findChain(c: Crypto, chains: Iterable<ReceiverChain>, message: Uint8Array): FoundChain | null {
  for (const chain of chains) {
    const header = openGroupHeader(c, chain, message)
    if (header !== null) return { chain, header }
  }
  return null
}

interface Content extends GroupText {
  readonly heads: readonly ChangeHash[]
}

/** @throws cannot-decrypt */
function readContent(c: Crypto, content: Uint8Array, { epochId }: GroupHeader): Content {
  try {
    const reader = new ByteReader(content)
    const heads = readHeads(reader)
    const messageId = idFromBytes<MessageId>(reader.fixed(MESSAGE_ID_BYTES))
    if (equalBytes(epochIdOf(c, heads), epochId)) return { heads, messageId, text: reader.rest() }
  } catch (cause) {
    if (!isParleyError(cause)) throw cause
    throw new ParleyError('cannot-decrypt', '', { cause })
  }
  throw new ParleyError('cannot-decrypt')
}
