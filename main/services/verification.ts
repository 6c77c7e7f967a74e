/**
 * Whether a contact's account key was compared, and what waits until a changed one is confirmed
 * (docs/protocol/safety-code.md).
 */

import { compareCode, safetyState } from '../domain/safety.ts'
import { decodeSafetyCode } from '../../shared/wire/safety-code.ts'
import type { CodeComparison } from '../../shared/model/chat.ts'
import type { ContactId, MessageId } from '../../shared/model/ids.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { ContactRecord, OutboxRecord } from '../ports/store/records.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { Core } from './core.ts'
import { ownAccount } from './core.ts'
import type { Outgoing } from './outgoing.ts'

export class Verification {
  readonly #core: Core
  readonly #feed: ChangeFeed
  readonly #outgoing: Outgoing

  constructor(core: Core, parts: { readonly feed: ChangeFeed; readonly outgoing: Outgoing }) {
    this.#core = core
    this.#feed = parts.feed
    this.#outgoing = parts.outgoing
  }

  /** @throws not-found */
  setVerified(contactId: ContactId, verified: boolean): ContactRecord {
    const { clock } = this.#core
    return this.#change(contactId, ({ accountId }) =>
      verified ? { verifiedKey: accountId, verifiedAtMs: clock.nowMs() } : { verifiedKey: null, verifiedAtMs: null },
    )
  }

  /** @throws not-found | malformed | unsupported-version */
  verifyCode(contactId: ContactId, text: string): CodeComparison {
    const { store } = this.#core
    const own = ownAccount(store).accountId
    const { accountId } = this.#get(contactId)
    const code = decodeSafetyCode(text)
    const outcome = compareCode(
      code,
      own,
      accountId,
      (account) => account === own || store.contacts.byAccount(account) !== null,
    )
    if (outcome === 'match') this.setVerified(contactId, true)
    return outcome
  }

  /** Goes on with the new account without comparing. @throws not-found */
  confirmKey(contactId: ContactId): ContactRecord {
    return this.#change(contactId, (contact) =>
      safetyState(contact) === 'changed' ? { verifiedKey: null, verifiedAtMs: null } : {},
    )
  }

  #change(
    contactId: ContactId,
    patch: (contact: ContactRecord) => Partial<Pick<ContactRecord, 'verifiedKey' | 'verifiedAtMs'>>,
  ): ContactRecord {
    const { store } = this.#core
    return store.transaction(() => {
      store.contacts.update(contactId, patch(this.#get(contactId)))
      const contact = this.#get(contactId)
      this.settle(contact)
      this.#feed.contact(contactId)
      return contact
    })
  }

  #get(contactId: ContactId): ContactRecord {
    const contact = this.#core.store.contacts.get(contactId)
    if (contact === null) throw new ParleyError('not-found', 'contact')
    return contact
  }

  /**
   * What was on its way to an account that `contact` took the place of: it goes to the new one, or says what it waits
   * for. Inside the caller's transaction.
   */
  settle(contact: ContactRecord): void {
    const { store } = this.#core
    const devices = store.contacts.devices(contact.contactId).map(({ deviceId }) => deviceId)
    const waiting = new Map<MessageId, OutboxRecord>()
    for (const row of store.outbox.all()) {
      if (row.contactId !== contact.contactId || devices.includes(row.deviceId)) continue
      waiting.set(row.messageId, row)
    }
    const held = safetyState(contact) === 'changed'
    for (const [messageId, row] of waiting) {
      store.messages.update(messageId, { status: 'sending', failure: held ? 'key-not-confirmed' : null })
      this.#tell(messageId)
      if (held) continue
      for (const { outboxId, deviceId } of store.outbox.ofMessage(messageId)) {
        if (!devices.includes(deviceId)) store.outbox.delete(outboxId)
      }
      for (const deviceId of devices) this.#outgoing.readdress(row, deviceId)
    }
  }

  #tell(messageId: MessageId): void {
    const message = this.#core.store.messages.get(messageId)
    if (message !== null) this.#feed.message(messageId, message.chatId)
  }
}
