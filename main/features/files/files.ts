/** Photos and files: sending, fetching, saving, showing. */

import { basename } from 'node:path'
import { attachmentCiphertextBytes } from '../../crypto/index.ts'
import { CONTENT_TYPES } from '../../../shared/wire/content.ts'
import {
  decodeBlobCollected,
  decodeFile,
  encodeBlobCollected,
  encodeFile,
  MAX_FILE_BYTES,
  safeFileName,
} from '../../../shared/features/files.ts'
import type { CommandInput } from '../../../shared/ipc/engine-contract.ts'
import type { BlobId, ContactId, MessageId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import type { MessageView } from '../../../shared/model/chat.ts'
import { equalBytes } from '../../../shared/wire/bytes.ts'
import { isParleyError, ParleyError } from '../../../shared/errors.ts'
import type { AttachmentSource, EncryptedAttachment, StoredAttachment } from '../../ports/attachment-cipher.ts'
import type { AttachmentRecord } from '../../ports/store/records.ts'
import type { BlobDownload } from '../../ports/relay.ts'
import type { ReceivedContent } from '../../services/incoming.ts'
import { offeredRelays, readCapability } from '../../services/reach.ts'
import type { BlobService, Feature, FeatureParts } from '../feature.ts'
import { Downloads } from './downloads.ts'
import { mediaTypeOf } from './media-type.ts'
import { StagedFiles } from './staged-files.ts'
import { Uploads } from './uploads.ts'

const BLOB_ID_BYTES = 16
const KEY_BYTES = 32
const SERVE_CHUNK_BYTES = 64 * 1024
const PROGRESS_STEP_MS = 100

export function filesFeature(parts: FeatureParts): Feature {
  return new Files(parts).feature()
}

class Files {
  readonly #parts: FeatureParts
  readonly #uploads: Uploads
  readonly #downloads: Downloads
  readonly #staged = new StagedFiles()
  readonly #toldAtMs = new Map<BlobId, number>()

  constructor(parts: FeatureParts) {
    this.#parts = parts
    this.#uploads = new Uploads(parts.core, {
      blobs: parts.blobs,
      relays: parts.relays,
      receipts: parts.receipts,
      onProgress: (attachment, doneBytes) => {
        this.#progress(attachment, doneBytes, 'relay')
      },
    })
    this.#downloads = new Downloads(
      {
        core: parts.core,
        paths: parts.paths,
        relays: parts.relays,
        blobs: parts.blobs,
        onProgress: (attachment, doneBytes, path) => {
          this.#progress(attachment, doneBytes, path)
        },
      },
      parts.feed,
      (attachment, author) => {
        this.#collected(attachment, author)
      },
    )
  }

  feature(): Feature {
    return {
      name: 'files',
      handlers: new Map([
        [CONTENT_TYPES.file, this.#onFile],
        [CONTENT_TYPES.blobCollected, this.#onCollected],
      ]),
      commands: {
        'files.stage': ({ name, bytes }) => ({ grant: this.#staged.stage(safeFileName(name), bytes) }),
        'messages.send-file': (input) => this.#send(input),
        'files.download': ({ messageId }) => this.#downloadAgain(messageId),
        'files.save': ({ messageId, grant }) => this.#save(messageId, grant),
        'files.cancel': ({ blobId }) => this.#cancel(blobId),
      },
      blobs: this.#service(),
      start: () => {
        this.#downloads.startAll()
      },
      onPath: (contactId) => {
        this.#downloads.startAll(contactId)
      },
      stop: () => {
        this.#uploads.stop()
        this.#downloads.stop()
      },
    }
  }

  #service(): BlobService {
    return {
      ensure: (row, mailbox) => this.#uploads.ensure(row, mailbox),
      open: (blobId, capability, offset) => this.#serve(blobId, capability, offset),
      readMedia: async (messageId, start, end) => {
        const attachment = this.#here(messageId)
        const bytes = await this.#parts.cipher.read({ ...storedOf(attachment), start, end })
        return { bytes, totalBytes: attachment.sizeBytes, mediaType: attachment.mediaType }
      },
      delete: (blobIds) => {
        for (const blobId of blobIds) void this.#parts.blobs.delete(blobId)
      },
    }
  }

  async #send({ chatId, grant, caption, photo }: CommandInput<'messages.send-file'>): Promise<MessageView> {
    const { core, blobs, cipher } = this.#parts
    const blobId = idFromBytes<BlobId>(core.crypto.random(BLOB_ID_BYTES))
    const key = core.crypto.random(KEY_BYTES)
    const { name, source } = this.#openGrant(grant)
    const file = await cipher.encrypt({ blobId, key, source, maxSizeBytes: MAX_FILE_BYTES })
    try {
      return this.#commit(chatId, file, { blobId, key, name, mediaType: mediaTypeOf(name), caption, photo })
    } catch (error) {
      await blobs.delete(blobId)
      throw error
    }
  }

  #openGrant(grant: string): { readonly name: string; readonly source: AttachmentSource } {
    const staged = this.#staged.redeem(grant)
    if (staged !== null) return { name: staged.name, source: { kind: 'bytes', bytes: staged.bytes } }
    const { path } = this.#parts.grants.redeem(grant, 'read')
    return { name: safeFileName(basename(path)), source: { kind: 'path', path } }
  }

  #commit(
    chatId: CommandInput<'messages.send-file'>['chatId'],
    file: EncryptedAttachment,
    about: Pick<AttachmentRecord, 'blobId' | 'key' | 'name' | 'mediaType' | 'photo'> & { readonly caption: string },
  ): MessageView {
    const { core, log, outgoing, views } = this.#parts
    return core.store.transaction(() => {
      const own = log.addOwn(chatId, { kind: 'file', caption: about.caption, blobId: about.blobId })
      core.store.attachments.insert({
        blobId: about.blobId,
        messageId: own.record.messageId,
        name: about.name,
        mediaType: about.mediaType,
        key: about.key,
        photo: about.photo,
        ...file,
        state: 'here',
        doneBytes: file.sizeBytes,
        failure: null,
        outgoing: true,
        collected: false,
      })
      outgoing.send(own.contactId, {
        type: CONTENT_TYPES.file,
        messageId: own.record.messageId,
        sentAtMs: own.record.sentAtMs,
        order: own.order,
        body: encodeFile({ ...about, sha256: file.sha256, sizeBytes: file.sizeBytes }),
        needsReceipt: true,
        blobId: about.blobId,
      })
      return views.message(own.record)
    })
  }

  readonly #onFile = ({ contact, content }: ReceivedContent): void => {
    const { core, log } = this.#parts
    if (content.order === null) return
    const file = decodeFile(content.body)
    if (core.store.attachments.get(file.blobId) !== null) return
    const { blobId, caption } = file
    if (!log.addTheirs(contact, content, content.order, { kind: 'file', caption, blobId })) return
    const attachment: AttachmentRecord = {
      blobId,
      messageId: content.messageId,
      name: file.name,
      mediaType: file.mediaType,
      sizeBytes: file.sizeBytes,
      ciphertextBytes: attachmentCiphertextBytes(file.sizeBytes),
      key: file.key,
      sha256: file.sha256,
      photo: file.photo,
      state: 'remote',
      doneBytes: 0,
      failure: null,
      outgoing: false,
      collected: false,
    }
    core.store.attachments.insert(attachment)
    this.#parts.onMessage(content.messageId)
    core.store.afterCommit(() => {
      this.#downloads.start(attachment)
    })
  }

  /** Their device has it whole: it is brought to no relay any more. */
  readonly #onCollected = ({ contact, content }: ReceivedContent): void => {
    const { store } = this.#parts.core
    const attachment = store.attachments.get(decodeBlobCollected(content.body))
    if (attachment === null || !attachment.outgoing || this.#contactOf(attachment) !== contact.contactId) return
    store.attachments.update(attachment.blobId, { collected: true })
  }

  #collected(attachment: AttachmentRecord, author: ContactId): void {
    const { core, outgoing, relays } = this.#parts
    outgoing.control(author, CONTENT_TYPES.blobCollected, encodeBlobCollected(attachment.blobId), true)
    const capability = readCapability(core.crypto, attachment.key, core.local.device.deviceId)
    core.store.afterCommit(() => {
      for (const relay of offeredRelays(core.store)) {
        relays.blobDone(relay, attachment.blobId, capability).catch((error: unknown) => {
          if (!isParleyError(error)) throw error
          core.log.warn('blob-done-failed', { code: error.code })
        })
      }
    })
  }

  async #serve(blobId: BlobId, capability: Uint8Array, offset: number): Promise<BlobDownload | null> {
    const { core, blobs } = this.#parts
    const attachment = core.store.attachments.get(blobId)
    const contactId = attachment === null || !attachment.outgoing ? null : this.#contactOf(attachment)
    if (attachment === null || contactId === null || offset > attachment.ciphertextBytes) return null
    const entitled = core.store.contacts
      .devices(contactId)
      .some(({ deviceId }) => equalBytes(readCapability(core.crypto, attachment.key, deviceId), capability))
    if (!entitled || (await blobs.size(blobId)) !== attachment.ciphertextBytes) return null
    const progress = (doneBytes: number): void => {
      this.#progress(attachment, doneBytes, 'direct')
    }
    return { totalBytes: attachment.ciphertextBytes, chunks: chunksOf(blobs, attachment, offset, progress) }
  }

  #contactOf(attachment: AttachmentRecord): ContactId | null {
    const { store } = this.#parts.core
    const chatId = store.messages.get(attachment.messageId)?.chatId
    return chatId === undefined ? null : (store.chats.get(chatId)?.contactId ?? null)
  }

  #attachment(messageId: MessageId): AttachmentRecord {
    const attachment = this.#parts.core.store.attachments.ofMessage(messageId)
    if (attachment === null) throw new ParleyError('not-found', 'attachment')
    return attachment
  }

  #here(messageId: MessageId): AttachmentRecord {
    const attachment = this.#attachment(messageId)
    if (attachment.state !== 'here') throw new ParleyError('file-gone', attachment.state)
    return attachment
  }

  #downloadAgain(messageId: MessageId): null {
    const { store } = this.#parts.core
    const attachment = this.#attachment(messageId)
    if (attachment.state === 'here') return null
    store.transaction(() => {
      store.attachments.update(attachment.blobId, { state: 'remote', failure: null })
      this.#tell(messageId)
    })
    this.#downloads.start(this.#attachment(messageId))
    return null
  }

  async #save(messageId: MessageId, grant: string): Promise<null> {
    const attachment = this.#here(messageId)
    const { path } = this.#parts.grants.redeem(grant, 'write')
    await this.#parts.cipher.save({ ...storedOf(attachment), path })
    return null
  }

  #cancel(blobId: BlobId): null {
    const attachment = this.#parts.core.store.attachments.get(blobId)
    if (attachment === null) throw new ParleyError('not-found', 'attachment')
    this.#downloads.cancel(attachment)
    this.#uploads.cancel(attachment)
    if (attachment.state === 'here') return null
    this.#parts.core.store.transaction(() => {
      this.#parts.core.store.attachments.update(blobId, { state: 'failed', failure: 'cancelled' })
      this.#tell(attachment.messageId)
    })
    return null
  }

  #tell(messageId: MessageId): void {
    const message = this.#parts.core.store.messages.get(messageId)
    if (message !== null) this.#parts.feed.message(messageId, message.chatId)
  }

  /** Ten times a second is enough for an eye. */
  #progress(attachment: AttachmentRecord, doneBytes: number, path: 'direct' | 'relay'): void {
    const { core } = this.#parts
    const nowMs = core.clock.monotonicMs()
    const last = doneBytes >= attachment.ciphertextBytes
    if (!last && nowMs - (this.#toldAtMs.get(attachment.blobId) ?? -Infinity) < PROGRESS_STEP_MS) return
    if (last) this.#toldAtMs.delete(attachment.blobId)
    else this.#toldAtMs.set(attachment.blobId, nowMs)
    core.emit('transfer.progress', {
      messageId: attachment.messageId,
      blobId: attachment.blobId,
      doneBytes: Math.min(attachment.sizeBytes, doneBytes),
      totalBytes: attachment.sizeBytes,
      path,
    })
  }
}

function storedOf({ blobId, key, sizeBytes }: AttachmentRecord): StoredAttachment {
  return { blobId, key, sizeBytes }
}

async function* chunksOf(
  blobs: FeatureParts['blobs'],
  attachment: AttachmentRecord,
  offset: number,
  onServed: (doneBytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for (let at = offset; at < attachment.ciphertextBytes; at += SERVE_CHUNK_BYTES) {
    const end = Math.min(attachment.ciphertextBytes, at + SERVE_CHUNK_BYTES)
    yield await blobs.read(attachment.blobId, at, end)
    onServed(end)
  }
}
