/** What comes from somebody who is blocked: nothing is kept and nothing is remembered, so that it can come after all. */

import { expect, test } from 'vitest'
import { createCrypto, selectBackend } from '../crypto/index.ts'
import { contactIdOf, sampleContact, sampleDevice } from '../ports/contract-tests/sample-records.ts'
import { systemClock } from '../runtime/system-clock.ts'
import { openIn } from '../storage/testing/store-files.ts'
import { temporaryFolder } from '../storage/testing/temporary-folder.ts'
import { ENVELOPE_VERSION } from '../../shared/wire/envelope.ts'
import { Incoming } from './incoming.ts'
import { localParty, makeAccount } from './identity.ts'
import { LiveSessions } from './live-sessions.ts'

const crypto = createCrypto(await selectBackend())

test.each(['direct', 'relay'] as const)(
  'an envelope of theirs is refused over %s and taken when it comes again after the unblock',
  async (kind) => {
    const { store } = openIn(temporaryFolder(), 'new')
    const contact = sampleContact(1, { blocked: true })
    const device = sampleDevice(1, 1)
    store.transaction(() => {
      store.contacts.insert(contact)
      store.contacts.setDevices(contactIdOf(1), [device])
    })
    const account = makeAccount(crypto, { name: 'Ada', recoveryKey: new Uint8Array(32), nowMs: 1 })
    const nothing = (): void => undefined
    const core = {
      ...{ store, crypto, clock: systemClock, emit: nothing, log: { info: nothing, warn: nothing } },
      ...{ sessions: new LiveSessions(), local: localParty(crypto, account) },
    }
    const refuse = (): null => null
    const incoming = new Incoming(core, {
      admission: { admitDevice: refuse, admitTaker: refuse },
      receipts: { committed: nothing },
      handlers: new Map(),
      ...{ onUnknown: nothing, onParked: nothing, onHeard: nothing, onSession: nothing },
    })
    const envelope = new Uint8Array(1024).fill(9)
    envelope.set([ENVELOPE_VERSION, 1, 2])
    const source =
      kind === 'relay' ? ({ kind, handle: contact.ownHandle } as const) : ({ kind, peerKey: device.peerKey } as const)

    expect(await incoming.receive(envelope, source)).toBe('refused')
    expect(store.inbox.allParked()).toEqual([])
    store.transaction(() => {
      store.contacts.update(contactIdOf(1), { blocked: false })
    })
    expect(await incoming.receive(envelope, source)).toBe('committed')
    expect(store.inbox.allParked()).toHaveLength(1)
  },
)
