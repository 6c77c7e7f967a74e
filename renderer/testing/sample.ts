/** One message, one chat: what a test of a pure function needs, with the part it is about set. */

import type { ChatView, MessageView } from '../../shared/model/chat.ts'
import type { ChatId, ContactId, MessageId } from '../../shared/model/ids.ts'

export const THEM = 'them' as ContactId

export function sampleMessage(patch: Partial<MessageView> & { readonly text?: string } = {}): MessageView {
  const { text = 'Hello', ...rest } = patch
  const sentAtMs = rest.sentAtMs ?? 0
  const messageId = rest.messageId ?? (`message at ${sentAtMs}` as MessageId)
  return {
    messageId,
    chatId: 'chat' as ChatId,
    authorId: null,
    orderKey: `${String(sentAtMs).padStart(16, '0')} ${messageId}`,
    sentAtMs,
    receivedAtMs: sentAtMs,
    late: false,
    body: { kind: 'text', text },
    status: rest.authorId === undefined || rest.authorId === null ? 'sending' : null,
    failure: null,
    ...rest,
  }
}

export function sampleChat(patch: Partial<ChatView> = {}): ChatView {
  return {
    chatId: 'chat' as ChatId,
    contactId: THEM,
    title: 'Mira',
    avatarHue: 11,
    path: 'direct',
    blocked: false,
    safety: 'unverified',
    unreadCount: 0,
    draft: '',
    lastMessage: null,
    lastActivityAtMs: 0,
    lastSeenAtMs: null,
    ...patch,
  }
}
