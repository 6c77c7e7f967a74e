/**
 * The one way in: envelopes from streams and mailboxes are taken in batches, each batch one durable
 * transaction {dedupe, open, apply, advanced ratchets, receipts}. Whoever handed an envelope in is answered
 * after that commit.
 */

import { envelopeId } from '../crypto/index.ts'
import { CONTENT_TYPES, decodeContent } from '../../shared/wire/content.ts'
import type { Content } from '../../shared/wire/content.ts'
import { decodeProfile } from '../../shared/wire/profile.ts'
import type { Profile } from '../../shared/wire/profile.ts'
import type { ContactId, DeviceId, EnvelopeId, MessageId } from '../../shared/model/ids.ts'
import { idFromBytes } from '../../shared/model/ids.ts'
import type { AccountId } from '../../shared/model/ids.ts'
import { equalBytes } from '../../shared/wire/bytes.ts'
import { isParleyError } from '../../shared/errors.ts'
import type { ContactRecord } from '../ports/store/records.ts'
import type { Core } from './core.ts'
import { openEnvelope } from './session-box.ts'
import type { HandshakeSender, Opened } from './session-box.ts'

export type EnvelopeSource =
  { readonly kind: 'direct'; readonly peerKey: Uint8Array } | { readonly kind: 'relay'; readonly handle: Uint8Array }

/** `refused`: not taken and never will be; nothing was changed. */
export type Taken = 'committed' | 'refused'

export interface ReceivedContent {
  readonly contact: ContactRecord
  readonly deviceId: DeviceId
  readonly content: Content
}

/** Applies one content inside the batch's transaction. `ParleyError('malformed')` drops the content. */
export type ContentHandler = (received: ReceivedContent) => void

/** Who may come in with a handshake: contacts' devices, new devices in a newer signed list, takers of an invite. */
export interface Admission {
  /** Checks a handshake whose device is not known. Null: not admitted. `settle` runs once the session is stored. */
  admitDevice(
    contact: ContactRecord,
    sender: HandshakeSender,
    profile: Profile,
  ): { readonly contact: ContactRecord; settle(): void } | null
  /** Makes a contact of the taker of an open invite. Null: no such invite, or not theirs. */
  admitTaker(sender: HandshakeSender, profile: Profile, opened: Opened): ContactRecord | null
}

export interface ReceiptSink {
  /** Seals one receipt for a batch; inside the transaction. */
  committed(contactId: ContactId, messageIds: readonly MessageId[]): void
}

interface Waiting {
  readonly envelope: Uint8Array
  readonly source: EnvelopeSource
  readonly resolve: (taken: Taken) => void
  readonly reject: (error: unknown) => void
}

/** Envelopes of one commit: enough to share a flush, few enough to answer soon. */
const MAX_BATCH = 64

export class Incoming {
  readonly #core: Core
  readonly #admission: Admission
  readonly #receipts: ReceiptSink
  readonly #handlers: ReadonlyMap<number, ContentHandler>
  readonly #onParked: () => void
  readonly #onUnknown: ContentHandler
  readonly #onHeard: (contactId: ContactId) => void
  readonly #onSession: (contactId: ContactId) => void
  readonly #queue: Waiting[] = []
  #draining = false

  constructor(
    core: Core,
    parts: {
      readonly admission: Admission
      readonly receipts: ReceiptSink
      readonly handlers: ReadonlyMap<number, ContentHandler>
      /** Content of a type that this version does not know. */
      readonly onUnknown: ContentHandler
      readonly onParked: () => void
      /** Something of theirs was opened: they are there. */
      readonly onHeard: (contactId: ContactId) => void
      /** Their handshake made a session. */
      readonly onSession: (contactId: ContactId) => void
    },
  ) {
    this.#core = core
    this.#admission = parts.admission
    this.#receipts = parts.receipts
    this.#handlers = parts.handlers
    this.#onUnknown = parts.onUnknown
    this.#onHeard = parts.onHeard
    this.#onSession = parts.onSession
    this.#onParked = parts.onParked
  }

  /** Resolves after the commit. @throws disk-full | store-damaged: not taken, to be handed in again */
  receive(envelope: Uint8Array, source: EnvelopeSource): Promise<Taken> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ envelope, source, resolve, reject })
      if (this.#draining) return
      this.#draining = true
      setImmediate(() => {
        this.#drain()
      })
    })
  }

  #drain(): void {
    const batch = this.#queue.splice(0, MAX_BATCH)
    try {
      const results = this.#core.store.transaction(() => this.#takeBatch(batch))
      for (const [index, waiting] of batch.entries()) waiting.resolve(results[index] ?? 'refused')
    } catch (error) {
      for (const waiting of batch) waiting.reject(error)
    }
    this.#draining = this.#queue.length > 0
    if (this.#draining) {
      setImmediate(() => {
        this.#drain()
      })
    }
  }

  #takeBatch(batch: readonly Waiting[]): readonly Taken[] {
    const receipts = new Map<ContactId, MessageId[]>()
    const advanced = new Set<ContactId>()
    const results = batch.map(({ envelope, source }) => this.#take(envelope, source, receipts, advanced))
    for (const contactId of advanced) {
      this.#retryParked(contactId, receipts)
      this.#core.store.afterCommit(() => {
        this.#onHeard(contactId)
      })
    }
    for (const [contactId, messageIds] of receipts) this.#receipts.committed(contactId, messageIds)
    return results
  }

  #take(
    envelope: Uint8Array,
    source: EnvelopeSource,
    receipts: Map<ContactId, MessageId[]>,
    advanced: Set<ContactId>,
  ): Taken {
    const { store, crypto, clock } = this.#core
    const id = envelopeId(crypto, envelope)
    const seen = store.inbox.seen(id)
    if (seen !== null) {
      if (seen.contactId !== null && seen.messageId !== null) append(receipts, seen.contactId, seen.messageId)
      return 'committed'
    }
    const contact = this.#contactOf(source)
    // not remembered either: what its sender still holds may come after an unblock
    if (contact?.blocked === true) return 'refused'
    const taken = this.#openAndApply(id, envelope, contact, receipts)
    if (taken !== null) {
      advanced.add(taken)
      return 'committed'
    }
    if (contact === null) return 'refused'
    store.inbox.park({
      envelopeId: id,
      contactId: contact.contactId,
      envelope,
      parkedAtMs: clock.nowMs(),
      resendAtMs: null,
    })
    store.inbox.markSeen({ envelopeId: id, contactId: null, messageId: null, atMs: clock.nowMs() })
    store.afterCommit(this.#onParked)
    return 'committed'
  }

  #contactOf(source: EnvelopeSource): ContactRecord | null {
    const { contacts } = this.#core.store
    return source.kind === 'direct' ? contacts.byPeerKey(source.peerKey) : contacts.byHandle(source.handle)
  }

  /** The contact whose sessions advanced, or null when nothing could be opened or nobody was admitted. */
  #openAndApply(
    id: EnvelopeId,
    envelope: Uint8Array,
    contact: ContactRecord | null,
    receipts: Map<ContactId, MessageId[]>,
  ): ContactId | null {
    const { store, clock } = this.#core
    const opened = openSafely(this.#core, contact, envelope)
    if (opened === null) return null
    const content = decodeSafely(opened.plaintext)
    const admitted = this.#admit(contact, opened, content)
    if (admitted === null) return null
    opened.persist(admitted.contact.contactId)
    admitted.settle()
    const nowMs = clock.nowMs()
    const { contactId } = admitted.contact
    if (opened.handshake !== null) {
      store.afterCommit(() => {
        this.#onSession(contactId)
      })
    }
    store.inbox.markSeen({ envelopeId: id, contactId, messageId: content?.messageId ?? null, atMs: nowMs })
    store.contacts.update(contactId, { lastSeenAtMs: nowMs })
    if (content === null) return contactId
    if (content.type !== CONTENT_TYPES.receipt) append(receipts, contactId, content.messageId)
    const current = store.contacts.get(contactId)
    if (current !== null) this.#apply({ contact: current, deviceId: opened.deviceId, content })
    return contactId
  }

  #admit(
    contact: ContactRecord | null,
    opened: Opened,
    content: Content | null,
  ): { readonly contact: ContactRecord; settle(): void } | null {
    const sender = opened.handshake
    if (sender === null) return contact === null ? null : { contact, settle: nothing }
    const known = this.#core.store.contacts.byAccount(idFromBytes<AccountId>(sender.account))
    if (known !== null && this.#hasDevice(known, sender)) return { contact: known, settle: nothing }
    const profile = profileIn(content)
    if (profile === null) return null
    if (known !== null) return this.#admission.admitDevice(known, sender, profile)
    const taker = this.#admission.admitTaker(sender, profile, opened)
    return taker === null ? null : { contact: taker, settle: nothing }
  }

  #hasDevice(contact: ContactRecord, sender: HandshakeSender): boolean {
    return this.#core.store.contacts
      .devices(contact.contactId)
      .some((device) => device.deviceId === sender.deviceId && equalBytes(device.identityKey, sender.identityKey))
  }

  #apply(received: ReceivedContent): void {
    const handler = this.#handlers.get(received.content.type) ?? this.#onUnknown
    try {
      handler(received)
    } catch (error) {
      if (!isParleyError(error, 'malformed') && !isParleyError(error, 'unsupported-version')) throw error
      this.#core.log.warn('content-dropped', { type: received.content.type })
    }
  }

  /** A session advanced, or a new one came: what waited may open now. */
  #retryParked(contactId: ContactId, receipts: Map<ContactId, MessageId[]>): void {
    const { store } = this.#core
    for (let progress = true; progress;) {
      progress = false
      for (const row of store.inbox.parked(contactId)) {
        const contact = store.contacts.get(contactId)
        if (this.#openAndApply(row.envelopeId, row.envelope, contact, receipts) === null) continue
        store.inbox.unpark(row.envelopeId)
        progress = true
      }
    }
  }
}

function nothing(): void {
  // The device was known before: nothing to settle.
}

function append(receipts: Map<ContactId, MessageId[]>, contactId: ContactId, messageId: MessageId): void {
  const list = receipts.get(contactId)
  if (list === undefined) receipts.set(contactId, [messageId])
  else if (!list.includes(messageId)) list.push(messageId)
}

/** An envelope of a suite that this version does not speak stays sealed: it is parked like one that cannot be opened. */
function openSafely(core: Core, contact: ContactRecord | null, envelope: Uint8Array): Opened | null {
  try {
    return openEnvelope(core, contact, envelope)
  } catch (error) {
    if (isParleyError(error, 'unsupported-version') || isParleyError(error, 'malformed')) return null
    throw error
  }
}

function decodeSafely(plaintext: Uint8Array): Content | null {
  try {
    return decodeContent(plaintext)
  } catch (error) {
    if (isParleyError(error)) return null
    throw error
  }
}

function profileIn(content: Content | null): Profile | null {
  if (content?.type !== CONTENT_TYPES.profile) return null
  try {
    return decodeProfile(content.body)
  } catch (error) {
    if (isParleyError(error)) return null
    throw error
  }
}
