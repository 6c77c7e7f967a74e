/** Attacks on what the store keeps of sessions, one test each, with the real store. docs/threat-model.md, "Attacks". */

import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  createCrypto,
  decodePrekeyBundle,
  decodeSession,
  selectBackend,
  startSession,
  encryptMessage,
} from '../crypto/index.ts'
import type { Crypto, PrekeyBundle, SessionState } from '../crypto/index.ts'
import { stepChain } from '../crypto/key-schedule.ts'
import { bytes, makeParty, outcomeOf, text, withBitFlipped } from '../crypto/testing/devices.ts'
import { repeatableRandom } from '../crypto/testing/repeatable-random.ts'
import { sampleContact, sampleDevice } from '../ports/contract-tests/sample-records.ts'
import type { ContactRecord } from '../ports/store/records.ts'
import { openDatabase } from '../storage/database.ts'
import type { Sql } from '../storage/sql.ts'
import { createStore } from '../storage/store.ts'
import { temporaryFolder } from '../storage/testing/temporary-folder.ts'
import { MAX_ENVELOPE_BYTES, NONCE_BYTES, PREFIX_BYTES, SEALED_HEADER_BYTES } from '../../shared/wire/envelope.ts'
import type { DeviceId } from '../../shared/model/ids.ts'
import type { Core } from './core.ts'
import { LiveSessions } from './live-sessions.ts'
import { PrekeyStock } from './prekey-stock.ts'
import { adoptSession, openEnvelope, sealForDevice } from './session-box.ts'

const backend = await selectBackend()

/** A device with a store of its own, and the other one as its only contact. */
class Person {
  readonly core: Core
  readonly stock: PrekeyStock
  readonly party: ReturnType<typeof makeParty>
  readonly contact: ContactRecord = sampleContact(1)
  readonly #sql: Sql
  /** Goes on by a second at each delivery. */
  #nowMs = 1_700_000_000_000

  constructor(crypto: Crypto) {
    const path = join(temporaryFolder(), 'store.db')
    this.#sql = openDatabase({ path, key: new Uint8Array(32).fill(7), nativeBinding: null, mode: 'new' })
    const clock = { nowMs: () => this.#nowMs, monotonicMs: () => 0, after: () => () => undefined }
    const store = createStore(this.#sql, { clock })
    onTestFinished(() => {
      store.close()
    })
    this.party = makeParty(crypto)
    const nothing = (): void => undefined
    this.core = {
      store,
      crypto,
      clock,
      log: { info: nothing, warn: nothing },
      emit: nothing,
      sessions: new LiveSessions(),
      local: this.party.local,
    }
    this.stock = new PrekeyStock(this.core)
    store.transaction(() => {
      store.contacts.insert(this.contact)
    })
  }

  /** Every row of every table. */
  get dump(): string {
    const names = this.#sql.query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all()
    return JSON.stringify(names.map(([name]) => [name, this.rows(String(name))]))
  }

  rows(table: string): readonly unknown[] {
    return this.#sql.query(`SELECT * FROM "${table}"`).all()
  }

  start(to: Person, bundle: PrekeyBundle): void {
    const { core, contact } = this
    const remote = { account: to.party.local.account, device: to.party.entry }
    const session = startSession(core.crypto, core.local, remote, bundle, this.#nowMs)
    this.adopt(to, session)
    expect(core.store.sessions.ofContact(contact.contactId)[0]?.sessionId).toEqual(session.sessionId)
  }

  adopt(to: Person, session: SessionState): void {
    this.core.store.transaction(() => {
      adoptSession(this.core, this.contact.contactId, to.deviceId, session)
    })
  }

  get deviceId(): DeviceId {
    return this.party.entry.deviceId
  }

  session(to: Person): SessionState {
    const record = this.core.store.sessions.current(to.deviceId)
    if (record === null) throw new Error('no session')
    return decodeSession(record.state)
  }

  send(to: Person, content: string): Uint8Array {
    const { core, contact } = this
    const envelope = core.store.transaction(() => sealForDevice(core, contact.contactId, to.deviceId, bytes(content)))
    if (envelope === null) throw new Error('no session')
    return envelope
  }

  /** What an honest device does not do: a session without an answer for 5,000 messages seals no more. */
  sendOnAndOn(to: Person, content: string): Uint8Array {
    const { session, envelope } = encryptMessage(this.core.crypto, this.session(to), bytes(content))
    this.adopt(to, session)
    return envelope
  }

  /** Null: refused. */
  receive(envelope: Uint8Array): string | null {
    const { core, contact } = this
    this.#nowMs += 1_000
    return core.store.transaction(() => {
      const opened = openEnvelope(core, contact, envelope)
      opened?.persist(contact.contactId)
      return opened === null ? null : text(opened.plaintext)
    })
  }
}

function twoPeople(seed: string): { readonly c: Crypto; readonly alice: Person; readonly bob: Person } {
  const c = createCrypto(backend, repeatableRandom(seed))
  return { c, alice: new Person(c), bob: new Person(c) }
}

function oneTimeBundle(person: Person): PrekeyBundle {
  const [bundle] = person.stock.takeBundles(1)
  if (bundle === undefined) throw new Error('no bundle')
  return decodePrekeyBundle(bundle)
}

/** Both have spoken. */
function talking(seed: string) {
  const people = twoPeople(seed)
  const { alice, bob } = people
  alice.start(bob, oneTimeBundle(bob))
  const handshake = alice.send(bob, 'first')
  expect(bob.receive(handshake)).toBe('first')
  expect(alice.receive(bob.send(alice, 'hi'))).toBe('hi')
  return { ...people, handshake }
}

/** As if `count` messages to `to` had been sealed and lost. */
function loseMessages(c: Crypto, from: Person, to: Person, count: number): void {
  const session = from.session(to)
  let sendingChain = session.sendingChain ?? new Uint8Array()
  for (let sent = 0; sent < count; sent++) sendingChain = stepChain(c, sendingChain).chainKey
  from.adopt(to, { ...session, sendingChain, sendingNumber: session.sendingNumber + count })
}

test('of 10,001 skipped keys the oldest goes, and its message stays closed', () => {
  const { c, alice, bob } = talking('10,001 skipped keys')
  const [oldest, second] = [alice.send(bob, 'oldest'), alice.send(bob, 'second')]
  loseMessages(c, alice, bob, 9_998)
  expect(bob.receive(alice.sendOnAndOn(bob, 'after 10,000'))).toBe('after 10,000')
  expect(bob.rows('skipped_keys')).toHaveLength(10_000)
  const newest = alice.sendOnAndOn(bob, 'newest')
  expect(bob.receive(alice.sendOnAndOn(bob, 'after one more'))).toBe('after one more')
  expect(bob.rows('skipped_keys')).toHaveLength(10_000)
  expect(bob.receive(oldest)).toBeNull()
  expect([bob.receive(second), bob.receive(newest)]).toEqual(['second', 'newest'])
  expect(bob.rows('skipped_keys')).toHaveLength(9_998)
})

describe('last resort', () => {
  test('replay of a handshake with the last-resort prekey is refused by its remembered base key, the session gone too', () => {
    const { alice, bob } = twoPeople('last-resort replay')
    alice.start(bob, decodePrekeyBundle(bob.stock.lastResortBundle()))
    const handshake = alice.send(bob, 'once')
    expect(bob.receive(handshake)).toBe('once')
    expect(bob.receive(handshake)).toBeNull()
    const { store } = bob.core
    // A device that is gone takes its sessions along.
    const device = { ...sampleDevice(1, 1), deviceId: alice.deviceId }
    for (const devices of [[device], []]) {
      store.transaction(() => {
        store.contacts.setDevices(bob.contact.contactId, devices)
      })
    }
    expect(bob.rows('sessions')).toEqual([])
    const before = bob.dump
    expect(bob.receive(handshake)).toBeNull()
    expect(bob.dump).toBe(before)
  })

  test('prekey exhaustion: with all one-time prekeys gone the last resort opens sessions, each its own', () => {
    const { alice, bob } = twoPeople('exhaustion')
    const { store } = bob.core
    const bundles = bob.stock.takeBundles(3).map((bundle) => decodePrekeyBundle(bundle))
    const last = decodePrekeyBundle(bob.stock.lastResortBundle())
    for (const bundle of bundles) {
      alice.start(bob, bundle)
      expect(bob.receive(alice.send(bob, 'with a one-time prekey'))).toBe('with a one-time prekey')
      expect(store.prekeys.get('one-time', bundle.oneTime?.id ?? 0)).toBeNull()
      expect(store.prekeys.get('kem-one-time', bundle.kem.id)).toBeNull()
    }
    const ids: Uint8Array[] = []
    for (const content of ['one', 'two']) {
      alice.start(bob, last)
      ids.push(alice.session(bob).sessionId)
      expect(bob.receive(alice.send(bob, content))).toBe(content)
      expect(alice.receive(bob.send(alice, `${content} answered`))).toBe(`${content} answered`)
    }
    expect(ids[0]).not.toEqual(ids[1])
    expect(store.prekeys.get('kem-last-resort', last.kem.id)).not.toBeNull()
  })
})

test('a handshake to prekeys that are unknown or spent opens nothing and changes nothing', () => {
  const { alice, bob } = twoPeople('unknown prekeys')
  const good = oneTimeBundle(bob)
  const { oneTime } = good
  if (oneTime === null) throw new Error('a one-time prekey')
  const before = bob.dump
  for (const bundle of [
    { ...good, signed: { ...good.signed, id: 999 } },
    { ...good, kem: { ...good.kem, id: 999 } },
    { ...good, oneTime: { ...oneTime, id: 999 } },
  ]) {
    alice.start(bob, bundle)
    expect(bob.receive(alice.send(bob, 'hello'))).toBeNull()
    expect(bob.dump).toBe(before)
  }
  alice.start(bob, good)
  expect(bob.receive(alice.send(bob, 'hello'))).toBe('hello')
  const after = bob.dump
  alice.start(bob, good)
  expect(bob.receive(alice.send(bob, 'spent'))).toBeNull()
  expect(bob.dump).toBe(after)
})

test('whatever does not open leaves every row of every table as it was', () => {
  const { c, alice, bob, handshake } = talking('refusals')
  const others = talking('others')
  const [late, seen] = [alice.send(bob, 'late'), alice.send(bob, 'seen')]
  bob.receive(seen)
  bob.receive(late)
  const envelope = alice.send(bob, 'not delivered')
  const before = alice.session(bob)
  loseMessages(c, alice, bob, 10_001)
  const tooFar = alice.sendOnAndOn(bob, 'too far')
  alice.adopt(bob, before)
  const bodyAt = PREFIX_BYTES + SEALED_HEADER_BYTES + NONCE_BYTES
  const with0 = (at: number, value: number): Uint8Array => envelope.map((byte, index) => (index === at ? value : byte))
  const refusals: Readonly<Record<string, readonly [Uint8Array, string | null]>> = {
    'a replay of the chain': [seen, null],
    'a replay of a late message': [late, null],
    'a replayed handshake': [handshake, null],
    'a changed header': [withBitFlipped(envelope, 8 * PREFIX_BYTES), null],
    'a changed nonce': [withBitFlipped(envelope, 8 * (bodyAt - 1)), null],
    'a changed body': [withBitFlipped(envelope, 8 * bodyAt), null],
    'a changed handshake': [withBitFlipped(handshake, 8 * (PREFIX_BYTES + 40)), null],
    'a jump too far': [tooFar, null],
    'a message to another': [others.alice.send(others.bob, 'x'), null],
    'its own message': [bob.send(alice, 'own'), null],
    'another suite': [with0(1, 0), 'unsupported-version'],
    'another version': [with0(0, 2), 'unsupported-version'],
    'another kind': [with0(2, 4), 'malformed'],
    'an ephemeral envelope': [with0(2, 3), null],
    'a cut envelope': [envelope.slice(0, -1), 'malformed'],
    'a size that is none': [new Uint8Array(MAX_ENVELOPE_BYTES + 1), 'too-large'],
  }
  const dump = bob.dump
  for (const [what, [refused, code]] of Object.entries(refusals)) {
    let opened: string | null = null
    const outcome = outcomeOf(() => {
      opened = bob.receive(refused)
    })
    expect([opened, outcome], what).toEqual([null, code ?? 'accepted'])
    expect(bob.dump, what).toBe(dump)
  }
  expect(bob.receive(envelope)).toBe('not delivered')
  expect(bob.dump).not.toBe(dump)
})
