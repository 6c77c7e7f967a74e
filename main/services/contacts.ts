/** People: their profiles and devices, names, blocking, and telling them where this account can be reached. */

import { openDeviceList } from '../crypto/index.ts'
import type { DeviceList } from '../crypto/index.ts'
import { CONTENT_TYPES } from '../../shared/wire/content.ts'
import { decodeProfile, encodeProfile } from '../../shared/wire/profile.ts'
import type { Profile } from '../../shared/wire/profile.ts'
import type { ContactId } from '../../shared/model/ids.ts'
import { idToBytes } from '../../shared/model/ids.ts'
import { equalBytes } from '../../shared/wire/bytes.ts'
import { isParleyError, ParleyError } from '../../shared/errors.ts'
import type { ContactDeviceRecord, ContactRecord, OutboxRecord } from '../ports/store/records.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { ChatLog } from './chat-log.ts'
import type { Core } from './core.ts'
import { ownAccount } from './core.ts'
import type { ReceivedContent } from './incoming.ts'
import type { Outgoing } from './outgoing.ts'
import { ownProfile } from './reach.ts'
import type { HandshakeSender } from './session-box.ts'

/** What is not known of a contact yet when it is made. */
export const NEW_CONTACT = {
  confirmedProfileVersion: 0,
  sendCounter: 0,
  verifiedKey: null,
  verifiedAtMs: null,
  replacedBy: null,
  olderListVersion: null,
} satisfies Partial<ContactRecord>

export interface ContactChanges {
  /** New devices: links that wait for them are theirs now. */
  onDevices(contactId: ContactId): void
  onBlocked(contact: ContactRecord, blocked: boolean): void
}

export class Contacts {
  readonly #core: Core
  readonly #feed: ChangeFeed
  readonly #log: ChatLog
  readonly #outgoing: Outgoing
  readonly #addresses: () => readonly string[]
  readonly #changes: ContactChanges

  constructor(
    core: Core,
    parts: {
      readonly feed: ChangeFeed
      readonly log: ChatLog
      readonly outgoing: Outgoing
      readonly addresses: () => readonly string[]
      readonly changes: ContactChanges
    },
  ) {
    this.#core = core
    this.#feed = parts.feed
    this.#log = parts.log
    this.#outgoing = parts.outgoing
    this.#addresses = parts.addresses
    this.#changes = parts.changes
  }

  /** @throws not-found */
  get(contactId: ContactId): ContactRecord {
    const contact = this.#core.store.contacts.get(contactId)
    if (contact === null) throw new ParleyError('not-found', 'contact')
    return contact
  }

  rename(contactId: ContactId, alias: string): ContactRecord {
    this.#core.store.transaction(() => {
      this.get(contactId)
      this.#core.store.contacts.update(contactId, { alias: alias.trim() })
      this.#feed.contact(contactId)
    })
    return this.get(contactId)
  }

  setBlocked(contactId: ContactId, blocked: boolean): ContactRecord {
    this.#core.store.transaction(() => {
      // Whoever came back with a new account stays outside with the old one.
      if (this.get(contactId).replacedBy !== null) throw new ParleyError('not-found', 'contact')
      this.#core.store.contacts.update(contactId, { blocked })
      this.#feed.contact(contactId)
    })
    const contact = this.get(contactId)
    this.#changes.onBlocked(contact, blocked)
    return contact
  }

  /** Sends this account's profile; inside a transaction. */
  sendProfile(contact: ContactRecord, wantsAnswer: boolean, inviteSlotId: Uint8Array | null = null): void {
    const body = ownProfile(this.#core.crypto, this.#core.store, this.#core.local.device.deviceId, {
      deliverySecret: contact.ownDeliverySecret,
      wantsAnswer,
      inviteSlotId,
      addresses: this.#core.store.settings.get().hideAddress ? [] : this.#addresses(),
    })
    this.#outgoing.control(contact.contactId, CONTENT_TYPES.profile, body, true)
  }

  /** Name, relays or addresses changed: every contact is told. */
  broadcastProfile(): void {
    const { store } = this.#core
    store.transaction(() => {
      store.account.update({ profileVersion: ownAccount(store).profileVersion + 1 })
      for (const contact of store.contacts.list()) {
        if (!contact.blocked) this.sendProfile(contact, false)
      }
    })
  }

  /** Content type 17. */
  readonly onProfile = ({ contact, content }: ReceivedContent): void => {
    const profile = decodeProfile(content.body)
    const list = this.#verifiedList(contact, profile)
    if (list === null) throw new ParleyError('malformed', 'device list')
    this.#noteOlderList(contact, list)
    if (profile.version >= contact.profileVersion && list.version >= contact.deviceListVersion) {
      const moved = this.#applyDevices(contact, profile, list)
      this.#applyProfile(contact, profile)
      for (const settle of moved) settle()
    }
    if (profile.wantsAnswer) this.sendProfile(this.get(contact.contactId), false)
  }

  /**
   * A device that is not in the known list may come in when the account signed a newer list with it.
   * Null: it did not. `settle` sends what the old devices never got.
   */
  admitDevice(
    contact: ContactRecord,
    sender: HandshakeSender,
    profile: Profile,
  ): { readonly contact: ContactRecord; settle(): void } | null {
    const list = this.#verifiedList(contact, profile)
    if (list === null || contact.replacedBy !== null) return null
    this.#noteOlderList(contact, list)
    if (list.version <= contact.deviceListVersion || !listHas(list, sender)) return null
    const moved = this.#applyDevices(contact, profile, list)
    return {
      contact: this.get(contact.contactId),
      settle: () => {
        for (const settle of moved) settle()
      },
    }
  }

  #verifiedList(contact: ContactRecord, profile: Profile): DeviceList | null {
    try {
      return openDeviceList(this.#core.crypto, profile.deviceList, idToBytes(contact.accountId))
    } catch (error) {
      if (isParleyError(error)) return null
      throw error
    }
  }

  /** Signed by the account and older than the known one: said once, however many messages carry it. */
  #noteOlderList(contact: ContactRecord, list: DeviceList): void {
    const { store } = this.#core
    if (list.version >= contact.deviceListVersion || list.version === contact.olderListVersion) return
    store.contacts.update(contact.contactId, { olderListVersion: list.version })
    const chat = store.chats.ofContact(contact.contactId)
    if (chat !== null) this.#log.addEvent(chat.chatId, { type: 'device-list-rolled-back' })
  }

  #applyDevices(contact: ContactRecord, profile: Profile, list: DeviceList): readonly (() => void)[] {
    const { store, clock } = this.#core
    if (list.version <= contact.deviceListVersion) return []
    const before = store.contacts.devices(contact.contactId)
    const after = deviceRecords(contact.contactId, list, before, clock.nowMs())
    const added = after.filter((device) => !before.some((known) => known.deviceId === device.deviceId))
    const gone = before.filter((device) => !after.some((known) => known.deviceId === device.deviceId))
    const undelivered = gone.flatMap((device) =>
      store.outbox.ofDevice(device.deviceId).filter((row) => row.needsReceipt),
    )
    store.contacts.setDevices(contact.contactId, after)
    store.contacts.update(contact.contactId, {
      deviceListBytes: profile.deviceList,
      deviceListVersion: list.version,
      olderListVersion: null,
    })
    this.#noteDevices(contact.contactId, added, gone)
    store.afterCommit(() => {
      this.#changes.onDevices(contact.contactId)
    })
    return added.flatMap(({ deviceId }) =>
      undelivered.map((row: OutboxRecord) => () => {
        this.#outgoing.readdress(row, deviceId)
      }),
    )
  }

  #noteDevices(
    contactId: ContactId,
    added: readonly ContactDeviceRecord[],
    gone: readonly ContactDeviceRecord[],
  ): void {
    const chat = this.#core.store.chats.ofContact(contactId)
    if (chat === null) return
    for (const { deviceId } of gone) this.#log.addEvent(chat.chatId, { type: 'device-removed', deviceId })
    for (const { deviceId } of added) this.#log.addEvent(chat.chatId, { type: 'device-added', deviceId })
  }

  #applyProfile(contact: ContactRecord, profile: Profile): void {
    const { store } = this.#core
    const renamed = profile.name !== contact.name
    store.contacts.update(contact.contactId, {
      name: profile.name,
      profileBytes: encodeProfile(profile),
      profileVersion: profile.version,
    })
    const chat = store.chats.ofContact(contact.contactId)
    if (renamed && chat !== null) this.#log.addEvent(chat.chatId, { type: 'renamed', name: profile.name })
    this.#feed.contact(contact.contactId)
    store.afterCommit(() => {
      this.#changes.onDevices(contact.contactId)
    })
  }
}

export function listHas(list: DeviceList, sender: Pick<HandshakeSender, 'deviceId' | 'identityKey'>): boolean {
  return list.devices.some(
    (device) => device.deviceId === sender.deviceId && equalBytes(device.identityKey, sender.identityKey),
  )
}

export function deviceRecords(
  contactId: ContactId,
  list: DeviceList,
  known: readonly ContactDeviceRecord[],
  nowMs: number,
): readonly ContactDeviceRecord[] {
  return list.devices.map((device) => ({
    contactId,
    deviceId: device.deviceId,
    peerKey: device.peerKey,
    identityKey: device.identityKey,
    signingKey: device.signingKey,
    addedAtMs: known.find((item) => item.deviceId === device.deviceId)?.addedAtMs ?? nowMs,
  }))
}
