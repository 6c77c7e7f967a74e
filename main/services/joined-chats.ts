/**
 * Somebody came back with a new account: their old chat goes on with it, and the old account is turned away from then
 * on (docs/protocol/safety-code.md).
 */

import { keyAfterJoin, mayContinue } from '../domain/safety.ts'
import type { ChatId, ContactId } from '../../shared/model/ids.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { ChatRecord, ContactRecord, MessageRecord } from '../ports/store/records.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { ChatLog } from './chat-log.ts'
import type { ContactChanges } from './contacts.ts'
import type { Core } from './core.ts'
import type { Verification } from './verification.ts'

const PAGE_MESSAGES = 200

interface Side {
  readonly contact: ContactRecord
  readonly chat: ChatRecord
}

export class JoinedChats {
  readonly #core: Core
  readonly #feed: ChangeFeed
  readonly #log: ChatLog
  readonly #verification: Verification
  readonly #changes: ContactChanges

  constructor(
    core: Core,
    parts: {
      readonly feed: ChangeFeed
      readonly log: ChatLog
      readonly verification: Verification
      readonly changes: ContactChanges
    },
  ) {
    this.#core = core
    this.#feed = parts.feed
    this.#log = parts.log
    this.#verification = parts.verification
    this.#changes = parts.changes
  }

  /**
   * The chat of `into` goes on with the account of `contactId`; its messages stay, those of the newcomer's chat move
   * into it. Returns that chat's id.
   * @throws not-found | blocked | bad-request when the newcomer is not the newer of the two
   */
  join(contactId: ContactId, into: ContactId): ChatId {
    const { store } = this.#core
    const { newcomer, old } = store.transaction(() => {
      const sides = { newcomer: this.#side(contactId), old: this.#side(into) }
      this.#check(sides.newcomer.contact, sides.old.contact)
      this.#joinChats(sides.newcomer, sides.old)
      this.#joinContacts(sides.newcomer.contact, sides.old.contact)
      this.#log.addEvent(sides.old.chat.chatId, { type: 'key-changed' })
      this.#readdress(sides.newcomer.contact, sides.old.contact)
      this.#feed.contact(contactId)
      return sides
    })
    this.#changes.onBlocked(old.contact, true)
    this.#changes.onDevices(contactId)
    this.#core.emit('chat.removed', { chatId: newcomer.chat.chatId })
    return old.chat.chatId
  }

  #side(contactId: ContactId): Side {
    const contact = this.#core.store.contacts.get(contactId)
    const chat = this.#core.store.chats.ofContact(contactId)
    if (contact === null || chat === null) throw new ParleyError('not-found', 'contact')
    return { contact, chat }
  }

  #check(newcomer: ContactRecord, old: ContactRecord): void {
    if (newcomer.blocked) throw new ParleyError('blocked', 'contact')
    if (!mayContinue(newcomer, old)) throw new ParleyError('bad-request', 'not somebody who was here before')
  }

  #joinChats(newcomer: Side, old: Side): void {
    const { store } = this.#core
    for (const { messageId } of this.#openings(newcomer.chat.chatId)) store.messages.delete(messageId)
    const moved = store.messages.page(newcomer.chat.chatId, null, PAGE_MESSAGES)
    store.chats.join(newcomer.chat.chatId, old.chat.chatId)
    store.chats.update(newcomer.chat.chatId, { hidden: true, draft: '' })
    const draft = old.chat.draft === '' ? newcomer.chat.draft : old.chat.draft
    store.chats.update(old.chat.chatId, { hidden: false, draft })
    for (const { messageId } of moved) this.#feed.message(messageId, old.chat.chatId)
  }

  /** "You can write to each other now" is nothing new in a chat that goes on. */
  #openings(chatId: ChatId): readonly MessageRecord[] {
    return this.#core.store.messages
      .page(chatId, null, PAGE_MESSAGES)
      .filter(({ body }) => body.kind === 'event' && body.json === JSON.stringify({ type: 'chat-opened' }))
  }

  #joinContacts(newcomer: ContactRecord, old: ContactRecord): void {
    const { contacts } = this.#core.store
    const { verifiedKey, verifiedAtMs } = keyAfterJoin(newcomer, old)
    contacts.update(newcomer.contactId, { alias: old.alias, verifiedKey, verifiedAtMs })
    for (const { contactId, replacedBy } of contacts.list()) {
      if (replacedBy === old.contactId) contacts.update(contactId, { replacedBy: newcomer.contactId })
    }
    contacts.update(old.contactId, {
      blocked: true,
      replacedBy: newcomer.contactId,
      verifiedKey: null,
      verifiedAtMs: null,
    })
  }

  /** What the old account never got is laid up for the new one, unsealed; the old devices and their sessions are gone. */
  #readdress(newcomer: ContactRecord, old: ContactRecord): void {
    const { store } = this.#core
    const rows = store.outbox.all().filter((row) => row.contactId === old.contactId && this.#isWanted(row.messageId))
    store.contacts.setDevices(old.contactId, [])
    for (const row of store.outbox.all()) if (row.contactId === old.contactId) store.outbox.delete(row.outboxId)
    for (const row of store.inbox.parked(old.contactId)) store.inbox.unpark(row.envelopeId)
    for (const { outboxId: _gone, ...row } of rows) {
      store.outbox.forgetDeposits(row.messageId, row.deviceId)
      store.outbox.insert({
        ...row,
        contactId: newcomer.contactId,
        envelope: null,
        envelopeId: null,
        directCommitted: false,
      })
    }
    const joined = store.contacts.get(newcomer.contactId)
    if (joined !== null) this.#verification.settle(joined)
  }

  /** Own messages that no device of theirs has; profiles and receipts are not meant for another account. */
  #isWanted(messageId: MessageRecord['messageId']): boolean {
    const status = this.#core.store.messages.get(messageId)?.status ?? null
    return status === 'sending' || status === 'held' || status === 'failed'
  }
}
