/**
 * Own and others' messages enter a chat here, in the caller's transaction: the hybrid clock advances,
 * the row finds its place, the chat comes to the top, the window is told.
 */

import { compareTimes, capAhead, observe, tick } from '../domain/hybrid-clock.ts'
import { orderKey } from '../domain/order-key.ts'
import { safetyState } from '../domain/safety.ts'
import { LATE_AFTER_MS } from '../domain/delivery-limits.ts'
import type { Content, MessageOrder } from '../../shared/wire/content.ts'
import type { ChatEvent } from '../../shared/model/chat.ts'
import type { ChatId, ContactId, MessageId } from '../../shared/model/ids.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { ContactRecord, MessageRecord, StoredBody } from '../ports/store/records.ts'
import type { Core } from './core.ts'
import { ownAccount } from './core.ts'
import type { ChangeFeed } from './change-feed.ts'
import { newMessageId } from './outgoing.ts'

export interface OwnMessage {
  readonly record: MessageRecord
  readonly contactId: ContactId
  readonly order: MessageOrder
}

export class ChatLog {
  readonly #core: Core
  readonly #feed: ChangeFeed

  constructor(core: Core, feed: ChangeFeed) {
    this.#core = core
    this.#feed = feed
  }

  /** @throws not-found | blocked | key-not-confirmed */
  addOwn(chatId: ChatId, body: StoredBody): OwnMessage {
    const { store, clock } = this.#core
    const chat = store.chats.get(chatId)
    const contact = chat === null ? null : store.contacts.get(chat.contactId)
    if (contact === null) throw new ParleyError('not-found', 'chat')
    if (contact.blocked) throw new ParleyError('blocked', 'chat')
    if (safetyState(contact) === 'changed') throw new ParleyError('key-not-confirmed', 'chat')
    const nowMs = clock.nowMs()
    const order = this.#nextOrder(contact, nowMs)
    const record: MessageRecord = {
      messageId: newMessageId(this.#core),
      chatId,
      authorId: null,
      orderKey: orderKey(order, ownAccount(store).accountId),
      sentAtMs: nowMs,
      receivedAtMs: nowMs,
      late: false,
      body,
      status: 'sending',
      failure: null,
      readAtMs: null,
    }
    store.messages.insert(record)
    store.chats.update(chatId, { lastActivityAtMs: nowMs, hidden: false, draft: '' })
    this.#feed.message(record.messageId, chatId)
    return { record, contactId: contact.contactId, order }
  }

  #nextOrder(contact: ContactRecord, nowMs: number): MessageOrder {
    const { store } = this.#core
    const time = tick(store.settings.clock(), nowMs)
    store.settings.putClock(time)
    const counter = contact.sendCounter + 1
    store.contacts.update(contact.contactId, { sendCounter: counter })
    return { clockMs: time.ms, clockCounter: time.counter, counter }
  }

  /** False: this (author, message id) is here already, or was deleted here. */
  addTheirs(contact: ContactRecord, content: Content, order: MessageOrder, body: StoredBody): boolean {
    const { store, clock } = this.#core
    const chat = store.chats.ofContact(contact.contactId)
    if (chat === null) throw new Error('a contact without its chat')
    const nowMs = clock.nowMs()
    const time = { ms: order.clockMs, counter: order.clockCounter }
    const capped = capAhead(time, nowMs)
    const place =
      compareTimes(capped, time) === 0 ? order : { ...order, clockMs: capped.ms, clockCounter: capped.counter }
    store.settings.putClock(observe(store.settings.clock(), time, nowMs))
    const key = orderKey(place, contact.accountId)
    const newest = store.chats.lastMessage(chat.chatId)
    const record: MessageRecord = {
      messageId: content.messageId,
      chatId: chat.chatId,
      authorId: contact.contactId,
      orderKey: key,
      sentAtMs: content.sentAtMs,
      receivedAtMs: nowMs,
      late: newest !== null && newest.orderKey > key && nowMs - content.sentAtMs > LATE_AFTER_MS,
      body,
      status: null,
      failure: null,
      readAtMs: null,
    }
    if (!store.messages.insert(record)) return false
    store.chats.update(chat.chatId, { lastActivityAtMs: nowMs, hidden: false })
    this.#feed.message(record.messageId, chat.chatId)
    return true
  }

  /** A line of the engine's own. It is read from the start. */
  addEvent(chatId: ChatId, event: ChatEvent): MessageId {
    const { store, clock } = this.#core
    const nowMs = clock.nowMs()
    const time = tick(store.settings.clock(), nowMs)
    store.settings.putClock(time)
    const messageId = newMessageId(this.#core)
    store.messages.insert({
      messageId,
      chatId,
      authorId: null,
      orderKey: orderKey({ clockMs: time.ms, clockCounter: time.counter, counter: 0 }, ownAccount(store).accountId),
      sentAtMs: nowMs,
      receivedAtMs: nowMs,
      late: false,
      body: { kind: 'event', json: JSON.stringify(event) },
      status: null,
      failure: null,
      readAtMs: nowMs,
    })
    store.chats.update(chatId, { lastActivityAtMs: nowMs })
    this.#feed.message(messageId, chatId)
    return messageId
  }
}
