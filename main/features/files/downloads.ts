/** Incoming attachments that are not here yet: one at a time for each author, tried again when a path comes up and after a while. */

import { backoffMs } from '../../domain/backoff.ts'
import type { AttachmentRecord } from '../../ports/store/records.ts'
import type { ContactId, MessageId } from '../../../shared/model/ids.ts'
import { isParleyError } from '../../../shared/errors.ts'
import type { ErrorCode } from '../../../shared/errors.ts'
import type { ChangeFeed } from '../../services/change-feed.ts'
import { download } from './download.ts'
import type { DownloadParts } from './download.ts'

const RETRY = { firstMs: 2_000, maxMs: 5 * 60_000 } as const

interface Job {
  running: boolean
  attempt: number
  cancelRetry: (() => void) | null
  abort: AbortController
}

export class Downloads {
  readonly #parts: DownloadParts
  readonly #feed: ChangeFeed
  readonly #onHere: (attachment: AttachmentRecord, author: ContactId) => void
  readonly #jobs = new Map<string, Job>()
  #stopped = false

  constructor(
    parts: DownloadParts,
    feed: ChangeFeed,
    onHere: (attachment: AttachmentRecord, author: ContactId) => void,
  ) {
    this.#parts = parts
    this.#feed = feed
    this.#onHere = onHere
  }

  /** Takes up what an earlier run left. */
  startAll(author: ContactId | null = null): void {
    for (const attachment of this.#parts.core.store.attachments.wanted()) {
      const from = this.#authorOf(attachment.messageId)
      if (from === null || (author !== null && from !== author)) continue
      const job = this.#job(attachment)
      job.attempt = 0
      this.start(attachment)
    }
  }

  start(attachment: AttachmentRecord): void {
    const author = this.#authorOf(attachment.messageId)
    const job = this.#job(attachment)
    if (author === null || job.running || this.#stopped) return
    job.cancelRetry?.()
    job.cancelRetry = null
    job.running = true
    job.abort = new AbortController()
    void this.#run(attachment, author, job)
  }

  cancel(attachment: AttachmentRecord): void {
    const job = this.#jobs.get(attachment.blobId)
    job?.abort.abort()
    job?.cancelRetry?.()
    this.#jobs.delete(attachment.blobId)
  }

  stop(): void {
    this.#stopped = true
    for (const job of this.#jobs.values()) {
      job.abort.abort()
      job.cancelRetry?.()
    }
  }

  async #run(attachment: AttachmentRecord, author: ContactId, job: Job): Promise<void> {
    try {
      const here = await download(this.#parts, attachment, author, job.abort.signal)
      job.running = false
      if (this.#stopped) return
      if (here) this.#finish(attachment, author)
      else this.#retryLater(attachment, job)
    } catch (error) {
      job.running = false
      if (!isParleyError(error)) throw error
      if (error.code === 'cancelled' || this.#stopped) return
      this.#fail(attachment, error.code)
    }
  }

  #finish(attachment: AttachmentRecord, author: ContactId): void {
    this.#jobs.delete(attachment.blobId)
    const { store } = this.#parts.core
    store.transaction(() => {
      store.attachments.update(attachment.blobId, {
        state: 'here',
        doneBytes: attachment.sizeBytes,
        failure: null,
      })
      this.#tell(attachment.messageId)
      this.#onHere(attachment, author)
    })
  }

  #fail(attachment: AttachmentRecord, failure: ErrorCode): void {
    const { store } = this.#parts.core
    store.transaction(() => {
      store.attachments.update(attachment.blobId, { state: 'failed', failure })
      this.#tell(attachment.messageId)
    })
  }

  #retryLater(attachment: AttachmentRecord, job: Job): void {
    const { core } = this.#parts
    const spread = (core.crypto.random(1)[0] ?? 0) / 255
    job.cancelRetry = core.clock.after(backoffMs(job.attempt, RETRY, spread), () => {
      job.cancelRetry = null
      this.start(attachment)
    })
    job.attempt += 1
  }

  #job(attachment: AttachmentRecord): Job {
    const known = this.#jobs.get(attachment.blobId)
    if (known !== undefined) return known
    const job: Job = { running: false, attempt: 0, cancelRetry: null, abort: new AbortController() }
    this.#jobs.set(attachment.blobId, job)
    return job
  }

  #authorOf(messageId: MessageId): ContactId | null {
    return this.#parts.core.store.messages.get(messageId)?.authorId ?? null
  }

  #tell(messageId: MessageId): void {
    const message = this.#parts.core.store.messages.get(messageId)
    if (message !== null) this.#feed.message(messageId, message.chatId)
  }
}
