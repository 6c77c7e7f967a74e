import { beforeEach, expect, test } from 'vitest'
import { mailboxOf } from './contract-tests/store-factory.ts'
import { OwnerClaims } from './owner-claims.ts'

const mailboxId = mailboxOf(1)
let claims: OwnerClaims

beforeEach(() => {
  claims = new OwnerClaims()
})

test('a later claim elsewhere ends one here, an earlier one does not', () => {
  claims.begin(mailboxId)(5)
  expect(claims.elsewhere(mailboxId, 4)).toBe(false)
  expect(claims.elsewhere(mailboxId, 6)).toBe(true)
  expect(claims.elsewhere(mailboxId, 7)).toBe(false)
  expect(claims.mailboxIds()).toEqual([])
})

test('one that was heard of while the number was being fetched counts as well', () => {
  const numbered = claims.begin(mailboxId)
  expect(claims.elsewhere(mailboxId, 6)).toBe(false)
  expect(numbered(5)).toBe(false)
  const again = claims.begin(mailboxId)
  expect(claims.elsewhere(mailboxId, 6)).toBe(false)
  expect(again(7)).toBe(true)
  expect(claims.numbered()).toEqual([[mailboxId, 7]])
})

test('the number of a connection that was replaced here meanwhile says nothing of the next', () => {
  const first = claims.begin(mailboxId)
  claims.begin(mailboxId)(9)
  expect(first(3)).toBe(true)
  expect(claims.numbered()).toEqual([[mailboxId, 9]])
})

test('who left has no claim', () => {
  claims.begin(mailboxId)(5)
  claims.end(mailboxId)
  expect(claims.elsewhere(mailboxId, 6)).toBe(false)
})
