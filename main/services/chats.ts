/** The chat list and what a person does with a chat. */

import type { BlobId, ChatId, ContactId, MessageId } from '../../shared/model/ids.ts'
import type { ChatView, MessageView } from '../../shared/model/chat.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { ChatRecord } from '../ports/store/records.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { Core } from './core.ts'
import type { Receipts } from './receipts.ts'
import type { Views } from './views.ts'

export class Chats {
  readonly #core: Core
  readonly #views: Views
  readonly #feed: ChangeFeed
  readonly #receipts: Receipts
  readonly #deleteBlobs: (blobIds: readonly BlobId[]) => void
  #open: ChatId | null = null

  constructor(
    core: Core,
    parts: {
      readonly views: Views
      readonly feed: ChangeFeed
      readonly receipts: Receipts
      readonly deleteBlobs: (blobIds: readonly BlobId[]) => void
    },
  ) {
    this.#core = core
    this.#views = parts.views
    this.#feed = parts.feed
    this.#receipts = parts.receipts
    this.#deleteBlobs = parts.deleteBlobs
  }

  list(): readonly ChatView[] {
    return this.#core.store.chats
      .list()
      .filter((chat) => !chat.hidden)
      .map((chat) => this.#views.chat(chat))
  }

  view(chatId: ChatId): ChatView {
    return this.#views.chat(this.#get(chatId))
  }

  /** @throws not-found */
  #get(chatId: ChatId): ChatRecord {
    const chat = this.#core.store.chats.get(chatId)
    if (chat === null) throw new ParleyError('not-found', 'chat')
    return chat
  }

  get openChat(): ChatId | null {
    return this.#open
  }

  setOpen(chatId: ChatId | null): void {
    this.#open = chatId
  }

  page(chatId: ChatId, before: string | null, limit: number): { messages: readonly MessageView[]; hasMore: boolean } {
    this.#get(chatId)
    const records = this.#core.store.messages.page(chatId, before, limit + 1)
    const hasMore = records.length > limit
    return { messages: records.slice(hasMore ? 1 : 0).map((record) => this.#views.message(record)), hasMore }
  }

  /** Everything that is unread now; the author is told once for all of it. */
  markRead(chatId: ChatId): void {
    const { store, clock } = this.#core
    store.transaction(() => {
      const { contactId } = this.#get(chatId)
      const unread = store.messages.unread(chatId)
      if (unread.length === 0) return
      const readAtMs = clock.nowMs()
      for (const { messageId } of unread) store.messages.update(messageId, { readAtMs })
      this.#feed.chat(chatId)
      if (store.contacts.get(contactId)?.blocked !== true) {
        this.#receipts.read(
          contactId,
          unread.map((message) => message.messageId),
        )
      }
    })
  }

  setDraft(chatId: ChatId, draft: string): void {
    this.#core.store.transaction(() => {
      this.#get(chatId)
      this.#core.store.chats.update(chatId, { draft })
      this.#feed.chat(chatId)
    })
  }

  delete(chatId: ChatId): void {
    const { store } = this.#core
    this.#deleteBlobs(
      store.transaction(() => {
        this.#get(chatId)
        const blobs = store.messages.deleteChat(chatId)
        store.chats.update(chatId, { hidden: true, draft: '' })
        return blobs
      }),
    )
    this.#core.emit('chat.removed', { chatId })
  }

  deleteMessage(messageId: MessageId): void {
    const { store } = this.#core
    const chatId = store.messages.get(messageId)?.chatId
    if (chatId === undefined) throw new ParleyError('not-found', 'message')
    this.#deleteBlobs(
      store.transaction(() => {
        const blobs = store.messages.delete(messageId)
        this.#feed.chat(chatId)
        return blobs
      }),
    )
    this.#core.emit('message.removed', { chatId, messageId })
  }

  contactOf(messageId: MessageId): ContactId {
    const message = this.#core.store.messages.get(messageId)
    if (message === null) throw new ParleyError('not-found', 'message')
    return this.#get(message.chatId).contactId
  }
}
