/** Invites: made, laid at relays, taken, accepted (docs/protocol/invite.md). */

import { inviteKeys, openDeviceList, sealInviteBundle, sign } from '../crypto/index.ts'
import { INVITE_LIFE_MS } from '../domain/delivery-limits.ts'
import type { InviteAnswer, DirectPort } from '../ports/direct.ts'
import type { ContactRecord, InviteRecord } from '../ports/store/records.ts'
import { CONTENT_TYPES } from '../../shared/wire/content.ts'
import { encodeInviteBundle, encodeInviteLink, relayName } from '../../shared/wire/invite.ts'
import type { InvitePlace } from '../../shared/wire/invite.ts'
import { encodeProfile } from '../../shared/wire/profile.ts'
import type { Profile } from '../../shared/wire/profile.ts'
import { concatBytes, equalBytes } from '../../shared/wire/bytes.ts'
import { encodeContent } from '../../shared/wire/content.ts'
import type { AccountId, ChatId, ContactId, InviteId } from '../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../shared/model/ids.ts'
import { isParleyError, ParleyError } from '../../shared/errors.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { ChatLog } from './chat-log.ts'
import { deviceRecords, listHas, NEW_CONTACT } from './contacts.ts'
import type { Core } from './core.ts'
import { ownAccount } from './core.ts'
import { newMessageId } from './outgoing.ts'
import type { OwnRelays } from './own-relays.ts'
import type { PrekeyStock } from './prekey-stock.ts'
import { offeredRelays, ownProfile } from './reach.ts'
import type { HandshakeSender, Opened } from './session-box.ts'

const ID_BYTES = 16
const SECRET_BYTES = 32
const HANDLE_BYTES = 4

export interface NewContact {
  readonly accountId: AccountId
  readonly profile: Profile
  readonly alias: string
  readonly deliverySecret: Uint8Array
  readonly handle: Uint8Array
}

export class Invites {
  readonly #core: Core
  readonly #feed: ChangeFeed
  readonly #log: ChatLog
  readonly #relays: OwnRelays
  readonly #prekeys: PrekeyStock
  readonly #direct: DirectPort
  readonly #onContact: (contactId: ContactId) => void
  readonly #answerUsed: (profile: Profile, sender: HandshakeSender, envelope: Uint8Array) => void

  constructor(
    core: Core,
    parts: {
      readonly feed: ChangeFeed
      readonly log: ChatLog
      readonly relays: OwnRelays
      readonly prekeys: PrekeyStock
      readonly direct: DirectPort
      readonly onContact: (contactId: ContactId) => void
      readonly answerUsed: (profile: Profile, sender: HandshakeSender, envelope: Uint8Array) => void
    },
  ) {
    this.#core = core
    this.#feed = parts.feed
    this.#log = parts.log
    this.#relays = parts.relays
    this.#prekeys = parts.prekeys
    this.#direct = parts.direct
    this.#onContact = parts.onContact
    this.#answerUsed = parts.answerUsed
  }

  list(): readonly InviteRecord[] {
    return this.#core.store.invites.list()
  }

  async create(label: string): Promise<InviteRecord> {
    const { store, crypto, clock } = this.#core
    const secret = crypto.random(SECRET_BYTES)
    const nowMs = clock.nowMs()
    // The link carries whole seconds; the bundle must not say otherwise.
    const expiresAtMs = Math.floor((nowMs + INVITE_LIFE_MS) / 1000) * 1000
    const deliverySecret = crypto.random(SECRET_BYTES)
    const { slotId } = inviteKeys(crypto, secret)
    const invite: InviteRecord = {
      inviteId: idFromBytes<InviteId>(crypto.random(ID_BYTES)),
      slotId,
      secret,
      label: label.trim(),
      link: this.#link(secret, expiresAtMs),
      bundle: this.#bundle(secret, expiresAtMs, deliverySecret),
      deliverySecret,
      handle: crypto.random(HANDLE_BYTES),
      createdAtMs: nowMs,
      expiresAtMs,
      state: 'open',
      usedByContactId: null,
      takerNonce: null,
      relayIds: [],
    }
    store.transaction(() => {
      store.invites.insert(invite)
    })
    return this.place(invite)
  }

  /** Lays an open invite at the relays that do not have it yet. */
  async place(invite: InviteRecord): Promise<InviteRecord> {
    const whole = this.#withBundle(invite)
    const placed = await this.#relays.placeInvite(whole)
    const relayIds = [...new Set([...whole.relayIds, ...placed])]
    return this.#update(whole, { relayIds })
  }

  /** An invite whose prekeys were of another suite lost its bundle; under the same link it gets a new one. */
  #withBundle(invite: InviteRecord): InviteRecord {
    if (invite.bundle.length > 0) return invite
    return this.#update(invite, {
      bundle: this.#bundle(invite.secret, invite.expiresAtMs, invite.deliverySecret),
    })
  }

  #update(invite: InviteRecord, patch: Partial<Omit<InviteRecord, 'inviteId'>>): InviteRecord {
    this.#core.store.transaction(() => {
      this.#core.store.invites.update(invite.inviteId, patch)
      this.#feed.invite(invite.inviteId)
    })
    return { ...invite, ...patch }
  }

  #link(secret: Uint8Array, expiresAtMs: number): string {
    const { store, crypto } = this.#core
    const sha256 = (bytes: Uint8Array): Uint8Array => crypto.backend.sha256(bytes)
    const relays = offeredRelays(store).flatMap((relay): InvitePlace[] => {
      const [address] = relay.addresses
      return address === undefined
        ? []
        : [{ kind: 'relay', relayName: relayName(idToBytes(relay.relayId), sha256), address }]
    })
    const devices = this.#direct.addresses().map((address): InvitePlace => ({ kind: 'device', address }))
    const accountKey = idToBytes(ownAccount(store).accountId)
    return encodeInviteLink({ accountKey, secret, expiresAtMs, places: relays.length > 0 ? relays : devices }, sha256)
  }

  #bundle(secret: Uint8Array, expiresAtMs: number, deliverySecret: Uint8Array): Uint8Array {
    const { store, crypto, local } = this.#core
    const [prekeys] = this.#prekeys.takeBundles(1)
    if (prekeys === undefined) throw new Error('no prekeys were made')
    const profile = ownProfile(crypto, store, local.device.deviceId, {
      deliverySecret,
      wantsAnswer: true,
      inviteSlotId: null,
      addresses: store.settings.get().hideAddress ? [] : this.#direct.addresses(),
    })
    const { slotId } = inviteKeys(crypto, secret)
    const unsigned = encodeInviteBundle({ expiresAtMs, profile, prekeys })
    const signature = sign(crypto, ownAccount(store).accountSecret, 'invite', concatBytes(slotId, unsigned))
    return sealInviteBundle(crypto, secret, concatBytes(unsigned, signature))
  }

  /** @throws not-found */
  get(inviteId: InviteId): InviteRecord {
    const invite = this.#core.store.invites.get(inviteId)
    if (invite === null) throw new ParleyError('not-found', 'invite')
    return invite
  }

  setLabel(inviteId: InviteId, label: string): InviteRecord {
    return this.#update(this.get(inviteId), { label: label.trim() })
  }

  async revoke(inviteId: InviteId): Promise<InviteRecord> {
    const invite = this.get(inviteId)
    if (invite.state !== 'open') return invite
    const revoked = this.#update(invite, { state: 'revoked' })
    await this.#relays.closeInvite(revoked)
    return revoked
  }

  /** Strangers are let in only while an invite that lies at no relay is open. */
  hasDirectOnly(): boolean {
    const nowMs = this.#core.clock.nowMs()
    return this.list().some(
      (invite) => invite.state === 'open' && invite.relayIds.length === 0 && invite.expiresAtMs > nowMs,
    )
  }

  /** Asked over `/parley/invite/1`. The first taker's nonce keeps the place. */
  takeDirectly(slotId: Uint8Array, takerNonce: Uint8Array): InviteAnswer {
    const invite = this.#core.store.invites.bySlot(slotId)
    if (invite === null || invite.state === 'revoked') return { kind: 'unknown' }
    if (invite.expiresAtMs <= this.#core.clock.nowMs()) return { kind: 'expired' }
    const mine = invite.takerNonce !== null && equalBytes(invite.takerNonce, takerNonce)
    if (invite.state === 'used' || (invite.takerNonce !== null && !mine)) return { kind: 'used' }
    if (!mine) this.#update(invite, { takerNonce })
    return { kind: 'item', item: this.#withBundle(invite).bundle }
  }

  /** The taker's first message. Null: not admitted; the first in this store wins, another is told so. */
  admitTaker(sender: HandshakeSender, profile: Profile, opened: Opened): ContactRecord | null {
    const { store, clock } = this.#core
    const invite = profile.inviteSlotId === null ? null : store.invites.bySlot(profile.inviteSlotId)
    if (invite === null || invite.state === 'revoked') return null
    const list = openListSafely(this.#core, profile, sender.account)
    if (list === null || !listHas(list, sender)) return null
    if (invite.state === 'used' || invite.expiresAtMs <= clock.nowMs()) {
      const content = encodeContent({
        type: CONTENT_TYPES.inviteUsed,
        messageId: newMessageId(this.#core),
        sentAtMs: clock.nowMs(),
        order: null,
        body: invite.slotId,
      })
      store.afterCommit(() => {
        this.#answerUsed(profile, sender, opened.answer(content))
      })
      return null
    }
    const contact = this.addContact({
      accountId: idFromBytes<AccountId>(sender.account),
      profile,
      alias: invite.label,
      deliverySecret: invite.deliverySecret,
      handle: invite.handle,
    })
    store.invites.update(invite.inviteId, { state: 'used', usedByContactId: contact.contactId })
    this.#feed.invite(invite.inviteId)
    return contact
  }

  /** Contact, devices and chat in the caller's transaction. */
  addContact(input: NewContact): ContactRecord {
    const { store, crypto, clock } = this.#core
    const nowMs = clock.nowMs()
    const list = openDeviceList(crypto, input.profile.deviceList, idToBytes(input.accountId))
    const contact: ContactRecord = {
      contactId: idFromBytes<ContactId>(crypto.random(ID_BYTES)),
      accountId: input.accountId,
      name: input.profile.name,
      alias: input.alias,
      blocked: false,
      createdAtMs: nowMs,
      lastSeenAtMs: null,
      deviceListBytes: input.profile.deviceList,
      deviceListVersion: list.version,
      profileBytes: encodeProfile(input.profile),
      profileVersion: input.profile.version,
      ownDeliverySecret: input.deliverySecret,
      ownHandle: input.handle,
      ...NEW_CONTACT,
    }
    store.contacts.insert(contact)
    store.contacts.setDevices(contact.contactId, deviceRecords(contact.contactId, list, [], nowMs))
    const chatId = idFromBytes<ChatId>(crypto.random(ID_BYTES))
    store.chats.insert({
      chatId,
      contactId: contact.contactId,
      draft: '',
      lastActivityAtMs: nowMs,
      hidden: false,
    })
    this.#log.addEvent(chatId, { type: 'chat-opened' })
    store.afterCommit(() => {
      this.#onContact(contact.contactId)
    })
    return contact
  }
}

function openListSafely(core: Core, profile: Profile, account: Uint8Array) {
  try {
    return openDeviceList(core.crypto, profile.deviceList, account)
  } catch (error) {
    if (isParleyError(error)) return null
    throw error
  }
}
