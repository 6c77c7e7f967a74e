/** Who is in a group, and which change fits it. docs/protocol/group.md, "Change". */

import type { AccountId } from '../../../shared/model/ids.ts'
import type { GroupChange, GroupOperation } from './change.ts'

export const MAX_MEMBERS = 1_024

export type GroupRole = 'admin' | 'member'

export type Membership = ReadonlyMap<AccountId, GroupRole>

/** Whether a change may be made to the group that its parents make. A creation is made to the empty one. */
export function fits(change: GroupChange, before: Membership): boolean {
  const { author, operations, parents } = change
  if (operations.length === 0 && parents.length < 2) return false
  return parents.length === 0 ? isCreation(change) : before.get(author) === 'admin' && isAllowed(change, before)
}

function isCreation({ author, operations }: GroupChange): boolean {
  return (
    operations.every(({ kind }) => kind === 'add' || kind === 'add-admin') &&
    operations.some(({ kind, account }) => kind === 'add-admin' && account === author)
  )
}

function isAllowed({ author, operations }: GroupChange, before: Membership): boolean {
  let size = before.size
  for (const operation of operations) {
    if (operation.account === author || !doesSomething(operation, before.get(operation.account))) return false
    if (adds(operation)) size += 1
    if (operation.kind === 'remove') size -= 1
  }
  return size <= MAX_MEMBERS
}

function doesSomething({ kind }: GroupOperation, role: GroupRole | undefined): boolean {
  switch (kind) {
    case 'add':
    case 'add-admin':
      return role === undefined
    case 'remove':
      return role !== undefined
    case 'make-admin':
      return role === 'member'
    case 'make-member':
      return role === 'admin'
  }
}

export function adds({ kind }: GroupOperation): boolean {
  return kind === 'add' || kind === 'add-admin'
}

export function makesAdmin({ kind }: GroupOperation): boolean {
  return kind === 'add-admin' || kind === 'make-admin'
}

export function takesPower({ kind }: GroupOperation): boolean {
  return kind === 'remove' || kind === 'make-member'
}

/** What a change that fits makes of the group, in place. */
export function applyTo(members: Map<AccountId, GroupRole>, operations: readonly GroupOperation[]): void {
  for (const operation of operations) {
    if (operation.kind === 'remove') members.delete(operation.account)
    else members.set(operation.account, makesAdmin(operation) ? 'admin' : 'member')
  }
}
