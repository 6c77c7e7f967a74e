import { expect, test } from 'vitest'
import { mailboxOf } from './contract-tests/store-factory.ts'
import { noticeTexts, readNotice } from './front-end-notices.ts'
import type { Notice } from './front-end-notices.ts'

const NOTICES: readonly Notice[] = [
  { kind: 'list' },
  { kind: 'deposited', mailboxIds: [mailboxOf(1), mailboxOf(2)] },
  { kind: 'stock', mailboxIds: [mailboxOf(3)] },
  {
    kind: 'owned',
    claims: [
      [mailboxOf(4), 12],
      [mailboxOf(5), 13],
    ],
  },
]

test('what one front end says another one reads, and none reads its own', () => {
  for (const notice of NOTICES) {
    const [text = ''] = noticeTexts('one', notice)
    expect(readNotice('two', text)).toEqual(notice)
    expect(readNotice('one', text)).toBeNull()
  }
})

test('much of it goes in texts that the server takes, and nothing goes as none', () => {
  const mailboxIds = Array.from({ length: 500 }, (_, index) => mailboxOf(index % 256))
  const texts = noticeTexts('one', { kind: 'deposited', mailboxIds })
  expect(texts.every((text) => text.length < 8_000)).toBe(true)
  const read = texts.map((text) => readNotice('two', text))
  expect(read.flatMap((notice) => (notice?.kind === 'deposited' ? notice.mailboxIds : []))).toEqual(mailboxIds)
  expect(noticeTexts('one', { kind: 'owned', claims: [] })).toEqual([])
})

test('what a later version may say is left alone', () => {
  expect(readNotice('two', 'x one a')).toBeNull()
  expect(readNotice('two', '')).toBeNull()
  expect(readNotice('two', 'o one a:b c:5')).toEqual({ kind: 'owned', claims: [['c', 5]] })
})
