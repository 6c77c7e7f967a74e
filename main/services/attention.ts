/** Asking for the person's attention: notifications and the badge, as they chose. */

import type { ChatId } from '../../shared/model/ids.ts'
import type { MessageView } from '../../shared/model/chat.ts'
import type { Desktop } from '../ports/runtime.ts'
import type { Store } from '../ports/store/store.ts'

/** Texts of notifications, in the person's language. */
export interface AttentionTexts {
  readonly newMessage: string
  readonly photo: string
  readonly file: string
}

const MAX_BODY_CHARS = 240

export class Attention {
  readonly #store: Store
  readonly #desktop: Desktop
  readonly #texts: AttentionTexts
  readonly #openChat: () => ChatId | null
  #focused = false
  #badge = -1

  constructor(store: Store, desktop: Desktop, texts: AttentionTexts, openChat: () => ChatId | null) {
    this.#store = store
    this.#desktop = desktop
    this.#texts = texts
    this.#openChat = openChat
  }

  setFocused(focused: boolean): void {
    this.#focused = focused
  }

  /** A message of somebody else is in its chat. */
  onMessage(message: MessageView, title: string): void {
    const settings = this.#store.settings.get()
    if (settings.notifications === 'off') return
    if (this.#focused && this.#openChat() === message.chatId) return
    const body = settings.notifications === 'with-content' ? this.#bodyOf(message) : this.#texts.newMessage
    this.#desktop.notify({ chatId: message.chatId, title, body, silent: !settings.sound })
  }

  #bodyOf(message: MessageView): string {
    switch (message.body.kind) {
      case 'text':
        return message.body.text.slice(0, MAX_BODY_CHARS)
      case 'file': {
        const kind = message.body.attachment.photo === null ? this.#texts.file : this.#texts.photo
        return message.body.caption === '' ? kind : message.body.caption.slice(0, MAX_BODY_CHARS)
      }
      case 'event':
      case 'unreadable':
        return this.#texts.newMessage
    }
  }

  refreshBadge(): void {
    const count = this.#store.chats.unreadChatCount()
    if (count === this.#badge) return
    this.#badge = count
    this.#desktop.setBadge(count)
  }
}
