/** What a compared account key says about a contact (docs/protocol/safety-code.md). */

import type { CodeComparison, SafetyState } from '../../shared/model/chat.ts'
import type { AccountId, ContactId } from '../../shared/model/ids.ts'
import type { SafetyCode } from '../../shared/wire/safety-code.ts'

export interface ComparedKey {
  readonly accountId: AccountId
  /** The key that was compared, whichever account it was of. */
  readonly verifiedKey: AccountId | null
}

export function safetyState({ accountId, verifiedKey }: ComparedKey): SafetyState {
  if (verifiedKey === null) return 'unverified'
  return verifiedKey === accountId ? 'verified' : 'changed'
}

/** @param isKnown whether that account is the own one or another contact's */
export function compareCode(
  code: SafetyCode,
  own: AccountId,
  theirs: AccountId,
  isKnown: (account: AccountId) => boolean,
): CodeComparison {
  const byThem = code.shownBy === theirs
  const toMe = code.shownTo === own
  if (byThem) return toMe ? 'match' : 'mismatch'
  // Meant for this account, by a key that nobody here has: whoever it is thought to be is somebody else.
  return toMe && !isKnown(code.shownBy) ? 'mismatch' : 'other-person'
}

/** Which compared key a chat goes on with: a comparison of the newcomer counts, else no earlier one is forgotten. */
export function keyAfterJoin<Key extends ComparedKey>(newcomer: Key, old: Key): Key {
  return safetyState(newcomer) === 'verified' || old.verifiedKey === null ? newcomer : old
}

export interface Acquaintance {
  readonly contactId: ContactId
  /** Whoever took the chat over; null: nobody. */
  readonly replacedBy: ContactId | null
  readonly createdAtMs: number
}

/** Whether a chat may go on with a newcomer: its person was here before, and nobody took the chat over yet. */
export function mayContinue(newcomer: Acquaintance, old: Acquaintance): boolean {
  return (
    newcomer.contactId !== old.contactId &&
    newcomer.replacedBy === null &&
    old.replacedBy === null &&
    newcomer.createdAtMs >= old.createdAtMs
  )
}
