/** A device's real store with contacts and sessions in it, and their other ends: for what goes on between services and store. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCrypto, encodeSession, encryptMessage, openHandshake, startSession } from '../crypto/index.ts'
import type { Backend, SessionState } from '../crypto/index.ts'
import { makeParty } from '../crypto/testing/devices.ts'
import type { TestParty } from '../crypto/testing/devices.ts'
import { contactIdOf, sampleContact } from '../ports/contract-tests/sample-records.ts'
import type { ContactRecord } from '../ports/store/records.ts'
import type { Core } from '../services/core.ts'
import { LiveSessions } from '../services/live-sessions.ts'
import { openProfile } from '../storage/profile.ts'

const HELLO = new TextEncoder().encode('hello')

export interface Peer {
  readonly contact: ContactRecord
  readonly party: TestParty
  /** Newest last, each answered once: what they send in one of them is a message. */
  readonly sessions: readonly SessionState[]
}

export interface StoreWithSessions {
  readonly core: Core
  readonly self: TestParty
  readonly peers: readonly Peer[]
  close(): Promise<void>
}

export async function storeWithSessions(
  backend: Backend,
  counts: { readonly contacts: number; readonly sessionsEach: number },
): Promise<StoreWithSessions> {
  const crypto = createCrypto(backend)
  const folder = await mkdtemp(join(tmpdir(), 'parley-sessions-'))
  const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now(), after: () => () => undefined }
  const keychain = { available: true, seal: (bytes: Uint8Array) => Promise.resolve(bytes), open: keep }
  const profile = openProfile({ profileDir: folder, keychain, sqliteBinding: null, crypto, clock })
  const store = await profile.create({ passphrase: null, recoveryKey: crypto.random(32) })
  const self = makeParty(crypto)
  const core: Core = {
    store,
    crypto,
    clock,
    log: { info: () => undefined, warn: () => undefined },
    emit: () => undefined,
    sessions: new LiveSessions(),
    local: self.local,
  }
  const peers = store.transaction(() =>
    Array.from({ length: counts.contacts }, (_, index) => addPeer(core, self, index + 1, counts.sessionsEach)),
  )
  return {
    core,
    self,
    peers,
    close: async () => {
      await profile.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function keep(bytes: Uint8Array): Promise<Uint8Array> {
  return Promise.resolve(bytes)
}

function addPeer(core: Core, self: TestParty, number: number, sessionCount: number): Peer {
  const { store, crypto } = core
  const party = makeParty(crypto)
  const contact = sampleContact(number)
  store.contacts.insert(contact)
  store.contacts.setDevices(contact.contactId, [{ contactId: contact.contactId, ...party.entry, addedAtMs: 1 }])
  const sessions = Array.from({ length: sessionCount }, (_, index) => {
    const remote = { account: party.local.account, device: party.entry }
    const own = startSession(crypto, self.local, remote, party.bundle, Date.now())
    const first = encryptMessage(crypto, own, HELLO)
    store.sessions.put({
      sessionId: own.sessionId,
      contactId: contactIdOf(number),
      deviceId: party.entry.deviceId,
      state: encodeSession(first.session),
      current: true,
      usedAtMs: index + 1,
    })
    return openHandshake(crypto, party.local, first.envelope, party.lookup, Date.now()).session
  })
  return { contact, party, sessions }
}
