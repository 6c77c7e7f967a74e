/** Of several takers of an invite the first wins; the others are told, sealed, and their app says so. */

import { RELAY_TTL_SECONDS } from '../domain/delivery-limits.ts'
import type { RelayPort } from '../ports/relay.ts'
import type { Profile } from '../../shared/wire/profile.ts'
import type { DeviceId } from '../../shared/model/ids.ts'
import { isParleyError } from '../../shared/errors.ts'
import type { Core } from './core.ts'
import type { ReceivedContent } from './incoming.ts'
import { mailboxesOf } from './reach.ts'
import type { Receipts } from './receipts.ts'

export class InviteUsedAnswers {
  readonly #core: Core
  readonly #relays: RelayPort
  readonly #receipts: Receipts

  constructor(core: Core, relays: RelayPort, receipts: Receipts) {
    this.#core = core
    this.#relays = relays
    this.#receipts = receipts
  }

  /** Once, to the first relay that takes it: a taker who misses it finds out by the silence. */
  async send(profile: Profile, deviceId: DeviceId, envelope: Uint8Array): Promise<void> {
    for (const mailbox of mailboxesOf(this.#core.crypto, profile, deviceId)) {
      try {
        const { mailboxId, token } = mailbox
        const deposit = { mailboxId, token, envelope, ttlSeconds: RELAY_TTL_SECONDS }
        const [outcome] = await this.#relays.deposit(mailbox, [deposit])
        if (outcome !== undefined && outcome.kind !== 'refused') return
      } catch (error) {
        if (!isParleyError(error)) throw error
        this.#core.log.warn('invite-used-answer-failed', { code: error.code })
      }
    }
  }

  /** Content type 19: what waits for them will not arrive. */
  readonly onInviteUsed = ({ contact, deviceId }: ReceivedContent): void => {
    const { store } = this.#core
    for (const row of store.outbox.ofDevice(deviceId)) {
      if (row.contactId !== contact.contactId) continue
      this.#receipts.fail(row.messageId, 'invite-used')
      store.outbox.delete(row.outboxId)
    }
  }
}
