import { expect, test } from 'vitest'
import type { AccountId } from '../../shared/model/ids.ts'
import { compareCode, keyAfterJoin, safetyState } from './safety.ts'

const account = (name: string): AccountId => name as AccountId
const [own, mira, sam, stranger] = ['own', 'mira', 'sam', 'stranger'].map(account) as [
  AccountId,
  AccountId,
  AccountId,
  AccountId,
]

test.each([
  [null, 'unverified'],
  [mira, 'verified'],
  [sam, 'changed'],
])('a contact whose compared key is %s is %s', (verifiedKey, state) => {
  expect(safetyState({ accountId: mira, verifiedKey })).toBe(state)
})

test.each([
  ['their key for mine', mira, own, 'match'],
  ['their key for another of mine', mira, stranger, 'mismatch'],
  ['a key that nobody has, for mine', stranger, own, 'mismatch'],
  ['another contact’s key for mine', sam, own, 'other-person'],
  ['another contact’s key for another', sam, mira, 'other-person'],
  ['my own code', own, mira, 'other-person'],
  ['a code for two others', stranger, sam, 'other-person'],
])('%s', (_what, shownBy, shownTo, outcome) => {
  const isKnown = (key: AccountId): boolean => key === own || key === sam || key === mira
  expect(compareCode({ shownBy, shownTo }, own, mira, isKnown)).toBe(outcome)
})

test.each([
  ['nobody was compared', null, null, 'unverified'],
  ['the old account was compared', null, mira, 'changed'],
  ['the newcomer was compared', sam, mira, 'verified'],
  ['the newcomer had an earlier account that was compared', stranger, null, 'changed'],
  ['both had', stranger, mira, 'changed'],
  ['the old one was changed already', null, stranger, 'changed'],
])('after a join where %s the chat is as safe as told', (_what, newcomersKey, oldKey, state) => {
  const newcomer = { accountId: sam, verifiedKey: newcomersKey }
  const { verifiedKey } = keyAfterJoin(newcomer, { accountId: mira, verifiedKey: oldKey })
  expect(safetyState({ accountId: sam, verifiedKey })).toBe(state)
})
