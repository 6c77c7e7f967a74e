/** Shaking hands anew with contacts whose sessions are gone: after a store came from another suite (docs/protocol/store.md, "Migrations"). */

import type { ContactId } from '../../shared/model/ids.ts'
import type { ContactRecord, OutboxRecord } from '../ports/store/records.ts'
import type { Core } from './core.ts'

export class SessionRenewal {
  readonly #core: Pick<Core, 'store'>
  readonly #sendProfile: (contact: ContactRecord) => void
  readonly #reseal: (row: OutboxRecord) => void

  constructor(
    core: Pick<Core, 'store'>,
    parts: {
      readonly sendProfile: (contact: ContactRecord) => void
      readonly reseal: (row: OutboxRecord) => void
    },
  ) {
    this.#core = core
    this.#sendProfile = parts.sendProfile
    this.#reseal = parts.reseal
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
        if (silent) this.#sendProfile(contact)
      }
    })
  }

  /** Their handshake came before a bundle of theirs could be taken: what waits goes over it at once. */
  sealWaiting(contactId: ContactId): void {
    const { store } = this.#core
    store.transaction(() => {
      for (const { deviceId } of store.contacts.devices(contactId)) {
        for (const row of store.outbox.ofDevice(deviceId)) {
          if (row.envelope === null) this.#reseal(row)
        }
      }
    })
  }
}
