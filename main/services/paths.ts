/** What is known right now about how each contact can be reached: open links and relays that answer. In memory only. */

import type { DirectLink } from '../ports/direct.ts'
import type { DeliveryPath } from '../../shared/model/chat.ts'
import type { ContactId, DeviceId, RelayId } from '../../shared/model/ids.ts'

export class Paths {
  readonly #links = new Map<DeviceId, { readonly contactId: ContactId; readonly link: DirectLink }>()
  readonly #relayAnswers = new Map<RelayId, boolean>()

  setLink(contactId: ContactId, deviceId: DeviceId, link: DirectLink): void {
    this.#links.set(deviceId, { contactId, link })
  }

  /** True when that link was the one in use. */
  dropLink(deviceId: DeviceId, link: DirectLink): boolean {
    if (this.#links.get(deviceId)?.link !== link) return false
    return this.#links.delete(deviceId)
  }

  link(deviceId: DeviceId): DirectLink | null {
    const link = this.#links.get(deviceId)?.link
    return link === undefined || link.closed ? null : link
  }

  linksOf(contactId: ContactId): readonly DirectLink[] {
    return [...this.#links.values()]
      .filter((entry) => entry.contactId === contactId && !entry.link.closed)
      .map((entry) => entry.link)
  }

  /** True when this changes what is known. */
  setRelayAnswers(relayId: RelayId, answers: boolean): boolean {
    if (this.#relayAnswers.get(relayId) === answers) return false
    this.#relayAnswers.set(relayId, answers)
    return true
  }

  relayAnswers(relayId: RelayId): boolean {
    return this.#relayAnswers.get(relayId) === true
  }

  pathTo(contactId: ContactId, relayIds: readonly RelayId[]): DeliveryPath {
    if (this.linksOf(contactId).length > 0) return 'direct'
    return relayIds.some((relayId) => this.relayAnswers(relayId)) ? 'relay' : 'waiting'
  }
}
