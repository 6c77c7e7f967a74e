import { describe, expect, it } from 'vitest'
import type { MessageId } from '../../../shared/model/ids.ts'
import { THEM, sampleMessage } from '../../testing/sample.ts'
import { feedEntries } from './feed-entries.ts'

const at = (hour: number, minute: number, day = 17): number => new Date(2025, 10, day, hour, minute).getTime()
const mine = (sentAtMs: number) => sampleMessage({ sentAtMs })
const theirs = (sentAtMs: number) => sampleMessage({ sentAtMs, authorId: THEM })
const opened = (sentAtMs: number) =>
  sampleMessage({ sentAtMs, body: { kind: 'event', event: { type: 'chat-opened' } }, status: null })

/** The places of the bubbles, and in between what else is drawn. */
const drawn = (...messages: ReturnType<typeof mine>[]): string[] =>
  feedEntries(messages, null).map((entry) => (entry.kind === 'message' ? entry.place : entry.kind))

describe('grouping', () => {
  it('joins one sender’s messages within five minutes of each other', () => {
    expect(drawn(mine(at(10, 0)), mine(at(10, 5)), mine(at(10, 10)))).toEqual(['day', 'first', 'middle', 'last'])
  })

  it('ends after more than five minutes', () => {
    expect(drawn(mine(at(10, 0)), mine(at(10, 5) + 1))).toEqual(['day', 'only', 'only'])
  })

  it('ends where the other one speaks', () => {
    expect(drawn(mine(at(10, 0)), theirs(at(10, 1)), mine(at(10, 2)))).toEqual(['day', 'only', 'only', 'only'])
  })

  it('ends at midnight, with a chip for the new day', () => {
    expect(drawn(mine(at(23, 59)), mine(at(0, 1, 18)))).toEqual(['day', 'only', 'day', 'only'])
  })

  it('ends at an event', () => {
    expect(drawn(mine(at(10, 0)), opened(at(10, 1)), mine(at(10, 2)))).toEqual(['day', 'only', 'event', 'only'])
  })

  it('ends at the divider of new messages', () => {
    const messages = [theirs(at(10, 0)), theirs(at(10, 1)), theirs(at(10, 2))]
    const entries = feedEntries(messages, { firstId: messages[1]?.messageId ?? ('' as MessageId), count: 2 })
    expect(entries.map((entry) => (entry.kind === 'message' ? entry.place : entry.kind))).toEqual([
      'day',
      'only',
      'fresh',
      'first',
      'last',
    ])
  })

  it('joins a message that was set in its place late only by its own time', () => {
    const late = { ...theirs(at(9, 0)), orderKey: 'z', late: true }
    expect(drawn(theirs(at(10, 0)), late)).toEqual(['day', 'only', 'only'])
  })
})

it('gives every entry its own key', () => {
  const entries = feedEntries([mine(at(10, 0)), opened(at(10, 1)), theirs(at(0, 1, 18))], null)
  expect(new Set(entries.map(({ key }) => key)).size).toBe(entries.length)
})
