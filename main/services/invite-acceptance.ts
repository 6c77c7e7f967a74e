/** Accepting somebody's invite: the link is read, the bundle taken, a session made, and this account's profile is the first message. */

import {
  decodePrekeyBundle,
  inviteKeys,
  openDeviceList,
  openInviteBundle,
  startSession,
  verify,
  verifyPrekeyBundle,
} from '../crypto/index.ts'
import type { DeviceEntry, PrekeyBundle } from '../crypto/index.ts'
import type { DirectPort, InviteAnswer } from '../ports/direct.ts'
import type { RelayPort } from '../ports/relay.ts'
import { decodeInviteBundle, decodeInviteLink, relayName } from '../../shared/wire/invite.ts'
import type { InviteLink, InvitePlace } from '../../shared/wire/invite.ts'
import { decodeProfile } from '../../shared/wire/profile.ts'
import type { Profile } from '../../shared/wire/profile.ts'
import { concatBytes, equalBytes } from '../../shared/wire/bytes.ts'
import type { AccountId, ChatId } from '../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../shared/model/ids.ts'
import { isParleyError, ParleyError } from '../../shared/errors.ts'
import type { Contacts } from './contacts.ts'
import type { Core } from './core.ts'
import { ownAccount } from './core.ts'
import type { Invites } from './invites.ts'
import type { OwnRelays } from './own-relays.ts'
import { adoptSession } from './session-box.ts'

const NONCE_BYTES = 16
const SECRET_BYTES = 32
const HANDLE_BYTES = 4

interface OpenedInvite {
  readonly accountId: AccountId
  readonly profile: Profile
  readonly device: DeviceEntry
  readonly prekeys: PrekeyBundle
}

export class InviteAcceptance {
  readonly #core: Core
  readonly #invites: Invites
  readonly #contacts: Contacts
  readonly #ownRelays: OwnRelays
  readonly #relays: RelayPort
  readonly #direct: DirectPort

  constructor(
    core: Core,
    parts: {
      readonly invites: Invites
      readonly contacts: Contacts
      readonly ownRelays: OwnRelays
      readonly relays: RelayPort
      readonly direct: DirectPort
    },
  ) {
    this.#core = core
    this.#invites = parts.invites
    this.#contacts = parts.contacts
    this.#ownRelays = parts.ownRelays
    this.#relays = parts.relays
    this.#direct = parts.direct
  }

  /**
   * The chat with the one who invited. Repeatable: after a kill the same place is taken again.
   * @throws invite-incomplete | invite-altered | invite-expired | invite-used | invite-own | invite-revoked |
   * invite-unreachable | unsupported-version
   */
  async accept(text: string): Promise<ChatId> {
    const { store, crypto, clock } = this.#core
    const link = decodeInviteLink(text, (bytes) => crypto.backend.sha256(bytes))
    const accountId = idFromBytes<AccountId>(link.accountKey)
    if (accountId === ownAccount(store).accountId) throw new ParleyError('invite-own')
    if (link.expiresAtMs <= clock.nowMs()) throw new ParleyError('invite-expired', String(link.expiresAtMs))
    const known = store.contacts.byAccount(accountId)
    const chat = known === null ? null : store.chats.ofContact(known.replacedBy ?? known.contactId)
    if (chat !== null) {
      store.transaction(() => {
        store.chats.update(chat.chatId, { hidden: false })
      })
      return chat.chatId
    }
    const { slotId } = inviteKeys(crypto, link.secret)
    const item = await this.#take(link, slotId, this.#nonce(slotId))
    const opened = this.#open(link, slotId, item)
    await this.#ownRelays.adopt(opened.profile.relays)
    return this.#begin(opened, slotId)
  }

  /** Kept until the contact exists, so that a kill in between does not use the invite up. */
  #nonce(slotId: Uint8Array): Uint8Array {
    const { store, crypto, clock } = this.#core
    const pending = store.invites.pendingAccept(slotId)
    if (pending !== null) return pending.takerNonce
    const takerNonce = crypto.random(NONCE_BYTES)
    store.transaction(() => {
      store.invites.putPendingAccept({ slotId, takerNonce, startedAtMs: clock.nowMs() })
    })
    return takerNonce
  }

  async #take(link: InviteLink, slotId: Uint8Array, nonce: Uint8Array): Promise<Uint8Array> {
    let unknown = false
    for (const place of link.places) {
      try {
        const answer = await this.#takeAt(place, slotId, nonce)
        if (answer.kind === 'item') return answer.item
        if (answer.kind === 'used') throw new ParleyError('invite-used')
        if (answer.kind === 'expired') throw new ParleyError('invite-expired', String(link.expiresAtMs))
        unknown = true
      } catch (error) {
        if (!isParleyError(error) || error.code.startsWith('invite-')) throw error
        this.#core.log.warn('invite-place-failed', { code: error.code })
      }
    }
    throw new ParleyError(unknown ? 'invite-revoked' : 'invite-unreachable')
  }

  async #takeAt(place: InvitePlace, slotId: Uint8Array, nonce: Uint8Array): Promise<InviteAnswer> {
    if (place.kind === 'device') return this.#direct.takeInvite([place.address], slotId, nonce)
    const info = await this.#relays.probe([place.address], null)
    const name = relayName(idToBytes(info.relayId), (bytes) => this.#core.crypto.backend.sha256(bytes))
    if (!equalBytes(name, place.relayName))
      throw new ParleyError('relay-lying', 'another relay answers at that address')
    return this.#relays.takeInvite({ relayId: info.relayId, addresses: [place.address] }, slotId, nonce)
  }

  /** What the relay gave out must open with the link's secret and be signed by the link's account. */
  #open(link: InviteLink, slotId: Uint8Array, item: Uint8Array): OpenedInvite {
    const { crypto, clock } = this.#core
    try {
      const { bundle, signed, signature } = decodeInviteBundle(openInviteBundle(crypto, link.secret, item))
      if (!verify(crypto, link.accountKey, 'invite', concatBytes(slotId, signed), signature)) {
        throw new ParleyError('signature-invalid', 'invite bundle')
      }
      if (bundle.expiresAtMs <= clock.nowMs()) throw new ParleyError('invite-expired', String(bundle.expiresAtMs))
      const profile = decodeProfile(bundle.profile)
      const list = openDeviceList(crypto, profile.deviceList, link.accountKey)
      const prekeys = decodePrekeyBundle(bundle.prekeys)
      const device = list.devices.find((entry) => entry.deviceId === prekeys.deviceId)
      if (device === undefined) throw new ParleyError('signature-invalid', 'prekeys of an unlisted device')
      verifyPrekeyBundle(crypto, prekeys, device)
      return { accountId: idFromBytes<AccountId>(link.accountKey), profile, device, prekeys }
    } catch (error) {
      if (!isParleyError(error) || error.code === 'invite-expired' || error.code === 'unsupported-version') throw error
      throw new ParleyError('invite-altered', error.code, { cause: error })
    }
  }

  #begin(opened: OpenedInvite, slotId: Uint8Array): ChatId {
    const { store, crypto, local } = this.#core
    const remote = { account: idToBytes(opened.accountId), device: opened.device }
    const session = startSession(crypto, local, remote, opened.prekeys, this.#core.clock.nowMs())
    return store.transaction(() => {
      const contact = this.#invites.addContact({
        accountId: opened.accountId,
        profile: opened.profile,
        alias: '',
        deliverySecret: crypto.random(SECRET_BYTES),
        handle: crypto.random(HANDLE_BYTES),
      })
      adoptSession(this.#core, contact.contactId, opened.device.deviceId, session)
      this.#contacts.sendProfile(contact, true, slotId)
      store.invites.deletePendingAccept(slotId)
      const chat = store.chats.ofContact(contact.contactId)
      if (chat === null) throw new Error('a contact without its chat')
      return chat.chatId
    })
  }
}
