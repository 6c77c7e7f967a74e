/** From rows to what the window shows. */

import { mayContinue, safetyState } from '../domain/safety.ts'
import { safetyNumber } from '../crypto/index.ts'
import type { Crypto } from '../crypto/index.ts'
import type { Store } from '../ports/store/store.ts'
import type {
  AttachmentRecord,
  ChatRecord,
  ContactRecord,
  InviteRecord,
  MessageRecord,
} from '../ports/store/records.ts'
import type {
  AccountView,
  AttachmentView,
  ChatEvent,
  ChatView,
  ContactView,
  InviteView,
  MessageBody,
  MessageInfo,
  MessageView,
} from '../../shared/model/chat.ts'
import type { AccountId, ChatId, MessageId, RelayId } from '../../shared/model/ids.ts'
import { idToBytes } from '../../shared/model/ids.ts'
import { encodeSafetyCode } from '../../shared/wire/safety-code.ts'
import { ParleyError } from '../../shared/errors.ts'
import { ownAccount } from './core.ts'
import type { Paths } from './paths.ts'
import { profileOf } from './reach.ts'

const HUE_STEPS = 12

export class Views {
  readonly #store: Store
  readonly #crypto: Crypto
  readonly #paths: Paths

  constructor(store: Store, crypto: Crypto, paths: Paths) {
    this.#store = store
    this.#crypto = crypto
    this.#paths = paths
  }

  account(): AccountView {
    const account = ownAccount(this.#store)
    return {
      accountId: account.accountId,
      name: account.name,
      avatarHue: this.#hue(account.accountId),
      recoverySaved: account.recoverySaved,
    }
  }

  message(record: MessageRecord): MessageView {
    return { ...record, body: this.#body(record) }
  }

  /** @throws not-found */
  messageById(messageId: MessageId): MessageView {
    const record = this.#store.messages.get(messageId)
    if (record === null) throw new ParleyError('not-found', 'message')
    return this.message(record)
  }

  #body(record: MessageRecord): MessageBody {
    const { body } = record
    switch (body.kind) {
      case 'text':
      case 'unreadable':
        return body
      case 'event':
        return { kind: 'event', event: JSON.parse(body.json) as ChatEvent }
      case 'file': {
        const attachment = this.#store.attachments.get(body.blobId)
        if (attachment === null) throw new Error('a file message without its attachment row')
        return { kind: 'file', caption: body.caption, attachment: attachmentView(attachment) }
      }
    }
  }

  chat(record: ChatRecord): ChatView {
    const contact = this.#contact(record)
    const last = this.#store.chats.lastMessage(record.chatId)
    return {
      chatId: record.chatId,
      contactId: record.contactId,
      title: contact.alias === '' ? contact.name : contact.alias,
      avatarHue: this.#hue(contact.accountId),
      path: this.#pathTo(contact),
      blocked: contact.blocked,
      safety: safetyState(contact),
      unreadCount: this.#store.chats.unreadCount(record.chatId),
      draft: record.draft,
      lastMessage: last === null ? null : this.message(last),
      lastActivityAtMs: record.lastActivityAtMs,
      lastSeenAtMs: contact.lastSeenAtMs,
    }
  }

  #contact(record: ChatRecord): ContactRecord {
    const contact = this.#store.contacts.get(record.contactId)
    if (contact === null) throw new Error('a chat without its contact')
    return contact
  }

  contact(record: ContactRecord): ContactView {
    const chat = this.#store.chats.ofContact(record.contactId)
    if (chat === null) throw new Error('a contact without its chat')
    const own = ownAccount(this.#store)
    return {
      contactId: record.contactId,
      chatId: chat.chatId,
      accountId: record.accountId,
      name: record.name,
      alias: record.alias,
      avatarHue: this.#hue(record.accountId),
      blocked: record.blocked,
      safety: safetyState(record),
      verifiedAtMs: record.verifiedAtMs,
      safetyNumber: safetyNumber(this.#crypto, idToBytes(own.accountId), idToBytes(record.accountId)),
      safetyCode: encodeSafetyCode({ shownBy: own.accountId, shownTo: record.accountId }),
      mayContinue: this.#mayContinue(record),
      devices: this.#store.contacts
        .devices(record.contactId)
        .map(({ deviceId, addedAtMs }) => ({ deviceId, addedAtMs })),
      relays: profileOf(record).relays.map((relay) => ({
        relayId: relay.relayId,
        name: relayDisplayName(relay.addresses),
      })),
      path: this.#pathTo(record),
      transport: this.#paths.linksOf(record.contactId)[0]?.transport ?? null,
    }
  }

  #mayContinue(newcomer: ContactRecord): readonly ChatId[] {
    const before = this.#store.contacts.list().filter((contact) => mayContinue(newcomer, contact))
    return before.flatMap(({ contactId }) => {
      const chat = this.#store.chats.ofContact(contactId)
      return chat === null || chat.hidden ? [] : [chat.chatId]
    })
  }

  messageInfo(messageId: MessageId): MessageInfo {
    const message = this.#store.messages.get(messageId)
    const chat = message === null ? null : this.#store.chats.get(message.chatId)
    if (message === null || chat === null) throw new ParleyError('not-found', 'message')
    const contact = this.#contact(chat)
    const commits = this.#store.messages.commits(messageId)
    const deposits = this.#store.outbox.deposits(messageId)
    const { relays } = profileOf(contact)
    return {
      messageId,
      sentAtMs: message.sentAtMs,
      readAtMs: message.readAtMs,
      devices: this.#store.contacts.devices(contact.contactId).map(({ deviceId }) => ({
        deviceId,
        committedAtMs: commits.find((commit) => commit.deviceId === deviceId)?.committedAtMs ?? null,
        relays: relays.map((relay) => ({
          relayId: relay.relayId,
          name: relayDisplayName(relay.addresses),
          heldAtMs:
            deposits.find(
              (deposit) =>
                deposit.deviceId === deviceId && deposit.relayId === relay.relayId && deposit.what === 'envelope',
            )?.heldAtMs ?? null,
        })),
      })),
    }
  }

  invite(record: InviteRecord, nowMs: number): InviteView {
    const state = record.state === 'open' && record.expiresAtMs <= nowMs ? 'expired' : record.state
    return {
      inviteId: record.inviteId,
      label: record.label,
      link: state === 'open' ? record.link : '',
      createdAtMs: record.createdAtMs,
      expiresAtMs: record.expiresAtMs,
      state,
      relayCount: record.relayIds.length,
    }
  }

  #pathTo(contact: ContactRecord) {
    const relayIds: readonly RelayId[] = profileOf(contact).relays.map((relay) => relay.relayId)
    return this.#paths.pathTo(contact.contactId, relayIds)
  }

  #hue(accountId: AccountId): number {
    return (this.#crypto.backend.sha256(idToBytes(accountId))[0] ?? 0) % HUE_STEPS
  }
}

function attachmentView(record: AttachmentRecord): AttachmentView {
  const { blobId, name, mediaType, sizeBytes, photo, state, doneBytes, failure } = record
  return { blobId, name, mediaType, sizeBytes, photo, state, doneBytes, failure }
}

/** "host:port" of the first address, as a person would say it. */
export function relayDisplayName(addresses: readonly string[]): string {
  const [, family = '', host = '', , port = ''] = (addresses[0] ?? '').split('/')
  if (host === '') return ''
  return family === 'ip6' ? `[${host}]:${port}` : `${host}:${port}`
}
