/** What concurrent changes make of a group. docs/protocol/group.md, "Merging". */

import type { AccountId } from '../../../shared/model/ids.ts'
import { idToBytes } from '../../../shared/model/ids.ts'
import { compareBytes } from './change.ts'
import type { ChangeHash, GroupChange, GroupOperation } from './change.ts'
import { adds, makesAdmin, MAX_MEMBERS, takesPower } from './membership.ts'
import type { GroupRole, Membership } from './membership.ts'

type Verdict = 'stands' | 'void' | 'open'

/** An operation on an account, and the place of its change in the region. */
interface Touch {
  readonly at: number
  readonly operation: GroupOperation
}

/** All that came after the last common change, parents first, with what is before what. */
interface Region {
  readonly base: Membership
  readonly changes: readonly GroupChange[]
  readonly isBefore: (earlier: number, later: number) => boolean
  readonly touches: (account: AccountId) => readonly Touch[]
  /** Of each change, those that would void it. */
  readonly rivals: readonly (readonly number[])[]
}

/**
 * The group after all of `changes`.
 * @param changes those after the last common change, parents first; each fits the group of its own parents
 * @param base the group after the last common change
 */
export function mergeChanges(changes: readonly GroupChange[], base: Membership): Map<AccountId, GroupRole> {
  const region = regionOf(changes, base)
  const verdicts = judge(region)
  const stands = (at: number): boolean => verdicts[at] === 'stands'
  const members = new Map(base)
  const touched = new Set(changes.flatMap(({ operations }) => operations.map(({ account }) => account)))
  for (const account of touched) {
    const role = roleOf(region, account, stands)
    if (role === undefined) members.delete(account)
    else members.set(account, role)
  }
  return members.size > MAX_MEMBERS ? withoutSurplus(region, members, stands) : members
}

/** Which of `changes` stand, in their order: see `mergeChanges`. */
export function standingChanges(changes: readonly GroupChange[], base: Membership): readonly boolean[] {
  return judge(regionOf(changes, base)).map((verdict) => verdict === 'stands')
}

function regionOf(changes: readonly GroupChange[], base: Membership): Region {
  const isBefore = ancestry(changes)
  const touching = new Map<AccountId, Touch[]>()
  for (const [at, { operations }] of changes.entries()) {
    for (const operation of operations) {
      const known = touching.get(operation.account)
      if (known === undefined) touching.set(operation.account, [{ at, operation }])
      else known.push({ at, operation })
    }
  }
  const touches = (account: AccountId): readonly Touch[] => touching.get(account) ?? []
  const rivals = changes.map(({ author }, at) =>
    touches(author)
      .filter((touch) => takesPower(touch.operation) && !isBefore(touch.at, at) && !isBefore(at, touch.at))
      .map((touch) => touch.at),
  )
  return { base, changes, isBefore, touches, rivals }
}

/** A bit for each pair. Parents outside of the region are before all of it. */
function ancestry(changes: readonly GroupChange[]): Region['isBefore'] {
  const words = Math.ceil(changes.length / 32)
  const places = new Map<ChangeHash, number>(changes.map(({ hash }, at) => [hash, at]))
  const before: Uint32Array[] = []
  for (const { parents } of changes) {
    const bits = new Uint32Array(words)
    for (const parent of parents) {
      const at = places.get(parent)
      if (at === undefined) continue
      before[at]?.forEach((word, index) => (bits[index] = (bits[index] ?? 0) | word))
      bits[at >> 5] = (bits[at >> 5] ?? 0) | (1 << (at & 31))
    }
    before.push(bits)
  }
  return (earlier, later) => (((before[later]?.[earlier >> 5] ?? 0) >>> (earlier & 31)) & 1) === 1
}

/** What an account is by the changes that `counts` says: rules for members and admins. */
function roleOf(region: Region, account: AccountId, counts: (at: number) => boolean): GroupRole | undefined {
  const touches = region.touches(account).filter(({ at }) => counts(at))
  const base = region.base.get(account)
  const removals = touches.filter(({ operation }) => operation.kind === 'remove')
  const losses = touches.filter(({ operation }) => takesPower(operation))
  const isAfterAll = (at: number, earlier: readonly Touch[]): boolean =>
    earlier.every((touch) => region.isBefore(touch.at, at))
  const isMember =
    (base !== undefined && removals.length === 0) ||
    touches.some(({ at, operation }) => adds(operation) && isAfterAll(at, removals))
  if (!isMember) return undefined
  const isAdmin =
    (base === 'admin' && losses.length === 0) ||
    touches.some(({ at, operation }) => makesAdmin(operation) && isAfterAll(at, losses))
  return isAdmin ? 'admin' : 'member'
}

function judge(region: Region): Verdict[] {
  const verdicts: Verdict[] = region.changes.map(() => 'open')
  for (;;) {
    while (judgeOnce(region, verdicts));
    const loser = loserOfCircle(region, verdicts)
    if (loser === null) return verdicts
    verdicts[loser] = 'void'
  }
}

/** Whether anything was decided. */
function judgeOnce(region: Region, verdicts: Verdict[]): boolean {
  let progress = false
  for (const at of verdicts.keys()) {
    if (verdicts[at] !== 'open') continue
    const verdict = verdictOf(region, verdicts, at)
    verdicts[at] = verdict
    if (verdict !== 'open') progress = true
  }
  return progress
}

function verdictOf(region: Region, verdicts: readonly Verdict[], at: number): Verdict {
  const rivals = region.rivals[at] ?? []
  if (rivals.some((rival) => verdicts[rival] === 'stands')) return 'void'
  if (openGrounds(region, verdicts, at).length > 0) return 'open'
  const author = region.changes[at]?.author
  const counts = (other: number): boolean => verdicts[other] === 'stands' && region.isBefore(other, at)
  if (author === undefined || roleOf(region, author, counts) !== 'admin') return 'void'
  return rivals.every((rival) => verdicts[rival] === 'void') ? 'stands' : 'open'
}

/** The undecided changes before it on which its author's power rests. */
function openGrounds(region: Region, verdicts: readonly Verdict[], at: number): number[] {
  const author = region.changes[at]?.author
  if (author === undefined) return []
  return region
    .touches(author)
    .map((touch) => touch.at)
    .filter((other) => verdicts[other] === 'open' && region.isBefore(other, at))
}

/** Rule 4: null when all is decided. */
function loserOfCircle(region: Region, verdicts: readonly Verdict[]): number | null {
  const open = [...verdicts.keys()].filter((at) => verdicts[at] === 'open')
  const first = open[0]
  if (first === undefined) return null
  const needs = new Map<number, readonly number[]>()
  const neededBy = new Map<number, number[]>(open.map((at) => [at, []]))
  for (const at of open) {
    const rivals = (region.rivals[at] ?? []).filter((rival) => verdicts[rival] === 'open')
    const needed = [...rivals, ...openGrounds(region, verdicts, at)]
    needs.set(at, needed)
    for (const other of needed) neededBy.get(other)?.push(at)
  }
  const circle = innermostCircle(first, needs, neededBy)
  const hashAt = (at: number): string => region.changes[at]?.hash ?? ''
  const takers = circle.filter((at) => region.changes[at]?.operations.some(takesPower) === true)
  return takers.reduce<number | null>((worst, at) => (worst === null || hashAt(at) > hashAt(worst) ? at : worst), null)
}

type Graph = ReadonlyMap<number, readonly number[]>

/** Follows what is needed until nothing outside of a circle is. Everything open needs something open. */
function innermostCircle(start: number, needs: Graph, neededBy: Graph): number[] {
  let at = start
  for (;;) {
    const reached = reachable(at, needs)
    const reaching = reachable(at, neededBy)
    const outside = [...reached].find((other) => !reaching.has(other))
    if (outside === undefined) return [...reached]
    at = outside
  }
}

/** All that can be reached in at least one step. */
function reachable(from: number, edges: Graph): Set<number> {
  const reached = new Set<number>()
  const ahead = [from]
  for (let at = ahead.pop(); at !== undefined; at = ahead.pop()) {
    for (const next of edges.get(at) ?? []) {
      if (reached.has(next)) continue
      reached.add(next)
      ahead.push(next)
    }
  }
  return reached
}

interface Candidate {
  readonly account: AccountId
  readonly isAdmin: boolean
  /** Empty: a member before the region began. */
  readonly addedBy: string
  readonly accountBytes: Uint8Array
}

/** Additions that were each within the limit and together are not. */
function withoutSurplus(
  region: Region,
  members: ReadonlyMap<AccountId, GroupRole>,
  stands: (at: number) => boolean,
): Map<AccountId, GroupRole> {
  const candidates = [...members].map(([account, role]): Candidate => {
    const additions = region.touches(account).filter(({ at, operation }) => adds(operation) && stands(at))
    const hashes = additions.map(({ at }) => region.changes[at]?.hash ?? '').sort()
    return { account, isAdmin: role === 'admin', addedBy: hashes.at(-1) ?? '', accountBytes: idToBytes(account) }
  })
  const kept = candidates.sort(byRightToStay).slice(0, MAX_MEMBERS)
  return new Map(kept.map(({ account, isAdmin }) => [account, isAdmin ? 'admin' : 'member']))
}

function byRightToStay(a: Candidate, b: Candidate): number {
  if (a.isAdmin !== b.isAdmin) return a.isAdmin ? -1 : 1
  if (a.addedBy !== b.addedBy) return a.addedBy < b.addedBy ? -1 : 1
  return compareBytes(a.accountBytes, b.accountBytes)
}
