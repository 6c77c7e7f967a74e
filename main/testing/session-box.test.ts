/** What services and the real store do together with sessions. */

import { afterAll, expect, test } from 'vitest'
import { decryptMessage, encryptMessage, MAX_UNANSWERED_MESSAGES, selectBackend } from '../crypto/index.ts'
import { adoptSession, openEnvelope, sealForDevice } from '../services/session-box.ts'
import { storeWithSessions } from './store-with-sessions.ts'

const backend = await selectBackend()
const made = await storeWithSessions(backend, { contacts: 2, sessionsEach: 6 })
const { core, peers } = made
const NO_SKIPPED = { find: () => undefined }
const content = new TextEncoder().encode('content')

afterAll(() => made.close())

const [peer, other] = peers
if (peer === undefined || other === undefined) throw new Error('two contacts')
const { contactId } = peer.contact
const { deviceId } = peer.party.entry

test('whichever of six sessions an envelope is of, it opens and becomes the current one', () => {
  for (const session of peer.sessions) {
    const { envelope } = encryptMessage(core.crypto, session, content)
    expect(openEnvelope(core, other.contact, envelope)).toBeNull()
    const opened = openEnvelope(core, peer.contact, envelope)
    expect(opened?.plaintext).toEqual(content)
    core.store.transaction(() => opened?.persist(contactId))
    expect(core.store.sessions.current(deviceId)?.sessionId).toEqual(session.sessionId)
  }
  expect(core.store.sessions.ofContact(contactId)).toHaveLength(6)
})

test('a transaction that was undone leaves the session as it was', () => {
  const before = core.store.sessions.current(deviceId)
  expect(() =>
    core.store.transaction(() => {
      sealForDevice(core, contactId, deviceId, content)
      throw new Error('undone')
    }),
  ).toThrow('undone')
  expect(core.store.sessions.current(deviceId)).toEqual(before)
  const first = core.store.transaction(() => sealForDevice(core, contactId, deviceId, content))
  const again = core.store.transaction(() => sealForDevice(core, contactId, deviceId, content))
  const session = peer.sessions.at(-1)
  if (first === null || again === null || session === undefined) throw new Error('a session')
  const opened = decryptMessage(core.crypto, session, first, NO_SKIPPED, 0)
  expect(opened.plaintext).toEqual(content)
  expect(opened.newSkipped).toEqual([])
  expect(decryptMessage(core.crypto, opened.session, again, NO_SKIPPED, 0).plaintext).toEqual(content)
})

test('a session that has gone without an answer for 5,000 messages seals no more: a new one is due', () => {
  const record = core.store.sessions.current(deviceId)
  if (record === null) throw new Error('a session')
  const state = core.sessions.stateOf(record)
  const sealedAt = (sendingNumber: number) =>
    core.store.transaction(() => {
      adoptSession(core, contactId, deviceId, { ...state, sendingNumber })
      return [1, 2].map(() => sealForDevice(core, contactId, deviceId, content) !== null)
    })
  expect(sealedAt(MAX_UNANSWERED_MESSAGES - 2)).toEqual([true, true])
  expect(sealedAt(MAX_UNANSWERED_MESSAGES - 1)).toEqual([true, false])
  expect(sealedAt(MAX_UNANSWERED_MESSAGES)).toEqual([false, false])
})
