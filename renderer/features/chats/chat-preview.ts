/** What the second line of a row says: draft, failed, last message; in that order. */

import type { ChatEvent, ChatView, MessageStatus } from '../../../shared/model/chat.ts'

export type ChatPreview =
  | { readonly kind: 'draft' | 'text'; readonly text: string; readonly tick: MessageStatus | null }
  | { readonly kind: 'photo' | 'file'; readonly text: string; readonly tick: MessageStatus | null }
  | { readonly kind: 'event'; readonly event: ChatEvent['type'] }
  | { readonly kind: 'failed' | 'unreadable' | 'empty' | 'blocked' }

export function chatPreview(chat: ChatView): ChatPreview {
  if (chat.blocked) return { kind: 'blocked' }
  if (chat.draft.trim() !== '') return { kind: 'draft', text: oneLine(chat.draft), tick: null }
  const last = chat.lastMessage
  if (last === null) return { kind: 'empty' }
  if (last.status === 'failed') return { kind: 'failed' }
  switch (last.body.kind) {
    case 'text':
      return { kind: 'text', text: oneLine(last.body.text), tick: last.status }
    case 'file': {
      const { attachment, caption } = last.body
      const kind = attachment.photo === null ? 'file' : 'photo'
      return {
        kind,
        text: caption === '' ? (kind === 'file' ? attachment.name : '') : oneLine(caption),
        tick: last.status,
      }
    }
    case 'unreadable':
      return { kind: 'unreadable' }
    case 'event':
      return { kind: 'event', event: last.body.event.type }
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 200)
}
