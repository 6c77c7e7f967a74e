/**
 * The changes of a group as a graph: whoever has the same ones has the same members and epoch, in whatever order they
 * came. Values only: taking changes makes a new history. docs/protocol/group.md, "Change", "Merging", "Epoch".
 */

import type { AccountId } from '../../../shared/model/ids.ts'
import { concatBytes, equalBytes } from '../../../shared/wire/bytes.ts'
import { isParleyError } from '../../../shared/errors.ts'
import type { ErrorCode } from '../../../shared/errors.ts'
import type { Crypto } from '../crypto.ts'
import { labelBytes } from '../labels.ts'
import { decodeChange, hashToBytes, isSignedBy } from './change.ts'
import type { ChangeHash, GroupChange, SignerLookup } from './change.ts'
import { applyTo, fits } from './membership.ts'
import type { GroupRole, Membership } from './membership.ts'
import { mergeChanges } from './merge.ts'

export const MAX_WAITING = 256
export const MAX_WAITING_OF_AUTHOR = 64

interface KnownChange extends GroupChange {
  /** Parents have smaller ones. Of this copy alone: nothing that others see depends on it. */
  readonly index: number
}

export interface GroupHistory {
  readonly groupId: Uint8Array
  /** Those that count, parents first. */
  readonly changes: ReadonlyMap<ChangeHash, KnownChange>
  /** Ascending. */
  readonly heads: readonly ChangeHash[]
  /** 32 bytes. */
  readonly epochId: Uint8Array
  readonly members: Membership
  /** The group after each head alone, so that what follows on one costs no more than itself. */
  readonly headMembers: ReadonlyMap<ChangeHash, Membership>
  /** Well signed, but a parent has not come. */
  readonly waiting: ReadonlyMap<ChangeHash, GroupChange>
}

export type ChangeOutcome =
  | { readonly kind: 'accepted' | 'known' | 'waiting'; readonly hash: ChangeHash }
  /** The caller looks for a newer device list and offers the change again. */
  | { readonly kind: 'unknown-signer'; readonly hash: ChangeHash; readonly author: AccountId }
  | { readonly kind: 'refused'; readonly code: ErrorCode }

export interface ChangesTaken {
  readonly history: GroupHistory
  /** One for each that was offered. */
  readonly outcomes: readonly ChangeOutcome[]
  /** All that count since, those that had waited among them, parents first. */
  readonly accepted: readonly GroupChange[]
}

interface Draft {
  readonly groupId: Uint8Array
  readonly changes: Map<ChangeHash, KnownChange>
  readonly headMembers: Map<ChangeHash, Membership>
  readonly waiting: Map<ChangeHash, GroupChange>
  readonly accepted: KnownChange[]
}

/** Before any change has come. @param groupId 16 bytes, from who invited or from `signCreation` */
export function emptyHistory(c: Crypto, groupId: Uint8Array): GroupHistory {
  return finish(c, {
    groupId,
    changes: new Map(),
    headMembers: new Map(),
    waiting: new Map(),
    accepted: [],
  })
}

/** Takes changes as others sent them, in any order and number. Each is answered; a refused one changes nothing. */
export function takeChanges(
  c: Crypto,
  history: GroupHistory,
  offered: readonly Uint8Array[],
  signers: SignerLookup,
): ChangesTaken {
  return take(history, c, offered, (change) => {
    const key = signers(change.author, change.deviceId)
    if (key === undefined) return { kind: 'unknown-signer', hash: change.hash, author: change.author }
    return isSignedBy(c, change, key) ? null : { kind: 'refused', code: 'signature-invalid' }
  })
}

/** A history from its stored changes, whose signatures were verified when they came. */
export function restoreHistory(c: Crypto, groupId: Uint8Array, stored: readonly Uint8Array[]): GroupHistory {
  return take(emptyHistory(c, groupId), c, stored, () => null).history
}

type Check = (change: GroupChange) => ChangeOutcome | null

function take(history: GroupHistory, c: Crypto, offered: readonly Uint8Array[], check: Check): ChangesTaken {
  const draft: Draft = {
    groupId: history.groupId,
    changes: new Map(history.changes),
    headMembers: new Map(history.headMembers),
    waiting: new Map(history.waiting),
    accepted: [],
  }
  const outcomes = offered.map((bytes) => takeOne(c, draft, bytes, check))
  const isSame = draft.accepted.length === 0 && draft.waiting.size === history.waiting.size
  return { history: isSame ? history : finish(c, draft, history), outcomes, accepted: draft.accepted }
}

function takeOne(c: Crypto, draft: Draft, bytes: Uint8Array, check: Check): ChangeOutcome {
  const change = decoded(c, bytes)
  if ('code' in change) return change
  const { hash } = change
  if (!equalBytes(change.groupId, draft.groupId)) return { kind: 'refused', code: 'malformed' }
  if (draft.changes.has(hash)) return { kind: 'known', hash }
  const refusal = check(change)
  if (refusal !== null) return refusal
  if (change.parents.every((parent) => draft.changes.has(parent))) return admit(draft, change)
  if (!draft.waiting.has(hash) && isWaitingFull(draft, change.author)) return { kind: 'refused', code: 'too-large' }
  draft.waiting.set(hash, change)
  return { kind: 'waiting', hash }
}

function decoded(c: Crypto, bytes: Uint8Array): GroupChange | { readonly kind: 'refused'; readonly code: ErrorCode } {
  try {
    return decodeChange(c, bytes)
  } catch (error) {
    if (!isParleyError(error)) throw error
    return { kind: 'refused', code: error.code }
  }
}

function isWaitingFull({ waiting }: Draft, author: AccountId): boolean {
  if (waiting.size >= MAX_WAITING) return true
  return [...waiting.values()].filter((other) => other.author === author).length >= MAX_WAITING_OF_AUTHOR
}

/** Judges a change all of whose parents count, and those that waited for it. */
function admit(draft: Draft, change: GroupChange): ChangeOutcome {
  if (!judged(draft, change)) {
    dropWaiting(draft, change.hash)
    return { kind: 'refused', code: 'blocked' }
  }
  for (let next = ready(draft); next !== undefined; next = ready(draft)) {
    draft.waiting.delete(next.hash)
    if (!judged(draft, next)) dropWaiting(draft, next.hash)
  }
  return { kind: 'accepted', hash: change.hash }
}

function ready({ waiting, changes }: Draft): GroupChange | undefined {
  return [...waiting.values()].find(({ parents }) => parents.every((parent) => changes.has(parent)))
}

function judged(draft: Draft, change: GroupChange): boolean {
  const before = membersAfter(draft, change.parents)
  if (!fits(change, before)) return false
  applyTo(before, change.operations)
  const known: KnownChange = { ...change, index: draft.changes.size }
  draft.changes.set(change.hash, known)
  draft.accepted.push(known)
  for (const parent of change.parents) draft.headMembers.delete(parent)
  draft.headMembers.set(change.hash, before)
  return true
}

/** What is built on a change that does not count never will. */
function dropWaiting({ waiting }: Draft, refused: ChangeHash): void {
  const gone = new Set([refused])
  for (let before = 0; before < gone.size;) {
    before = gone.size
    for (const { hash, parents } of waiting.values()) if (parents.some((parent) => gone.has(parent))) gone.add(hash)
  }
  for (const hash of gone) waiting.delete(hash)
}

function finish(c: Crypto, draft: Draft, previous?: GroupHistory): GroupHistory {
  const { groupId, changes, headMembers, waiting } = draft
  if (previous !== undefined && draft.accepted.length === 0) return { ...previous, waiting }
  const heads = [...headMembers.keys()].sort()
  return {
    groupId,
    changes,
    heads,
    epochId: epochIdOf(c, heads),
    members: membersAfter(draft, heads),
    headMembers,
    waiting,
  }
}

/** @param heads ascending */
export function epochIdOf(c: Crypto, heads: readonly ChangeHash[]): Uint8Array {
  return c.backend.sha256(concatBytes(labelBytes('groupEpoch'), ...heads.map(hashToBytes)))
}

/** What a stretch of the way back adds: one change after which nothing was concurrent, or changes to be merged. */
type Stretch = readonly KnownChange[]

type Known = Pick<Draft, 'changes' | 'headMembers'>

/** The group as these changes and all before them make it; a copy that the caller may change. */
function membersAfter(known: Known, tips: readonly ChangeHash[]): Map<AccountId, GroupRole> {
  const stretches: Stretch[] = []
  let members: Map<AccountId, GroupRole> | null = null
  for (let frontier = tips; members === null;) {
    const { region, common } = sinceCommon(known, frontier)
    if (region.length > 0) stretches.push(region)
    const cached = common === null ? new Map() : known.headMembers.get(common.hash)
    if (cached !== undefined) members = new Map(cached)
    if (common !== null && cached === undefined) stretches.push([common])
    frontier = common?.parents ?? []
  }
  for (const stretch of stretches.reverse()) {
    const [only] = stretch
    if (stretch.length === 1 && only !== undefined) applyTo(members, only.operations)
    else members = mergeChanges(stretch, members)
  }
  return members
}

interface Way {
  /** What came after `common`, parents first. */
  readonly region: KnownChange[]
  /** The last common change: before or after every other. Null: no change at all. */
  readonly common: KnownChange | null
}

/** Goes back from the newest until one change alone is ahead: then all that was passed is after it, all else before. */
function sinceCommon({ changes }: Known, tips: readonly ChangeHash[]): Way {
  const ahead = new Map<ChangeHash, KnownChange>()
  const add = (hash: ChangeHash): void => {
    const change = changes.get(hash)
    if (change === undefined) throw new Error('a change without its parent')
    ahead.set(hash, change)
  }
  tips.forEach(add)
  const passed: KnownChange[] = []
  while (ahead.size > 1) {
    const newest = [...ahead.values()].reduce((a, b) => (b.index > a.index ? b : a))
    ahead.delete(newest.hash)
    passed.push(newest)
    newest.parents.forEach(add)
  }
  const [common] = ahead.values()
  return { region: passed.reverse(), common: common ?? null }
}

/** Whether all of these have come and count. */
export function knowsAll({ changes }: GroupHistory, hashes: readonly ChangeHash[]): boolean {
  return hashes.every((hash) => changes.has(hash))
}
