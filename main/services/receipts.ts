/** Receipts in both directions, and the tick that follows from what is known. */

import { messageStatus } from '../domain/ticks.ts'
import type { ReceivedContent, ReceiptSink } from './incoming.ts'
import { CONTENT_TYPES, decodeContent } from '../../shared/wire/content.ts'
import { decodeProfile } from '../../shared/wire/profile.ts'
import { decodeReceipt, encodeReceipt, MAX_RECEIPT_IDS } from '../../shared/features/receipts.ts'
import type { Receipt } from '../../shared/features/receipts.ts'
import type { ContactId, DeviceId, MessageId } from '../../shared/model/ids.ts'
import type { ErrorCode } from '../../shared/errors.ts'
import type { MessageRecord, OutboxRecord } from '../ports/store/records.ts'
import type { Core } from './core.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { Outgoing } from './outgoing.ts'
import { profileOf } from './reach.ts'

export class Receipts implements ReceiptSink {
  readonly #core: Core
  readonly #feed: ChangeFeed
  readonly #outgoing: Outgoing

  constructor(core: Core, feed: ChangeFeed, outgoing: Outgoing) {
    this.#core = core
    this.#feed = feed
    this.#outgoing = outgoing
  }

  committed(contactId: ContactId, messageIds: readonly MessageId[]): void {
    this.#send(contactId, 'committed', messageIds)
  }

  /** Told only when this person shares them. */
  read(contactId: ContactId, messageIds: readonly MessageId[]): void {
    if (this.#core.store.settings.get().readReceipts) this.#send(contactId, 'read', messageIds)
  }

  #send(contactId: ContactId, kind: Receipt['kind'], messageIds: readonly MessageId[]): void {
    const atMs = this.#core.clock.nowMs()
    for (let at = 0; at < messageIds.length; at += MAX_RECEIPT_IDS) {
      const body = encodeReceipt({ kind, atMs, messageIds: messageIds.slice(at, at + MAX_RECEIPT_IDS) })
      this.#outgoing.control(contactId, CONTENT_TYPES.receipt, body, false)
    }
  }

  /** Content type 16. Ids that are not ours, or not for that contact, are passed over. */
  readonly onReceipt = ({ contact, deviceId, content }: ReceivedContent): void => {
    const receipt = decodeReceipt(content.body)
    for (const messageId of receipt.messageIds) this.#apply(contact.contactId, deviceId, receipt, messageId)
  }

  #apply(contactId: ContactId, deviceId: DeviceId, receipt: Receipt, messageId: MessageId): void {
    const { store } = this.#core
    const rows = store.outbox.ofMessage(messageId).filter((row) => row.deviceId === deviceId)
    for (const row of rows) this.#confirmProfile(contactId, row)
    store.outbox.deleteDelivered(messageId, deviceId)
    const message = store.messages.get(messageId)
    if (message === null || message.authorId !== null) return
    if (store.chats.get(message.chatId)?.contactId !== contactId) return
    store.messages.recordCommit(messageId, deviceId, receipt.atMs)
    if (receipt.kind === 'read' && store.settings.get().readReceipts && message.readAtMs === null) {
      store.messages.update(messageId, { readAtMs: receipt.atMs })
    }
    this.refresh(messageId)
  }

  #confirmProfile(contactId: ContactId, row: OutboxRecord): void {
    const content = decodeContent(row.content)
    if (content.type !== CONTENT_TYPES.profile) return
    const { version } = decodeProfile(content.body)
    const contact = this.#core.store.contacts.get(contactId)
    if (contact !== null && contact.confirmedProfileVersion < version) {
      this.#core.store.contacts.update(contactId, { confirmedProfileVersion: version })
    }
  }

  /** Works the tick out from the facts in the store; inside a transaction. */
  refresh(messageId: MessageId): void {
    const message = this.#core.store.messages.get(messageId)
    if (message === null || message.status === null) return
    const status = messageStatus(this.#facts(message))
    if (status === message.status) return
    this.#core.store.messages.update(messageId, { status, failure: null })
    this.#feed.message(messageId, message.chatId)
  }

  #facts(message: MessageRecord) {
    const { store } = this.#core
    const contactId = store.chats.get(message.chatId)?.contactId
    const contact = contactId === undefined ? null : store.contacts.get(contactId)
    if (contact === null) throw new Error('an own message without its contact')
    const { relays } = profileOf(contact)
    const devices = store.contacts.devices(contact.contactId).map(({ deviceId }) => ({
      deviceId,
      relayIds: relays
        .filter((relay) => relay.mailboxes.some((mailbox) => mailbox.deviceId === deviceId))
        .map((relay) => relay.relayId),
    }))
    return {
      devices,
      held: store.outbox.deposits(message.messageId),
      hasBlob: message.body.kind === 'file',
      committed: store.messages.commits(message.messageId).length > 0,
      read: message.readAtMs !== null,
      failed: message.status === 'failed',
    }
  }

  /** Given up: the row stays until the person tries again or deletes it. */
  fail(messageId: MessageId, code: ErrorCode): void {
    this.#note(messageId, { status: 'failed', failure: code })
  }

  /** Still on its way, and this is what holds it up (null: nothing any more). */
  hinder(messageId: MessageId, code: ErrorCode | null): void {
    this.#note(messageId, { failure: code })
  }

  #note(messageId: MessageId, patch: Partial<Pick<MessageRecord, 'status' | 'failure'>>): void {
    const message = this.#core.store.messages.get(messageId)
    if (message === null || message.status === null) return
    if (message.failure === patch.failure && (patch.status ?? message.status) === message.status) return
    this.#core.store.messages.update(messageId, patch)
    this.#feed.message(messageId, message.chatId)
  }
}
