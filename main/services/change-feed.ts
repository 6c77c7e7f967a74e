/**
 * Tells the window what changed, after the commit and once per row however often it changed in a
 * transaction: services name what they touched, the feed reads the rows and emits.
 */

import type { ChatId, ContactId, InviteId, MessageId } from '../../shared/model/ids.ts'
import type { Store } from '../ports/store/store.ts'
import type { Clock } from '../ports/runtime.ts'
import type { Emit } from './core.ts'
import type { Views } from './views.ts'

export class ChangeFeed {
  readonly #store: Store
  readonly #views: Views
  readonly #emit: Emit
  readonly #clock: Clock
  readonly #messages = new Set<MessageId>()
  readonly #chats = new Set<ChatId>()
  readonly #invites = new Set<InviteId>()
  readonly #listeners = new Set<() => void>()

  constructor(store: Store, views: Views, emit: Emit, clock: Clock) {
    this.#store = store
    this.#views = views
    this.#emit = emit
    this.#clock = clock
  }

  /** The message, and its chat's row with it. */
  message(messageId: MessageId, chatId: ChatId): void {
    this.#messages.add(messageId)
    this.chat(chatId)
  }

  chat(chatId: ChatId): void {
    this.#chats.add(chatId)
    this.#schedule()
  }

  contact(contactId: ContactId): void {
    const chat = this.#store.chats.ofContact(contactId)
    if (chat !== null) this.chat(chat.chatId)
  }

  invite(inviteId: InviteId): void {
    this.#invites.add(inviteId)
    this.#schedule()
  }

  /** Called after each flush: counts and the like. */
  onFlush(listener: () => void): void {
    this.#listeners.add(listener)
  }

  #schedule(): void {
    // One step later, so that what was written is on its way before the window is told.
    this.#store.afterCommit(() => {
      queueMicrotask(() => {
        this.#flush()
      })
    })
  }

  #flush(): void {
    if (this.#messages.size + this.#chats.size + this.#invites.size === 0) return
    const messages = [...this.#messages]
    const chats = [...this.#chats]
    const invites = [...this.#invites]
    this.#messages.clear()
    this.#chats.clear()
    this.#invites.clear()
    for (const messageId of messages) {
      const record = this.#store.messages.get(messageId)
      if (record !== null) this.#emit('message.changed', this.#views.message(record))
    }
    for (const chatId of chats) {
      const record = this.#store.chats.get(chatId)
      if (record !== null && !record.hidden) this.#emit('chat.changed', this.#views.chat(record))
    }
    for (const inviteId of invites) {
      const record = this.#store.invites.get(inviteId)
      if (record !== null) this.#emit('invite.changed', this.#views.invite(record, this.#clock.nowMs()))
    }
    for (const listener of this.#listeners) listener()
  }
}
