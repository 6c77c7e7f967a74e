/**
 * Sealing content for a device and opening what a contact sent, over the sessions in the store. Every
 * function here runs inside the caller's transaction, so that the advanced ratchet and what it sealed or
 * opened are one commit.
 */

import {
  decryptMessage,
  encryptMessage,
  envelopeKind,
  handshakeSessionId,
  MAX_UNANSWERED_MESSAGES,
  openHandshake,
  unansweredMessages,
} from '../crypto/index.ts'
import type { PrekeySecret, SessionState, SkippedKey } from '../crypto/index.ts'
import type { ContactRecord, PrekeyKind, SessionRecord } from '../ports/store/records.ts'
import type { ContactId, DeviceId } from '../../shared/model/ids.ts'
import { equalBytes } from '../../shared/wire/bytes.ts'
import { isParleyError } from '../../shared/errors.ts'
import type { Core } from './core.ts'

export interface HandshakeSender {
  readonly account: Uint8Array
  readonly deviceId: DeviceId
  readonly deviceListVersion: number
  readonly identityKey: Uint8Array
}

/** What an envelope held, before anything of it was written. */
export interface Opened {
  readonly plaintext: Uint8Array
  readonly sessionId: Uint8Array
  readonly deviceId: DeviceId
  /** Set when a handshake made a new session: the caller checks who this is before `persist`. */
  readonly handshake: HandshakeSender | null
  /** Seals an answer over a handshake's session that is not kept. */
  answer(content: Uint8Array): Uint8Array
  /** Writes the advanced session, its skipped keys and the used prekeys. */
  persist(contactId: ContactId): void
}

/** Null: no session with that device yet, or one that has gone without an answer for too long: a new one is due. */
export function sealForDevice(
  core: Core,
  contactId: ContactId,
  deviceId: DeviceId,
  content: Uint8Array,
): Uint8Array | null {
  const record = core.store.sessions.current(deviceId)
  if (record === null) return null
  const session = core.sessions.stateOf(record)
  if (unansweredMessages(session) >= MAX_UNANSWERED_MESSAGES) return null
  const sealed = encryptMessage(core.crypto, session, content)
  core.store.sessions.put({
    ...record,
    contactId,
    state: core.sessions.recordOf(sealed.session),
    usedAtMs: core.clock.nowMs(),
  })
  return sealed.envelope
}

/** A session that this side started becomes the current one of that device. */
export function adoptSession(core: Core, contactId: ContactId, deviceId: DeviceId, session: SessionState): void {
  core.store.sessions.put({
    sessionId: session.sessionId,
    contactId,
    deviceId,
    state: core.sessions.recordOf(session),
    current: true,
    usedAtMs: core.clock.nowMs(),
  })
}

/**
 * Tries the contact's sessions, then, for a handshake, the prekeys. Null: nothing opened it; nothing was changed.
 * A newer suite or version is thrown as `unsupported-version`.
 */
export function openEnvelope(core: Core, contact: ContactRecord | null, envelope: Uint8Array): Opened | null {
  const kind = envelopeKind(envelope)
  if (kind === 'ephemeral') return null
  const sessions = contact === null ? [] : core.store.sessions.ofContact(contact.contactId)
  if (kind === 'message') return openWithAny(core, sessions, envelope)
  const sessionId = attempt(() => handshakeSessionId(core.crypto, envelope))
  const known = sessionId === null ? [] : sessions.filter((session) => equalBytes(session.sessionId, sessionId))
  return known.length > 0 ? openWithAny(core, known, envelope) : openAsHandshake(core, envelope)
}

function openWithAny(core: Core, sessions: readonly SessionRecord[], envelope: Uint8Array): Opened | null {
  for (const record of sessions) {
    const opened = attempt(() => openWithSession(core, record, envelope))
    if (opened !== null) return opened
  }
  return null
}

function openWithSession(core: Core, record: SessionRecord, envelope: Uint8Array): Opened {
  const { store } = core
  const result = decryptMessage(
    core.crypto,
    core.sessions.stateOf(record),
    envelope,
    {
      find: (headerKeyId, messageNumber) => store.sessions.skippedKey(headerKeyId, messageNumber)?.key,
    },
    core.clock.nowMs(),
  )
  return {
    plaintext: result.plaintext,
    sessionId: record.sessionId,
    deviceId: record.deviceId,
    handshake: null,
    answer: (content) => encryptMessage(core.crypto, result.session, content).envelope,
    persist: () => {
      putSession(core, { ...record, state: core.sessions.recordOf(result.session), current: true }, result.newSkipped)
      const used = result.consumedSkipped
      if (used !== undefined) store.sessions.deleteSkipped(used.headerKeyId, used.messageNumber)
    },
  }
}

function openAsHandshake(core: Core, envelope: Uint8Array): Opened | null {
  const { store } = core
  const find =
    (...kinds: PrekeyKind[]) =>
    (prekeyId: number): PrekeySecret | undefined =>
      findPrekey(core, kinds, prekeyId)
  const result = attempt(() =>
    openHandshake(
      core.crypto,
      core.local,
      envelope,
      {
        signed: find('signed'),
        oneTime: find('one-time'),
        kem: find('kem-one-time', 'kem-last-resort'),
      },
      core.clock.nowMs(),
    ),
  )
  if (result === null) return null
  const used = result.usedPrekeys
  if (used.lastResort && !store.sessions.rememberBaseKey(result.baseKeyHash, core.clock.nowMs())) return null
  const { deviceId } = result.sender
  return {
    plaintext: result.plaintext,
    sessionId: result.session.sessionId,
    deviceId,
    handshake: result.sender,
    answer: (content) => encryptMessage(core.crypto, result.session, content).envelope,
    persist: (contactId) => {
      adoptSession(core, contactId, deviceId, result.session)
      store.sessions.putSkipped(result.session.sessionId, result.skipped, core.clock.nowMs())
      if (used.oneTimeId !== undefined) store.prekeys.delete('one-time', used.oneTimeId)
      if (used.kemOneTimeId !== undefined) store.prekeys.delete('kem-one-time', used.kemOneTimeId)
    },
  }
}

function findPrekey(core: Core, kinds: readonly PrekeyKind[], prekeyId: number): PrekeySecret | undefined {
  for (const kind of kinds) {
    const record = core.store.prekeys.get(kind, prekeyId)
    if (record !== null) return { ...record, id: record.prekeyId }
  }
  return undefined
}

function putSession(core: Core, record: SessionRecord, skipped: readonly SkippedKey[]): void {
  core.store.sessions.put({ ...record, usedAtMs: core.clock.nowMs() })
  core.store.sessions.putSkipped(record.sessionId, skipped, core.clock.nowMs())
}

/** Null for what a peer can cause; a bug still throws. */
function attempt<T>(open: () => T): T | null {
  try {
    return open()
  } catch (error) {
    if (isParleyError(error, 'cannot-decrypt') || isParleyError(error, 'malformed')) return null
    throw error
  }
}
