/** From messages to what the feed draws: day chips, the divider, events, and bubbles that know their place in a group. */

import type { ChatEvent, MessageView } from '../../../shared/model/chat.ts'
import type { MessageId } from '../../../shared/model/ids.ts'
import { daysBetween } from '../../chat/list-time.ts'

/** Same sender, same day, within five minutes, no event between. */
const GROUP_WITHIN_MS = 5 * 60_000

/** `only`, or its place from above: corners and gaps follow from it. */
export type GroupPlace = 'only' | 'first' | 'middle' | 'last'

export type FeedEntry =
  | { readonly kind: 'day'; readonly key: string; readonly atMs: number }
  | { readonly kind: 'fresh'; readonly key: 'fresh'; readonly count: number }
  | { readonly kind: 'event'; readonly key: string; readonly event: ChatEvent }
  | { readonly kind: 'message'; readonly key: string; readonly message: MessageView; readonly place: GroupPlace }

/** @param fresh from which message on the divider stands, and how many it announces */
export function feedEntries(
  messages: readonly MessageView[],
  fresh: { readonly firstId: MessageId; readonly count: number } | null,
): FeedEntry[] {
  const entries: FeedEntry[] = []
  for (const [index, message] of messages.entries()) {
    const before = messages[index - 1]
    const after = messages[index + 1]
    if (before === undefined || daysBetween(before.sentAtMs, message.sentAtMs) !== 0) {
      entries.push({ kind: 'day', key: `day ${message.messageId}`, atMs: message.sentAtMs })
    }
    const divided = fresh?.firstId === message.messageId
    if (divided) entries.push({ kind: 'fresh', key: 'fresh', count: fresh.count })
    if (message.body.kind === 'event') {
      entries.push({ kind: 'event', key: message.messageId, event: message.body.event })
      continue
    }
    const joinsBefore = !divided && before !== undefined && isGroup(before, message)
    const joinsAfter = after !== undefined && fresh?.firstId !== after.messageId && isGroup(message, after)
    entries.push({ kind: 'message', key: message.messageId, message, place: placeOf(joinsBefore, joinsAfter) })
  }
  return entries
}

function isGroup(a: MessageView, b: MessageView): boolean {
  return (
    a.authorId === b.authorId &&
    a.body.kind !== 'event' &&
    b.body.kind !== 'event' &&
    daysBetween(a.sentAtMs, b.sentAtMs) === 0 &&
    Math.abs(b.sentAtMs - a.sentAtMs) <= GROUP_WITHIN_MS
  )
}

function placeOf(joinsBefore: boolean, joinsAfter: boolean): GroupPlace {
  if (joinsBefore) return joinsAfter ? 'middle' : 'last'
  return joinsAfter ? 'first' : 'only'
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
/** Pictures by themselves, or by the selector behind them: © alone is a letter. */
const EMOJI = /^(\p{Emoji_Presentation}|\p{Regional_Indicator}{2}|\p{Emoji}\uFE0F|[#*0-9]\uFE0F?\u20E3)/u

/** One to three emoji and nothing else: drawn large, without a bubble. */
export function isEmojiOnly(text: string): boolean {
  const clean = text.replace(/\s/g, '')
  if (clean === '' || clean.length > 60) return false
  const graphemes = [...segmenter.segment(clean)].map(({ segment }) => segment)
  return graphemes.length <= 3 && graphemes.every((grapheme) => EMOJI.test(grapheme))
}
