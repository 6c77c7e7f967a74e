/** Shaking hands anew with contacts whose sessions are gone: after a store came from another suite (docs/protocol/store.md, "Migrations"). */

import type { ContactId } from '../../shared/model/ids.ts'
import type { Contacts } from './contacts.ts'
import type { Core } from './core.ts'
import type { Outgoing } from './outgoing.ts'

export class SessionRenewal {
  readonly #core: Core
  readonly #contacts: Contacts
  readonly #outgoing: Outgoing

  constructor(core: Core, contacts: Contacts, outgoing: Outgoing) {
    this.#core = core
    this.#contacts = contacts
    this.#outgoing = outgoing
  }

  /** This account's profile is what shakes hands: each side may begin, whoever comes first is answered over that session. */
  greet(): void {
    const { store } = this.#core
    store.transaction(() => {
      for (const contact of store.contacts.list()) {
        if (contact.blocked || contact.replacedBy !== null) continue
        const silent = store.contacts
          .devices(contact.contactId)
          .some(
            ({ deviceId }) => store.sessions.current(deviceId) === null && store.outbox.ofDevice(deviceId).length === 0,
          )
        if (silent) this.#contacts.sendProfile(contact, false)
      }
    })
  }

  /** Their handshake came before a bundle of theirs could be taken: what waits goes over it at once. */
  sealWaiting(contactId: ContactId): void {
    const { store } = this.#core
    store.transaction(() => {
      for (const { deviceId } of store.contacts.devices(contactId)) {
        for (const row of store.outbox.ofDevice(deviceId)) {
          if (row.envelope === null) this.#outgoing.reseal(row)
        }
      }
    })
  }
}
