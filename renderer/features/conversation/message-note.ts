/** The sentence below a message that is held up or was given up, and what can be done about it. */

import type { MessageView } from '../../../shared/model/chat.ts'

export type NoteAction = 'retry' | 'fetch' | 'delete'

export interface MessageNote {
  /** Key under `note`. */
  readonly text:
    | 'waiting'
    | 'unreachable'
    | 'full'
    | 'limited'
    | 'door'
    | 'too-large'
    | 'refused'
    | 'key'
    | 'used'
    | 'failed'
    | 'disk-full'
    | 'damaged'
    | 'gone'
    | 'stopped'
  /** Lost, unless something is done. */
  readonly bad: boolean
  readonly actions: readonly NoteAction[]
}

/** Longer than this at the clock, and the person is told that it waits. */
const QUIET_MS = 10_000

export function messageNote(message: MessageView, nowMs: number): MessageNote | null {
  if (message.status === 'failed') return ofGivenUp(message)
  if (message.body.kind === 'file' && message.body.attachment.state === 'failed') {
    return ofFile(message.body.attachment.failure)
  }
  if (message.status !== 'sending') return null
  const isLong = nowMs - message.sentAtMs > QUIET_MS
  switch (message.failure) {
    case 'unreachable':
    case 'timeout':
    case 'relay-lying':
    case 'relay-stops':
      return { text: 'unreachable', bad: false, actions: [] }
    case 'relay-full':
    case 'relay-quota':
      return { text: 'full', bad: false, actions: [] }
    case 'rate-limited':
      return { text: 'limited', bad: false, actions: [] }
    case 'door-closed':
      return { text: 'door', bad: false, actions: [] }
    case 'key-not-confirmed':
      return { text: 'key', bad: false, actions: [] }
    case 'token-revoked':
    case 'relay-refused':
      return isLong ? { text: 'refused', bad: false, actions: ['retry'] } : null
    default:
      return isLong ? { text: 'waiting', bad: false, actions: [] } : null
  }
}

function ofGivenUp({ failure }: MessageView): MessageNote {
  if (failure === 'too-large') return { text: 'too-large', bad: true, actions: ['delete'] }
  if (failure === 'invite-used') return { text: 'used', bad: true, actions: ['delete'] }
  return { text: 'failed', bad: true, actions: ['retry', 'delete'] }
}

function ofFile(failure: MessageView['failure']): MessageNote {
  switch (failure) {
    case 'disk-full':
      return { text: 'disk-full', bad: false, actions: ['fetch'] }
    case 'cancelled':
      return { text: 'stopped', bad: false, actions: ['fetch'] }
    case 'file-gone':
    case 'not-found':
      return { text: 'gone', bad: true, actions: ['delete'] }
    default:
      return { text: 'damaged', bad: false, actions: ['fetch'] }
  }
}

/**
 * The notes of a feed, by message. A row of messages that wait for the same reason says so once, below the last;
 * one whose file is moving says it with its ring.
 */
export function messageNotes(
  messages: readonly MessageView[],
  nowMs: number,
  isMoving: (messageId: MessageView['messageId']) => boolean,
): ReadonlyMap<MessageView['messageId'], MessageNote> {
  const notes = new Map<MessageView['messageId'], MessageNote>()
  let below: MessageNote['text'] | null = null
  for (const message of messages.toReversed()) {
    const note = isMoving(message.messageId) ? null : messageNote(message, nowMs)
    const isSaid = note !== null && note.actions.length === 0 && note.text === below
    if (note !== null && !isSaid) notes.set(message.messageId, note)
    below = note?.text ?? null
  }
  return notes
}
