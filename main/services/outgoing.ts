/**
 * Putting content on its way: inside the caller's transaction it is sealed for every device of the
 * contact and laid into the outbox; after the commit the worker is woken. Where there is no session yet
 * the content waits in the outbox unsealed (inside the encrypted store) until one is made.
 */

import { envelopeId } from '../crypto/index.ts'
import { encodeContent } from '../../shared/wire/content.ts'
import type { MessageOrder } from '../../shared/wire/content.ts'
import type { BlobId, ContactId, DeviceId, MessageId } from '../../shared/model/ids.ts'
import { idFromBytes } from '../../shared/model/ids.ts'
import type { OutboxRecord } from '../ports/store/records.ts'
import type { Core } from './core.ts'
import { sealForDevice } from './session-box.ts'

const MESSAGE_ID_BYTES = 16

export interface OutgoingContent {
  readonly type: number
  readonly messageId: MessageId
  readonly sentAtMs: number
  readonly order: MessageOrder | null
  readonly body: Uint8Array
  /** False: a commit or a relay's receipt is enough to forget it. */
  readonly needsReceipt: boolean
  readonly blobId: BlobId | null
}

/** Told after the commit which device has something to go to. */
export interface DeliveryQueue {
  kick(deviceId: DeviceId): void
}

export function newMessageId(core: Pick<Core, 'crypto'>): MessageId {
  return idFromBytes<MessageId>(core.crypto.random(MESSAGE_ID_BYTES))
}

export class Outgoing {
  readonly #core: Core
  readonly #queue: DeliveryQueue

  constructor(core: Core, queue: DeliveryQueue) {
    this.#core = core
    this.#queue = queue
  }

  /** Content between the engines: no place in a chat, own message id. */
  control(contactId: ContactId, type: number, body: Uint8Array, needsReceipt: boolean): MessageId {
    const messageId = newMessageId(this.#core)
    const sentAtMs = this.#core.clock.nowMs()
    this.send(contactId, { type, messageId, sentAtMs, order: null, body, needsReceipt, blobId: null })
    return messageId
  }

  send(contactId: ContactId, outgoing: OutgoingContent): void {
    const content = encodeContent(outgoing)
    for (const { deviceId } of this.#core.store.contacts.devices(contactId)) {
      this.#insert(contactId, deviceId, {
        messageId: outgoing.messageId,
        content,
        needsReceipt: outgoing.needsReceipt,
        blobId: outgoing.blobId,
      })
    }
  }

  /** Lays the same content on the way to another device: a new one of the same person. */
  readdress(row: OutboxRecord, deviceId: DeviceId): void {
    this.#insert(row.contactId, deviceId, row)
  }

  /** Seals a waiting row, or seals it anew over the session that is current now. False: still no session. */
  reseal(row: OutboxRecord): boolean {
    const { store, crypto } = this.#core
    const envelope = sealForDevice(this.#core, row.contactId, row.deviceId, row.content)
    if (envelope === null) return false
    store.outbox.update(row.outboxId, { envelope, envelopeId: envelopeId(crypto, envelope), directCommitted: false })
    store.outbox.forgetDeposits(row.messageId, row.deviceId)
    this.#wake(row.deviceId)
    return true
  }

  #insert(
    contactId: ContactId,
    deviceId: DeviceId,
    row: Pick<OutboxRecord, 'messageId' | 'content' | 'needsReceipt' | 'blobId'>,
  ): void {
    const { store, crypto, clock } = this.#core
    const envelope = sealForDevice(this.#core, contactId, deviceId, row.content)
    store.outbox.insert({
      contactId,
      deviceId,
      messageId: row.messageId,
      content: row.content,
      envelope,
      envelopeId: envelope === null ? null : envelopeId(crypto, envelope),
      needsReceipt: row.needsReceipt,
      blobId: row.blobId,
      createdAtMs: clock.nowMs(),
      directCommitted: false,
    })
    this.#wake(deviceId)
  }

  #wake(deviceId: DeviceId): void {
    this.#core.store.afterCommit(() => {
      this.#queue.kick(deviceId)
    })
  }
}
