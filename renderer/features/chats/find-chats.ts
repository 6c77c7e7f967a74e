import type { ChatView } from '../../../shared/model/chat.ts'
import type { ChatId } from '../../../shared/model/ids.ts'

/** The chats whose title holds the query, whatever its case and accents; the open one stays in the unread ones. */
export function findChats(
  chats: readonly ChatView[],
  query: string,
  filter: 'all' | 'unread',
  openId: ChatId | null,
): readonly ChatView[] {
  const wanted = fold(query.trim())
  return chats.filter(
    (chat) =>
      (filter === 'all' || chat.unreadCount > 0 || chat.chatId === openId) &&
      (wanted === '' || fold(chat.title).includes(wanted)),
  )
}

function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase()
}
