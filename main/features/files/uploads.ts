/** Bringing an attachment's ciphertext to a recipient's relay; one upload for a blob, device and relay at a time. */

import { RELAY_TTL_SECONDS } from '../../domain/delivery-limits.ts'
import type { BlobFiles } from '../../ports/store/profile.ts'
import type { RelayPort } from '../../ports/relay.ts'
import type { AttachmentRecord, OutboxRecord } from '../../ports/store/records.ts'
import type { Core } from '../../services/core.ts'
import { readCapability } from '../../services/reach.ts'
import type { Mailbox } from '../../services/reach.ts'
import type { Receipts } from '../../services/receipts.ts'
import type { BlobUploads } from '../../services/relay-deposits.ts'
import { ParleyError } from '../../../shared/errors.ts'

const CHUNK_BYTES = 64 * 1024

export class Uploads implements BlobUploads {
  readonly #core: Core
  readonly #blobs: BlobFiles
  readonly #relays: RelayPort
  readonly #receipts: Receipts
  readonly #onProgress: (attachment: AttachmentRecord, doneBytes: number) => void
  readonly #running = new Map<string, Promise<boolean>>()
  readonly #abort = new AbortController()
  readonly #cancelled = new Map<string, AbortController>()

  constructor(
    core: Core,
    parts: {
      readonly blobs: BlobFiles
      readonly relays: RelayPort
      readonly receipts: Receipts
      readonly onProgress: (attachment: AttachmentRecord, doneBytes: number) => void
    },
  ) {
    this.#core = core
    this.#blobs = parts.blobs
    this.#relays = parts.relays
    this.#receipts = parts.receipts
    this.#onProgress = parts.onProgress
  }

  ensure(row: OutboxRecord, mailbox: Mailbox): Promise<boolean> {
    const attachment = row.blobId === null ? null : this.#core.store.attachments.get(row.blobId)
    if (attachment === null || attachment.collected || this.#isHeld(row, mailbox)) return Promise.resolve(true)
    const key = `${attachment.blobId} ${row.deviceId} ${mailbox.relayId}`
    const running = this.#running.get(key)
    if (running !== undefined) return running
    const upload = this.#upload(row, attachment, mailbox).finally(() => {
      this.#running.delete(key)
    })
    this.#running.set(key, upload)
    return upload
  }

  #isHeld(row: OutboxRecord, mailbox: Mailbox): boolean {
    return this.#core.store.outbox
      .deposits(row.messageId)
      .some(
        (deposit) =>
          deposit.what === 'blob' && deposit.deviceId === row.deviceId && deposit.relayId === mailbox.relayId,
      )
  }

  async #upload(row: OutboxRecord, attachment: AttachmentRecord, mailbox: Mailbox): Promise<boolean> {
    const { store, crypto, clock } = this.#core
    const blobs = this.#blobs
    const outcome = await this.#relays.putBlob(
      mailbox,
      {
        blobId: attachment.blobId,
        mailboxId: mailbox.mailboxId,
        token: mailbox.token,
        sizeBytes: attachment.ciphertextBytes,
        sha256: attachment.sha256,
        readCapability: readCapability(crypto, attachment.key, row.deviceId),
        ttlSeconds: RELAY_TTL_SECONDS,
        async *read(offset) {
          for (let at = offset; at < attachment.ciphertextBytes; at += CHUNK_BYTES) {
            yield await blobs.read(attachment.blobId, at, Math.min(attachment.ciphertextBytes, at + CHUNK_BYTES))
          }
        },
        onProgress: (doneBytes) => {
          this.#onProgress(attachment, doneBytes)
        },
      },
      AbortSignal.any([this.#abort.signal, this.#signalOf(attachment)]),
    )
    if (outcome.kind === 'refused') {
      if (outcome.code === 'too-large') return this.#giveUp(row)
      throw new ParleyError(outcome.code, 'blob')
    }
    store.transaction(() => {
      store.outbox.putDeposit({
        messageId: row.messageId,
        deviceId: row.deviceId,
        relayId: mailbox.relayId,
        what: 'blob',
        envelopeId: null,
        receipt: outcome.receipt,
        heldAtMs: clock.nowMs(),
        expiresAtMs: outcome.expiresAtMs,
      })
      this.#receipts.refresh(row.messageId)
    })
    return true
  }

  #giveUp(row: OutboxRecord): boolean {
    this.#core.store.transaction(() => {
      this.#receipts.fail(row.messageId, 'too-large')
    })
    return false
  }

  #signalOf(attachment: AttachmentRecord): AbortSignal {
    const known = this.#cancelled.get(attachment.blobId)
    if (known !== undefined && !known.signal.aborted) return known.signal
    const controller = new AbortController()
    this.#cancelled.set(attachment.blobId, controller)
    return controller.signal
  }

  cancel(attachment: AttachmentRecord): void {
    this.#cancelled.get(attachment.blobId)?.abort()
  }

  stop(): void {
    this.#abort.abort()
  }
}
