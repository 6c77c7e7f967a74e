/** What is left of suite 0 in a store, and what comes from somebody who still speaks it: nothing of it is lost. */

import { expect, test } from 'vitest'
import { createCrypto, envelopeId, selectBackend } from '../crypto/index.ts'
import {
  contactIdOf,
  deviceIdOf,
  envelopeIdOf,
  messageIdOf,
  sampleContact,
  sampleDevice,
  sampleOutbox,
  sampleSession,
} from '../ports/contract-tests/sample-records.ts'
import type { Store } from '../ports/store/store.ts'
import { systemClock } from '../runtime/system-clock.ts'
import { LiveSessions } from '../services/live-sessions.ts'
import type { Core } from '../services/core.ts'
import { localParty, makeAccount } from '../services/identity.ts'
import { Incoming } from '../services/incoming.ts'
import { Outgoing } from '../services/outgoing.ts'
import { ResendRequests } from '../services/resend.ts'
import { SessionRenewal } from '../services/session-renewal.ts'
import { SessionStarter } from '../services/session-starter.ts'
import { openIn } from '../storage/testing/store-files.ts'
import { temporaryFolder } from '../storage/testing/temporary-folder.ts'
import { CONTENT_TYPES, decodeContent } from '../../shared/wire/content.ts'
import { decodeResend, encodeResend } from '../../shared/wire/resend.ts'
import { ENVELOPE_VERSION } from '../../shared/wire/envelope.ts'
import { ParleyError } from '../../shared/errors.ts'

const crypto = createCrypto(await selectBackend())

function storeWithContact(number: number, patch: Parameters<typeof sampleContact>[1] = {}, store?: Store): Store {
  const target = store ?? openIn(temporaryFolder(), 'new').store
  target.transaction(() => {
    target.contacts.insert(sampleContact(number, patch))
    target.contacts.setDevices(contactIdOf(number), [sampleDevice(number, number)])
  })
  return target
}

function coreOf(store: Store): Core {
  const account = makeAccount(crypto, { name: 'Ada', recoveryKey: new Uint8Array(32), nowMs: 1 })
  const log = { info: () => undefined, warn: () => undefined }
  return {
    store,
    crypto,
    clock: systemClock,
    log,
    emit: () => undefined,
    sessions: new LiveSessions(),
    local: localParty(crypto, account),
  }
}

const asleep = { kick: () => undefined }

function resendOf(core: Core): ResendRequests {
  const outgoing = new Outgoing(core, asleep)
  const nobody = new Proxy({} as ConstructorParameters<typeof SessionStarter>[1], {
    get: () => () => {
      throw new ParleyError('unreachable')
    },
  })
  return new ResendRequests(core, outgoing, new SessionStarter(core, nobody, () => outgoing))
}

function resendContent(kind: 'ask' | 'answered') {
  const body = encodeResend({ kind, envelopeIds: [envelopeIdOf(5)] })
  return { type: CONTENT_TYPES.resend, messageId: messageIdOf(90), sentAtMs: 1, order: null, body }
}

test('an envelope of suite 0 is taken from its deliverer and parked', async () => {
  const store = storeWithContact(1)
  const refuse = (): null => null
  const incoming = new Incoming(coreOf(store), {
    admission: { admitDevice: refuse, admitTaker: refuse },
    receipts: { committed: () => undefined },
    handlers: new Map(),
    onUnknown: () => undefined,
    onParked: () => undefined,
    onHeard: () => undefined,
    onSession: () => undefined,
  })
  const envelope = new Uint8Array(1024).fill(9)
  envelope.set([ENVELOPE_VERSION, 0, 2])
  const { ownHandle } = sampleContact(1)
  expect(await incoming.receive(envelope, { kind: 'relay', handle: ownHandle })).toBe('committed')
  expect(store.inbox.allParked()).toMatchObject([{ envelopeId: envelopeId(crypto, envelope), resendAtMs: null }])
})

test('asked for an envelope that was sealed anew since, the author answers, keeps the message, and the asker stops waiting', () => {
  const author = storeWithContact(1)
  author.transaction(() => {
    author.outbox.insert(
      sampleOutbox(1, { contactId: contactIdOf(1), deviceId: deviceIdOf(1), envelope: null, envelopeId: null }),
    )
    const contact = sampleContact(1)
    resendOf(coreOf(author)).onResend({ contact, deviceId: deviceIdOf(1), content: resendContent('ask') })
  })
  const [kept, answer] = author.outbox.all()
  expect(kept?.messageId).toBe(messageIdOf(1))
  const content = decodeContent(answer?.content ?? new Uint8Array())
  expect(decodeResend(content.body)).toEqual({ kind: 'answered', envelopeIds: [envelopeIdOf(5)] })

  const asker = storeWithContact(2)
  asker.transaction(() => {
    const row = {
      envelopeId: envelopeIdOf(5),
      contactId: contactIdOf(2),
      envelope: new Uint8Array(1024),
      parkedAtMs: 1,
    }
    asker.inbox.park({ ...row, resendAtMs: 2 })
    resendOf(coreOf(asker)).onResend({
      contact: sampleContact(2),
      deviceId: deviceIdOf(2),
      content: resendContent('answered'),
    })
  })
  expect(asker.inbox.allParked()).toEqual([])
})

test('only a contact with neither a session nor anything on its way is greeted', () => {
  const store = storeWithContact(1)
  storeWithContact(2, {}, store)
  storeWithContact(3, {}, store)
  storeWithContact(4, { blocked: true }, store)
  store.transaction(() => {
    store.sessions.put(sampleSession(2, { contactId: contactIdOf(2), deviceId: deviceIdOf(2), current: true }))
    store.outbox.insert(sampleOutbox(3, { contactId: contactIdOf(3), deviceId: deviceIdOf(3) }))
  })
  const greeted: string[] = []
  new SessionRenewal(
    { store },
    { sendProfile: ({ contactId }) => greeted.push(contactId), reseal: () => undefined },
  ).greet()
  expect(greeted).toEqual([contactIdOf(1)])
})

test('a handshake of theirs seals what waited for a session, and nothing else', () => {
  const store = storeWithContact(1)
  store.transaction(() => {
    const place = { contactId: contactIdOf(1), deviceId: deviceIdOf(1) }
    store.outbox.insert(sampleOutbox(1, { ...place, envelope: null, envelopeId: null }))
    store.outbox.insert(sampleOutbox(2, { ...place, envelope: new Uint8Array(1024), envelopeId: envelopeIdOf(2) }))
  })
  const sealed: string[] = []
  new SessionRenewal(
    { store },
    { sendProfile: () => undefined, reseal: ({ messageId }) => sealed.push(messageId) },
  ).sealWaiting(contactIdOf(1))
  expect(sealed).toEqual([messageIdOf(1)])
})
