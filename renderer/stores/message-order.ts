/** Pure changes of an ordered list of messages. */

import type { MessageView } from '../../shared/model/chat.ts'
import type { MessageId } from '../../shared/model/ids.ts'

/**
 * Replaced by id, or set in its place by order key. One that belongs before the first loaded message is left out while
 * older ones are still to be fetched: it comes with its page.
 */
export function withMessage(
  messages: readonly MessageView[],
  message: MessageView,
  hasMore: boolean,
): readonly MessageView[] {
  const known = messages.findIndex((item) => item.messageId === message.messageId)
  if (known !== -1) return messages.with(known, message)
  const last = messages.at(-1)
  if (last === undefined || last.orderKey < message.orderKey) return [...messages, message]
  const place = messages.findIndex((item) => item.orderKey > message.orderKey)
  return place === 0 && hasMore ? messages : messages.toSpliced(place, 0, message)
}

export function withoutMessage(messages: readonly MessageView[], messageId: MessageId): readonly MessageView[] {
  return messages.filter((message) => message.messageId !== messageId)
}

/** The newest page, fetched again: joined to what is loaded, or in its place when there is a gap between the two. */
export function withNewestPage(messages: readonly MessageView[], page: readonly MessageView[]): readonly MessageView[] {
  const [first] = page
  const isJoined = first !== undefined && messages.some((message) => message.messageId === first.messageId)
  if (!isJoined) return page
  return [...messages.filter((message) => message.orderKey < first.orderKey), ...page]
}
