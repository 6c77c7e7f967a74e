/**
 * What cannot be opened heals by itself: after a minute the author is asked, over a fresh handshake, to seal
 * it again under the same message id (docs/protocol/delivery.md, "Resend").
 */

import { RESEND_AFTER_MS } from '../domain/delivery-limits.ts'
import { CONTENT_TYPES } from '../../shared/wire/content.ts'
import { decodeResend, encodeResend, MAX_RESEND_IDS } from '../../shared/wire/resend.ts'
import type { ContactId, EnvelopeId } from '../../shared/model/ids.ts'
import { isParleyError } from '../../shared/errors.ts'
import type { ParkedRecord } from '../ports/store/records.ts'
import type { Core } from './core.ts'
import type { ReceivedContent } from './incoming.ts'
import type { Outgoing } from './outgoing.ts'
import type { SessionStarter } from './session-starter.ts'

/** Asked again for the same envelope only after this. */
const ASK_AGAIN_MS = 60 * 60 * 1000

export class ResendRequests {
  readonly #core: Core
  readonly #outgoing: Outgoing
  readonly #sessions: SessionStarter
  readonly #afterMs: number
  #cancelTimer: (() => void) | null = null
  #stopped = false

  /** @param afterMs how long an envelope may lie unopened before it is asked for; tests shorten it */
  constructor(core: Core, outgoing: Outgoing, sessions: SessionStarter, afterMs: number = RESEND_AFTER_MS) {
    this.#core = core
    this.#outgoing = outgoing
    this.#sessions = sessions
    this.#afterMs = afterMs
  }

  /** Something was parked, or the engine started: wakes when the oldest is due. */
  readonly schedule = (): void => {
    if (this.#cancelTimer !== null || this.#stopped) return
    const next = this.#core.store.inbox
      .allParked()
      .map((row) => this.#dueAtMs(row))
      .reduce((earliest, dueAtMs) => Math.min(earliest, dueAtMs), Infinity)
    if (next === Infinity) return
    this.#cancelTimer = this.#core.clock.after(Math.max(0, next - this.#core.clock.nowMs()), () => {
      this.#cancelTimer = null
      void this.#askDue().then(this.schedule)
    })
  }

  stop(): void {
    this.#stopped = true
    this.#cancelTimer?.()
  }

  #dueAtMs(row: ParkedRecord): number {
    return row.resendAtMs === null ? row.parkedAtMs + this.#afterMs : row.resendAtMs + ASK_AGAIN_MS
  }

  async #askDue(): Promise<void> {
    const nowMs = this.#core.clock.nowMs()
    const due = new Map<ContactId, EnvelopeId[]>()
    for (const row of this.#core.store.inbox.allParked()) {
      if (this.#dueAtMs(row) > nowMs) continue
      const list = due.get(row.contactId) ?? []
      list.push(row.envelopeId)
      due.set(row.contactId, list)
    }
    for (const [contactId, envelopeIds] of due) await this.ask(contactId, envelopeIds)
  }

  /** Over a fresh session with each device; where no directory answers, over the one there is. */
  async ask(contactId: ContactId, envelopeIds: readonly EnvelopeId[]): Promise<void> {
    const { store, clock } = this.#core
    for (const { deviceId } of store.contacts.devices(contactId)) {
      try {
        await this.#sessions.start(contactId, deviceId)
      } catch (error) {
        if (!isParleyError(error)) throw error
        this.#core.log.warn('resend-without-fresh-session', { code: error.code })
      }
    }
    if (this.#stopped) return
    store.transaction(() => {
      for (let at = 0; at < envelopeIds.length; at += MAX_RESEND_IDS) {
        const body = encodeResend({ kind: 'ask', envelopeIds: envelopeIds.slice(at, at + MAX_RESEND_IDS) })
        this.#outgoing.control(contactId, CONTENT_TYPES.resend, body, true)
      }
      for (const envelopeId of envelopeIds) store.inbox.updateParked(envelopeId, { resendAtMs: clock.nowMs() })
    })
  }

  /** Content type 18. Only what is still in the outbox for that device is sealed again. */
  readonly onResend = ({ contact, deviceId, content }: ReceivedContent): void => {
    const { store } = this.#core
    const { kind, envelopeIds } = decodeResend(content.body)
    if (kind === 'answered') {
      for (const row of store.inbox.parked(contact.contactId)) {
        if (envelopeIds.includes(row.envelopeId)) store.inbox.unpark(row.envelopeId)
      }
      return
    }
    for (const envelopeId of envelopeIds) {
      const row = store.outbox.byEnvelope(envelopeId)
      if (row !== null && row.deviceId === deviceId) this.#outgoing.reseal(row)
    }
    const body = encodeResend({ kind: 'answered', envelopeIds })
    this.#outgoing.control(contact.contactId, CONTENT_TYPES.resend, body, true)
  }
}
