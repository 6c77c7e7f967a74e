import { describe, expect, it } from 'vitest'
import type { MessageId } from '../../../shared/model/ids.ts'
import { THEM, sampleMessage } from '../../testing/sample.ts'
import { feedEntries } from './feed-entries.ts'
import { arrivals, firstUnread, isPrepended, neighbour, topDay } from './feed-follow.ts'

const mine = (at: number) => sampleMessage({ sentAtMs: at })
const theirs = (at: number) => sampleMessage({ sentAtMs: at, authorId: THEM })
const opened = (at: number) =>
  sampleMessage({ sentAtMs: at, body: { kind: 'event', event: { type: 'chat-opened' } }, status: null })
const id = (at: number): MessageId => sampleMessage({ sentAtMs: at }).messageId

describe('what came in', () => {
  it('is what lies behind the newest known message', () => {
    const messages = [theirs(1), theirs(2), theirs(3)]
    expect(arrivals(messages, messages[0]?.orderKey ?? '')).toMatchObject({
      ids: [id(2), id(3)],
      isOwn: false,
      theirCount: 2,
    })
  })

  it('is nothing when a message was set in its place among older ones, changed or deleted', () => {
    const last = theirs(5)
    expect(arrivals([theirs(1), theirs(3), last], last.orderKey).ids).toEqual([])
    expect(arrivals([theirs(1)], last.orderKey).ids).toEqual([])
  })

  it('knows an own message, which is followed, from an event, which is not', () => {
    expect(arrivals([theirs(1), mine(2)], theirs(1).orderKey).isOwn).toBe(true)
    expect(arrivals([theirs(1), opened(2)], theirs(1).orderKey)).toMatchObject({ isOwn: false, theirCount: 0 })
  })
})

describe('the divider', () => {
  it('stands before the oldest unread message, not counting own ones', () => {
    expect(firstUnread([theirs(1), theirs(2), mine(3), theirs(4)], 2)).toEqual({ firstId: id(2), count: 2 })
  })

  it('stands at the top when more are unread than loaded', () => {
    expect(firstUnread([theirs(7), theirs(8)], 40)).toEqual({ firstId: id(7), count: 40 })
  })

  it('is not there when everything is read', () => {
    expect(firstUnread([theirs(1)], 0)).toBeNull()
    expect(firstUnread([mine(1)], 1)).toBeNull()
  })
})

describe('holding the place of what is read', () => {
  const entries = (...messages: ReturnType<typeof mine>[]) => feedEntries(messages, null)

  it('counts from the end when older messages were fetched', () => {
    expect(isPrepended(entries(mine(1), mine(2), mine(3)), entries(mine(2), mine(3)))).toBe(true)
  })

  it('counts from the start when something came at the end or changed', () => {
    expect(isPrepended(entries(mine(1), mine(2)), entries(mine(1)))).toBe(false)
    expect(isPrepended(entries(mine(1)), entries(mine(1)))).toBe(false)
    expect(isPrepended(entries(mine(1)), [])).toBe(false)
  })
})

it('names the day of the topmost row, except where its own chip is', () => {
  const entries = feedEntries([mine(1_000), mine(2_000)], null)
  expect(topDay(entries, 0)).toBeNull()
  expect(topDay(entries, 2)).toBe(1_000)
})

it('moves by arrows over messages, not over events, and stays at the ends', () => {
  const messages = [mine(1), opened(2), mine(3), mine(4)]
  expect(neighbour(messages, null, 'ArrowUp')).toBe(id(4))
  expect(neighbour(messages, id(4), 'ArrowUp')).toBe(id(3))
  expect(neighbour(messages, id(3), 'ArrowUp')).toBe(id(1))
  expect(neighbour(messages, id(1), 'ArrowUp')).toBe(id(1))
  expect(neighbour(messages, id(1), 'End')).toBe(id(4))
  expect(neighbour([], null, 'ArrowUp')).toBeNull()
})
