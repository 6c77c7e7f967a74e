/** The sentence below an own message that is held up or was given up, and what can be done about it. */

import type { MessageView } from '../../../shared/model/chat.ts'

export type NoteAction = 'retry' | 'delete'

export interface MessageNote {
  /** Key under `note`. */
  readonly text: 'waiting' | 'unreachable' | 'full' | 'too-large' | 'refused' | 'used' | 'failed'
  readonly bad: boolean
  readonly actions: readonly NoteAction[]
}

/** Longer than this at the clock, and the person is told that it waits. */
const QUIET_MS = 10_000

export function messageNote(message: MessageView, nowMs: number): MessageNote | null {
  if (message.status === 'failed') {
    if (message.failure === 'too-large') return { text: 'too-large', bad: true, actions: ['delete'] }
    if (message.failure === 'invite-used') return { text: 'used', bad: true, actions: ['delete'] }
    return { text: 'failed', bad: true, actions: ['retry', 'delete'] }
  }
  if (message.status !== 'sending') return null
  switch (message.failure) {
    case 'unreachable':
    case 'timeout':
    case 'relay-lying':
      return { text: 'unreachable', bad: false, actions: [] }
    case 'relay-full':
    case 'relay-quota':
      return { text: 'full', bad: false, actions: [] }
    case 'token-revoked':
    case 'relay-refused':
      return nowMs - message.sentAtMs > QUIET_MS ? { text: 'refused', bad: false, actions: ['retry'] } : null
    default:
      return nowMs - message.sentAtMs > QUIET_MS ? { text: 'waiting', bad: false, actions: [] } : null
  }
}
