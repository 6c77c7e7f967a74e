/** What a change of the messages means for somebody who is reading. */

import type { MessageView } from '../../../shared/model/chat.ts'
import type { MessageId } from '../../../shared/model/ids.ts'
import type { FeedEntry } from './feed-entries.ts'

export interface Arrivals {
  /** The ids of messages behind the last one that was known. */
  readonly ids: readonly MessageId[]
  /** One of them was written here: the feed goes to its end. */
  readonly isOwn: boolean
  /** How many of them are somebody else's. */
  readonly theirCount: number
  /** What is read out. */
  readonly last: MessageView | null
}

/** @param lastKey order key of the newest message known so far */
export function arrivals(messages: readonly MessageView[], lastKey: string): Arrivals {
  const newer: MessageView[] = []
  for (let at = messages.length - 1; at >= 0; at -= 1) {
    const message = messages[at]
    if (message === undefined || message.orderKey <= lastKey) break
    newer.unshift(message)
  }
  const people = newer.filter(({ body }) => body.kind !== 'event')
  const theirs = people.filter(({ authorId }) => authorId !== null)
  return {
    ids: newer.map(({ messageId }) => messageId),
    isOwn: people.length > theirs.length,
    theirCount: theirs.length,
    last: theirs.at(-1) ?? null,
  }
}

/** Where the divider stands: before the oldest of the unread ones, as far as they are loaded. */
export function firstUnread(
  messages: readonly MessageView[],
  unreadCount: number,
): { readonly firstId: MessageId; readonly count: number } | null {
  if (unreadCount <= 0) return null
  const theirs = messages.filter(({ authorId, body }) => authorId !== null && body.kind !== 'event')
  const first = theirs.at(-Math.min(unreadCount, theirs.length))
  return first === undefined ? null : { firstId: first.messageId, count: unreadCount }
}

/** Entries were set before the first one and nothing else: what is read keeps its place from the end. */
export function isPrepended(next: readonly FeedEntry[], before: readonly FeedEntry[]): boolean {
  return next.length > before.length && next[0]?.key !== before[0]?.key && next.at(-1)?.key === before.at(-1)?.key
}

/** The day that the topmost entry belongs to; null while its own chip is in sight there. */
export function topDay(entries: readonly FeedEntry[], topIndex: number): number | null {
  if (entries[topIndex]?.kind === 'day') return null
  for (let at = topIndex; at >= 0; at -= 1) {
    const entry = entries[at]
    if (entry?.kind === 'day') return entry.atMs
  }
  return null
}

/** The message that an arrow key leads to from this one; itself at either end. */
export function neighbour(
  messages: readonly MessageView[],
  from: MessageId | null,
  key: 'ArrowUp' | 'ArrowDown' | 'Home' | 'End',
): MessageId | null {
  const people = messages.filter(({ body }) => body.kind !== 'event')
  const at = people.findIndex(({ messageId }) => messageId === from)
  const last = people.length - 1
  const current = at === -1 ? last : at
  const to = { ArrowUp: current - 1, ArrowDown: current + 1, Home: 0, End: last }[key]
  return people[Math.max(0, Math.min(last, at === -1 && key === 'ArrowUp' ? last : to))]?.messageId ?? null
}
