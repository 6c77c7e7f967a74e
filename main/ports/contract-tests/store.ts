/** What every store must do, whatever it keeps its rows in. */

import { beforeEach, describe, expect, test } from 'vitest'
import { DEFAULT_SETTINGS } from '../../../shared/model/settings.ts'
import { isParleyError } from '../../../shared/errors.ts'
import type { Store } from '../store/store.ts'
import {
  blobIdOf,
  chatIdOf,
  contactIdOf,
  deviceIdOf,
  envelopeIdOf,
  inviteIdOf,
  messageIdOf,
  orderKeyOf,
  relayIdOf,
  accountIdOf,
  sampleAccount,
  sampleAttachment,
  sampleBytes,
  sampleChat,
  sampleContact,
  sampleDeposit,
  sampleDevice,
  sampleInvite,
  sampleMessage,
  sampleOutbox,
  samplePrekey,
  sampleRelay,
  sampleSession,
  theirMessage,
} from './sample-records.ts'

export interface StoreUnderTest {
  /** An empty store, closed when the test ends. */
  makeStore(): Store
  /** What the store's clock says. */
  readonly nowMs: number
}

export function storeContract(name: string, subject: StoreUnderTest): void {
  describe(`the store contract: ${name}`, () => {
    let store: Store
    const write = (body: () => void): void => {
      store.transaction(body)
    }
    beforeEach(() => {
      store = subject.makeStore()
      write(() => {
        for (const number of [1, 2]) {
          store.contacts.insert(sampleContact(number))
          store.chats.insert(sampleChat(number))
        }
        store.contacts.setDevices(contactIdOf(1), [sampleDevice(1, 1)])
      })
    })
    const suite: Suite = { store: () => store, write, nowMs: subject.nowMs }
    describe('transactions', () => transactions(suite))
    describe('account and settings', () => accountAndSettings(suite))
    describe('contacts', () => contacts(suite))
    describe('sessions', () => sessions(suite))
    describe('prekeys', () => prekeys(suite))
    describe('chats and messages', () => messages(suite))
    describe('deleting', () => deleting(suite))
    describe('attachments', () => attachments(suite))
    describe('outbox', () => outbox(suite))
    describe('inbox', () => inbox(suite))
    describe('sweeping', () => sweeping(suite))
    describe('invites', () => invites(suite))
    describe('own relays', () => relays(suite))
  })
}

interface Suite {
  readonly store: () => Store
  readonly write: (body: () => void) => void
  readonly nowMs: number
}

function transactions({ store, write }: Suite): void {
  const rename = (name: string): void => {
    store().contacts.update(contactIdOf(1), { name })
  }
  const name = (): string | undefined => store().contacts.get(contactIdOf(1))?.name

  test('what the body returns comes back', () => {
    expect(store().transaction(() => 7)).toBe(7)
  })

  test('everything is undone when the body throws, and the error comes through', () => {
    const fail = (): void => {
      rename('changed')
      throw new RangeError('stop')
    }
    expect(() => store().transaction(fail)).toThrow(RangeError)
    expect(name()).toBe('Contact 1')
  })

  test('a nested transaction joins the outer one', () => {
    const fail = (): void => {
      store().transaction(() => rename('changed'))
      throw new Error('stop')
    }
    expect(() => store().transaction(fail)).toThrow('stop')
    expect(name()).toBe('Contact 1')
  })

  test('a nested transaction that throws is undone alone when the outer one goes on', () => {
    write(() => {
      rename('outer')
      const fail = (): void => {
        rename('inner')
        store().afterCommit(() => rename('from a callback of what was undone'))
        throw new Error('stop')
      }
      expect(() => store().transaction(fail)).toThrow('stop')
    })
    expect(name()).toBe('outer')
  })

  test('callbacks run after the outermost commit, in order, and see it', () => {
    const seen: (string | undefined)[] = []
    write(() => {
      store().transaction(() => {
        store().afterCommit(() => seen.push(`first ${name()}`))
      })
      store().afterCommit(() => seen.push('second'))
      rename('committed')
      expect(seen).toEqual([])
    })
    expect(seen).toEqual(['first committed', 'second'])
  })

  test('a callback may open the next transaction', () => {
    write(() => {
      store().afterCommit(() => write(() => rename('later')))
    })
    expect(name()).toBe('later')
  })

  test('callbacks of what was undone never run', () => {
    let ran = false
    const fail = (): void => {
      store().afterCommit(() => (ran = true))
      throw new Error('stop')
    }
    expect(() => store().transaction(fail)).toThrow('stop')
    write(() => rename('next'))
    expect(ran).toBe(false)
  })

  test('nothing is written outside a transaction', () => {
    expect(() => rename('changed')).toThrow('transaction')
    expect(name()).toBe('Contact 1')
  })

  test('a body that would wait is refused and undone', () => {
    const wait = async (): Promise<void> => {
      rename('changed')
    }
    expect(() => store().transaction(wait)).toThrow('wait')
    expect(name()).toBe('Contact 1')
  })
}

function accountAndSettings({ store, write }: Suite): void {
  test('the account comes back as it was put, and changes field by field', () => {
    expect(store().account.get()).toBeNull()
    write(() => store().account.put(sampleAccount()))
    expect(store().account.get()).toStrictEqual(sampleAccount())
    write(() => store().account.update({ name: 'Ada L.', recoverySaved: true }))
    expect(store().account.get()).toStrictEqual(sampleAccount({ name: 'Ada L.', recoverySaved: true }))
  })

  test('there is one account: the second one takes the place of the first', () => {
    write(() => store().account.put(sampleAccount()))
    write(() => store().account.put(sampleAccount({ accountId: accountIdOf(5) })))
    expect(store().account.get()?.accountId).toBe(accountIdOf(5))
  })

  test('settings start at their defaults and keep what was chosen', () => {
    expect(store().settings.get()).toStrictEqual(DEFAULT_SETTINGS)
    const chosen = { ...DEFAULT_SETTINGS, theme: 'dark' as const, hideAddress: true }
    write(() => store().settings.put(chosen))
    expect(store().settings.get()).toStrictEqual(chosen)
  })

  test('the clock starts at zero and keeps what was put', () => {
    expect(store().settings.clock()).toStrictEqual({ ms: 0, counter: 0 })
    write(() => store().settings.putClock({ ms: 1_700_000_000_123, counter: 9 }))
    expect(store().settings.clock()).toStrictEqual({ ms: 1_700_000_000_123, counter: 9 })
  })
}

function contacts({ store, write }: Suite): void {
  test('a contact is found by id, account, handle and the key of a device', () => {
    const { contacts: repository } = store()
    const contact = sampleContact(1)
    expect(repository.list()).toStrictEqual([contact, sampleContact(2)])
    expect(repository.get(contactIdOf(1))).toStrictEqual(contact)
    expect(repository.byAccount(accountIdOf(1))).toStrictEqual(contact)
    expect(repository.byHandle(contact.ownHandle)).toStrictEqual(contact)
    expect(repository.byPeerKey(sampleDevice(1, 1).peerKey)).toStrictEqual(contact)
  })

  test('what is not there is null', () => {
    const { contacts: repository } = store()
    expect(repository.get(contactIdOf(9))).toBeNull()
    expect(repository.byAccount(accountIdOf(9))).toBeNull()
    expect(repository.byHandle(sampleBytes(33, 9, 4))).toBeNull()
    expect(repository.byPeerKey(sampleBytes(34, 9))).toBeNull()
  })

  test('a patch changes its fields and no others', () => {
    write(() => store().contacts.update(contactIdOf(1), { alias: 'Countess', lastSeenAtMs: 5, blocked: true }))
    const changed = sampleContact(1, { alias: 'Countess', lastSeenAtMs: 5, blocked: true })
    expect(store().contacts.get(contactIdOf(1))).toStrictEqual(changed)
    write(() => store().contacts.update(contactIdOf(1), { lastSeenAtMs: null }))
    expect(store().contacts.get(contactIdOf(1))?.lastSeenAtMs).toBeNull()
    expect(store().contacts.get(contactIdOf(2))).toStrictEqual(sampleContact(2))
  })

  test('a compared key, who replaced whom and an outdated list stay until they are taken back', () => {
    const compared = {
      verifiedKey: accountIdOf(1),
      verifiedAtMs: 7,
      replacedBy: contactIdOf(2),
      olderListVersion: 3,
    }
    write(() => store().contacts.update(contactIdOf(1), compared))
    expect(store().contacts.get(contactIdOf(1))).toStrictEqual(sampleContact(1, compared))
    const taken = { verifiedKey: null, verifiedAtMs: null, replacedBy: null, olderListVersion: null }
    write(() => store().contacts.update(contactIdOf(1), taken))
    expect(store().contacts.get(contactIdOf(1))).toStrictEqual(sampleContact(1))
  })

  test('who claims the key of somebody else’s device does not become them', () => {
    write(() => store().contacts.setDevices(contactIdOf(2), [{ ...sampleDevice(2, 2), peerKey: sampleBytes(34, 1) }]))
    expect(store().contacts.byPeerKey(sampleBytes(34, 1))?.contactId).toBe(contactIdOf(1))
  })

  test('devices that are gone take their sessions and outbox rows with them', () => {
    write(() => {
      store().contacts.setDevices(contactIdOf(1), [sampleDevice(1, 1), sampleDevice(1, 2)])
      store().sessions.put(sampleSession(1))
      store().sessions.put(sampleSession(2, { deviceId: deviceIdOf(2) }))
      store().outbox.insert(sampleOutbox(1))
      store().outbox.insert(sampleOutbox(1, { deviceId: deviceIdOf(2) }))
    })
    write(() => store().contacts.setDevices(contactIdOf(1), [sampleDevice(1, 2), sampleDevice(1, 3)]))
    expect(store().contacts.devices(contactIdOf(1))).toStrictEqual([sampleDevice(1, 2), sampleDevice(1, 3)])
    expect(store().sessions.current(deviceIdOf(1))).toBeNull()
    expect(store().sessions.current(deviceIdOf(2))).toStrictEqual(sampleSession(2, { deviceId: deviceIdOf(2) }))
    expect(store().outbox.ofDevice(deviceIdOf(1))).toEqual([])
    expect(store().outbox.ofDevice(deviceIdOf(2))).toHaveLength(1)
  })
}

function sessions({ store, write }: Suite): void {
  const put = (number: number, patch: Parameters<typeof sampleSession>[1] = {}): void => {
    write(() => store().sessions.put(sampleSession(number, patch)))
  }
  const key = (session: number, messageNumber: number) => ({
    headerKeyId: sampleBytes(60, session),
    messageNumber,
    key: sampleBytes(61, messageNumber),
  })

  test('a new current session demotes the one before', () => {
    put(1)
    put(2)
    expect(store().sessions.current(deviceIdOf(1))).toStrictEqual(sampleSession(2))
    expect(store().sessions.ofContact(contactIdOf(1))).toStrictEqual([
      sampleSession(2),
      sampleSession(1, { current: false }),
    ])
  })

  test('one that is used again is current again, and its keys stay', () => {
    put(1)
    put(2)
    write(() => store().sessions.putSkipped(sampleSession(1).sessionId, [key(1, 4)], 1))
    put(1, { usedAtMs: 9_000, state: sampleBytes(38, 99, 700) })
    expect(store().sessions.current(deviceIdOf(1))?.sessionId).toEqual(sampleSession(1).sessionId)
    expect(store().sessions.current(deviceIdOf(1))?.state).toEqual(sampleBytes(38, 99, 700))
    expect(store().sessions.skippedKey(sampleBytes(60, 1), 4)).toStrictEqual(key(1, 4))
  })

  test('five others are kept; the oldest beyond goes with its skipped keys', () => {
    put(1)
    write(() => store().sessions.putSkipped(sampleSession(1).sessionId, [key(1, 1)], 1))
    for (const number of [2, 3, 4, 5, 6]) put(number)
    expect(store().sessions.ofContact(contactIdOf(1))).toHaveLength(6)
    put(7)
    const kept = store()
      .sessions.ofContact(contactIdOf(1))
      .map((session) => session.sessionId)
    expect(kept).toEqual([7, 6, 5, 4, 3, 2].map((number) => sampleSession(number).sessionId))
    expect(store().sessions.skippedKey(sampleBytes(60, 1), 1)).toBeNull()
  })

  test('devices do not push out each other’s sessions', () => {
    for (const number of [1, 2, 3, 4, 5, 6]) put(number)
    put(10, { deviceId: deviceIdOf(2) })
    expect(store().sessions.ofContact(contactIdOf(1))).toHaveLength(7)
    expect(store().sessions.current(deviceIdOf(1))?.sessionId).toEqual(sampleSession(6).sessionId)
  })

  test('skipped keys are found by header key and number, and used once', () => {
    put(1)
    const { sessionId } = sampleSession(1)
    write(() => store().sessions.putSkipped(sessionId, [key(1, 1), key(1, 2), key(2, 1)], 1))
    expect(store().sessions.skippedHeaderKeys(sessionId)).toEqual([sampleBytes(60, 1), sampleBytes(60, 2)])
    write(() => store().sessions.deleteSkipped(sampleBytes(60, 2), 1))
    expect(store().sessions.skippedKey(sampleBytes(60, 2), 1)).toBeNull()
    expect(store().sessions.skippedHeaderKeys(sessionId)).toEqual([sampleBytes(60, 1)])
    expect(store().sessions.skippedHeaderKeys(sampleBytes(37, 9))).toEqual([])
  })

  test('of more than 10,000 skipped keys of a session the oldest go', () => {
    put(1)
    const many = Array.from({ length: 10_000 }, (_, index) => key(1, index))
    write(() => {
      store().sessions.putSkipped(sampleSession(1).sessionId, many, 1)
      store().sessions.putSkipped(sampleSession(1).sessionId, [key(2, 0), key(2, 1)], 2)
    })
    expect(store().sessions.skippedKey(sampleBytes(60, 2), 1)).not.toBeNull()
    expect(store().sessions.skippedKey(sampleBytes(60, 1), 0)).toBeNull()
    expect(store().sessions.skippedKey(sampleBytes(60, 1), 1)).toBeNull()
    expect(store().sessions.skippedKey(sampleBytes(60, 1), 2)).not.toBeNull()
  })

  test('a base key is new once', () => {
    write(() => {
      expect(store().sessions.rememberBaseKey(sampleBytes(62, 1), 1)).toBe(true)
      expect(store().sessions.rememberBaseKey(sampleBytes(62, 1), 2)).toBe(false)
      expect(store().sessions.rememberBaseKey(sampleBytes(62, 2), 2)).toBe(true)
    })
  })
}

function prekeys({ store, write }: Suite): void {
  test('ids are consecutive and never repeat, also after deletion', () => {
    write(() => {
      const first = store().prekeys.reserveIds(100)
      store().prekeys.insert([samplePrekey(first)])
      store().prekeys.delete('one-time', first)
      expect(store().prekeys.reserveIds(1)).toBe(first + 100)
      expect(store().prekeys.reserveIds(1)).toBe(first + 101)
    })
  })

  test('the same id under two kinds is two prekeys', () => {
    const kem = samplePrekey(5, { kind: 'kem-one-time', secret: sampleBytes(39, 5, 2400) })
    write(() => store().prekeys.insert([samplePrekey(5), kem]))
    expect(store().prekeys.get('one-time', 5)).toStrictEqual(samplePrekey(5))
    expect(store().prekeys.get('kem-one-time', 5)).toStrictEqual(kem)
    expect(store().prekeys.get('signed', 5)).toBeNull()
  })

  test('the newest of a kind is the one with the highest id', () => {
    expect(store().prekeys.newest('signed')).toBeNull()
    write(() => store().prekeys.insert([2, 10, 9].map((id) => samplePrekey(id, { kind: 'signed' }))))
    expect(store().prekeys.newest('signed')?.prekeyId).toBe(10)
    expect(store().prekeys.newest('kem-last-resort')).toBeNull()
  })
}

function messages({ store, write }: Suite): void {
  const insert = (...records: ReturnType<typeof sampleMessage>[]): void => {
    write(() => {
      for (const record of records) expect(store().messages.insert(record)).toBe(true)
    })
  }

  test('every kind of message comes back as it was put', () => {
    const records = [
      sampleMessage(1),
      theirMessage(2, { late: true, readAtMs: 77 }),
      sampleMessage(3, { body: { kind: 'file', caption: 'our garden', blobId: blobIdOf(3) }, failure: 'relay-full' }),
      sampleMessage(4, { body: { kind: 'event', json: '{"type":"chat-opened"}' }, status: null }),
      theirMessage(5, { body: { kind: 'unreadable', reason: 'newer-version' } }),
      theirMessage(6, { body: { kind: 'unreadable', reason: 'cannot-decrypt' } }),
      sampleMessage(7, { body: { kind: 'text', text: 'é🌻\u0000 ' + 'x'.repeat(65_000) }, status: 'failed' }),
    ]
    insert(...records)
    for (const record of records) expect(store().messages.get(record.messageId)).toStrictEqual(record)
    expect(store().messages.get(messageIdOf(99))).toBeNull()
  })

  test('an id that is there is refused and changes nothing', () => {
    insert(theirMessage(1))
    write(() => {
      expect(store().messages.insert(theirMessage(1, { body: { kind: 'text', text: 'again' } }))).toBe(false)
      expect(store().messages.insert(sampleMessage(1, { chatId: chatIdOf(2) }))).toBe(false)
    })
    expect(store().messages.get(messageIdOf(1))).toStrictEqual(theirMessage(1))
  })

  test('a patch changes its fields and no others', () => {
    insert(sampleMessage(1), sampleMessage(2))
    const patch = { status: 'held' as const, body: { kind: 'file' as const, caption: '', blobId: blobIdOf(1) } }
    write(() => store().messages.update(messageIdOf(1), patch))
    expect(store().messages.get(messageIdOf(1))).toStrictEqual(sampleMessage(1, patch))
    expect(store().messages.get(messageIdOf(2))).toStrictEqual(sampleMessage(2))
  })

  test('pages go back in order, oldest first, each chat for itself', () => {
    insert(...[5, 1, 4, 2, 3].map((number) => sampleMessage(number)))
    insert(sampleMessage(9, { chatId: chatIdOf(2) }))
    const page = (before: string | null, limit: number): string[] =>
      store()
        .messages.page(chatIdOf(1), before, limit)
        .map((record) => record.messageId)
    expect(page(null, 2)).toEqual([messageIdOf(4), messageIdOf(5)])
    expect(page(orderKeyOf(4), 2)).toEqual([messageIdOf(2), messageIdOf(3)])
    expect(page(orderKeyOf(2), 2)).toEqual([messageIdOf(1)])
    expect(page(orderKeyOf(1), 2)).toEqual([])
  })

  test('an order key that is none is a bad request', () => {
    const codes = ['', 'zz', orderKeyOf(1).toUpperCase(), `${orderKeyOf(1)}00`].map((before) => {
      try {
        return store().messages.page(chatIdOf(1), before, 1)
      } catch (error) {
        return isParleyError(error) ? error.code : error
      }
    })
    expect(new Set(codes)).toEqual(new Set(['bad-request']))
  })

  test('what is unread counts for its chat until it is read', () => {
    insert(theirMessage(1), sampleMessage(2), theirMessage(3), theirMessage(4, { readAtMs: 5 }))
    expect(store().messages.unread(chatIdOf(1))).toStrictEqual([theirMessage(1), theirMessage(3)])
    expect(store().chats.unreadCount(chatIdOf(1))).toBe(2)
    expect(store().chats.unreadCount(chatIdOf(2))).toBe(0)
    expect(store().chats.unreadChatCount()).toBe(1)
    write(() => {
      for (const number of [1, 3]) store().messages.update(messageIdOf(number), { readAtMs: 6 })
    })
    expect(store().chats.unreadCount(chatIdOf(1))).toBe(0)
    expect(store().chats.unreadChatCount()).toBe(0)
  })

  test('undelivered are the own ones on their way to that contact', () => {
    insert(
      sampleMessage(1, { status: 'held' }),
      sampleMessage(2),
      sampleMessage(3, { status: 'delivered' }),
      sampleMessage(4, { status: 'failed' }),
      theirMessage(5),
      sampleMessage(6, { chatId: chatIdOf(2) }),
    )
    const undelivered = store()
      .messages.undelivered(contactIdOf(1))
      .map((record) => record.messageId)
    expect(undelivered).toEqual([messageIdOf(1), messageIdOf(2)])
  })

  test('the last message of a chat is the one that sorts last', () => {
    insert(sampleMessage(8), sampleMessage(3))
    expect(store().chats.lastMessage(chatIdOf(1))?.messageId).toBe(messageIdOf(8))
    expect(store().chats.lastMessage(chatIdOf(2))).toBeNull()
  })

  test('chats come with the latest activity first and change field by field', () => {
    expect(store().chats.list()).toStrictEqual([sampleChat(2), sampleChat(1)])
    write(() => store().chats.update(chatIdOf(1), { lastActivityAtMs: 9_000, draft: 'hel', hidden: true }))
    const changed = sampleChat(1, { lastActivityAtMs: 9_000, draft: 'hel', hidden: true })
    expect(store().chats.list()).toStrictEqual([changed, sampleChat(2)])
    expect(store().chats.get(chatIdOf(1))).toStrictEqual(changed)
    expect(store().chats.ofContact(contactIdOf(1))).toStrictEqual(changed)
    expect(store().chats.ofContact(contactIdOf(9))).toBeNull()
  })

  test('a chat that is joined to another leaves its messages there, in their places, and its contact', () => {
    write(() => {
      store().messages.insert(sampleMessage(1, { orderKey: orderKeyOf(1) }))
      store().messages.insert(theirMessage(2, { orderKey: orderKeyOf(3) }))
      store().messages.insert(
        theirMessage(3, { chatId: chatIdOf(2), authorId: contactIdOf(2), orderKey: orderKeyOf(2) }),
      )
      store().chats.update(chatIdOf(1), { draft: 'half a sent' })
      store().chats.join(chatIdOf(2), chatIdOf(1))
    })
    const page = store().messages.page(chatIdOf(1), null, 10)
    expect(page.map(({ messageId }) => messageId)).toEqual([1, 3, 2].map(messageIdOf))
    expect(page.map(({ authorId }) => authorId)).toEqual([null, contactIdOf(2), contactIdOf(1)])
    expect(store().messages.page(chatIdOf(2), null, 10)).toEqual([])
    expect(store().chats.ofContact(contactIdOf(2))).toStrictEqual(
      sampleChat(1, { contactId: contactIdOf(2), draft: 'half a sent' }),
    )
    expect(store().chats.ofContact(contactIdOf(1))).toStrictEqual(sampleChat(2, { contactId: contactIdOf(1) }))
    expect(
      store()
        .messages.undelivered(contactIdOf(2))
        .map(({ messageId }) => messageId),
    ).toEqual([messageIdOf(1)])
  })

  test('the first commit of a device counts', () => {
    write(() => {
      store().messages.recordCommit(messageIdOf(1), deviceIdOf(2), 20)
      store().messages.recordCommit(messageIdOf(1), deviceIdOf(1), 10)
      store().messages.recordCommit(messageIdOf(1), deviceIdOf(1), 30)
    })
    expect(store().messages.commits(messageIdOf(1))).toStrictEqual([
      { deviceId: deviceIdOf(1), committedAtMs: 10 },
      { deviceId: deviceIdOf(2), committedAtMs: 20 },
    ])
  })
}

function deleting({ store, write, nowMs }: Suite): void {
  beforeEach(() => {
    write(() => {
      for (const number of [1, 2]) {
        store().messages.insert(sampleMessage(number))
        store().attachments.insert(sampleAttachment(number))
        store().outbox.insert(sampleOutbox(number))
        store().outbox.putDeposit(sampleDeposit(number))
        store().messages.recordCommit(messageIdOf(number), deviceIdOf(1), 1)
      }
      store().messages.insert(sampleMessage(3, { chatId: chatIdOf(2) }))
    })
  })
  const left = (number: number): unknown[] => [
    store().messages.get(messageIdOf(number)),
    store().attachments.ofMessage(messageIdOf(number)),
    ...store().outbox.ofMessage(messageIdOf(number)),
    ...store().outbox.deposits(messageIdOf(number)),
    ...store().messages.commits(messageIdOf(number)),
  ]

  test('a message goes with everything that hangs on it', () => {
    expect(store().transaction(() => store().messages.delete(messageIdOf(1)))).toEqual([blobIdOf(1)])
    expect(left(1)).toEqual([null, null])
    expect(left(2)).toHaveLength(5)
    expect(store().messages.get(messageIdOf(2))).not.toBeNull()
  })

  test('a copy of a deleted message stays out, until its tombstone is swept', () => {
    write(() => store().messages.delete(messageIdOf(1)))
    expect(store().transaction(() => store().messages.insert(sampleMessage(1)))).toBe(false)
    write(() => store().inbox.sweep(nowMs))
    expect(store().transaction(() => store().messages.insert(sampleMessage(1)))).toBe(false)
    write(() => store().inbox.sweep(nowMs + 1))
    expect(store().transaction(() => store().messages.insert(sampleMessage(1)))).toBe(true)
  })

  test('a chat empties, and only it', () => {
    const blobs = store().transaction(() => store().messages.deleteChat(chatIdOf(1)))
    expect(blobs).toEqual([blobIdOf(1), blobIdOf(2)])
    expect(store().messages.page(chatIdOf(1), null, 10)).toEqual([])
    expect([left(1), left(2)]).toEqual([
      [null, null],
      [null, null],
    ])
    expect(store().messages.page(chatIdOf(2), null, 10)).toHaveLength(1)
    expect(store().chats.get(chatIdOf(1))).not.toBeNull()
    expect(store().transaction(() => store().messages.insert(sampleMessage(2)))).toBe(false)
  })

  test('deleting what is not there is no error', () => {
    expect(store().transaction(() => store().messages.delete(messageIdOf(50)))).toEqual([])
  })
}

function attachments({ store, write }: Suite): void {
  test('an attachment comes back as it was put, with and without a photo', () => {
    const file = sampleAttachment(2, { photo: null, name: 'notes.pdf', failure: 'file-damaged', state: 'failed' })
    write(() => {
      store().attachments.insert(sampleAttachment(1))
      store().attachments.insert(file)
    })
    expect(store().attachments.get(blobIdOf(1))).toStrictEqual(sampleAttachment(1))
    expect(store().attachments.ofMessage(messageIdOf(2))).toStrictEqual(file)
    expect(store().attachments.get(blobIdOf(9))).toBeNull()
  })

  test('a patch changes its fields and no others', () => {
    write(() => store().attachments.insert(sampleAttachment(1)))
    write(() => store().attachments.update(blobIdOf(1), { state: 'partial', doneBytes: 500 }))
    expect(store().attachments.get(blobIdOf(1))).toStrictEqual(
      sampleAttachment(1, { state: 'partial', doneBytes: 500 }),
    )
    write(() => store().attachments.update(blobIdOf(1), { photo: null }))
    expect(store().attachments.get(blobIdOf(1))?.photo).toBeNull()
  })

  test('wanted are the incoming ones that may still arrive', () => {
    write(() => {
      store().attachments.insert(sampleAttachment(1))
      store().attachments.insert(sampleAttachment(2, { state: 'partial' }))
      store().attachments.insert(sampleAttachment(3, { state: 'here' }))
      store().attachments.insert(sampleAttachment(4, { state: 'failed' }))
      store().attachments.insert(sampleAttachment(5, { outgoing: true }))
    })
    const wanted = store().attachments.wanted()
    expect(new Set(wanted.map((record) => record.blobId))).toEqual(new Set([blobIdOf(1), blobIdOf(2)]))
  })
}

function outbox({ store, write }: Suite): void {
  test('rows keep their order for each device and never reuse an id', () => {
    const ids = store().transaction(() => {
      const [first, second] = [1, 2].map((number) => store().outbox.insert(sampleOutbox(number)))
      store().outbox.insert(sampleOutbox(1, { deviceId: deviceIdOf(2) }))
      return [first?.outboxId ?? 0, second?.outboxId ?? 0]
    })
    expect(
      store()
        .outbox.ofDevice(deviceIdOf(1))
        .map((row) => row.outboxId),
    ).toEqual(ids)
    expect(store().outbox.all()).toHaveLength(3)
    const last = store().outbox.all().at(-1)?.outboxId ?? 0
    write(() => store().outbox.delete(last))
    expect(store().transaction(() => store().outbox.insert(sampleOutbox(3)).outboxId)).toBeGreaterThan(last)
  })

  test('a row is sealed later, and found by its envelope', () => {
    const row = store().transaction(() => store().outbox.insert(sampleOutbox(1)))
    expect(row).toStrictEqual({ outboxId: row.outboxId, ...sampleOutbox(1) })
    const sealed = { envelope: sampleBytes(63, 1, 1024), envelopeId: envelopeIdOf(1) }
    write(() => store().outbox.update(row.outboxId, sealed))
    expect(store().outbox.byEnvelope(envelopeIdOf(1))).toStrictEqual({ ...row, ...sealed })
    write(() => store().outbox.update(row.outboxId, { envelope: null, envelopeId: null, directCommitted: true }))
    expect(store().outbox.byEnvelope(envelopeIdOf(1))).toBeNull()
    expect(store().outbox.ofMessage(messageIdOf(1))).toStrictEqual([{ ...row, directCommitted: true }])
  })

  test('a receipt ends the rows of that message to that device', () => {
    write(() => {
      store().outbox.insert(sampleOutbox(1))
      store().outbox.insert(sampleOutbox(1, { deviceId: deviceIdOf(2) }))
      store().outbox.insert(sampleOutbox(2))
    })
    write(() => store().outbox.deleteDelivered(messageIdOf(1), deviceIdOf(1)))
    expect(
      store()
        .outbox.all()
        .map((row) => [row.messageId, row.deviceId]),
    ).toEqual([
      [messageIdOf(1), deviceIdOf(2)],
      [messageIdOf(2), deviceIdOf(1)],
    ])
  })

  test('waiting are the own chat messages, each once; receipts and the like do not count', () => {
    write(() => {
      store().messages.insert(sampleMessage(1))
      store().outbox.insert(sampleOutbox(1))
      store().outbox.insert(sampleOutbox(1, { deviceId: deviceIdOf(2) }))
      store().outbox.insert(sampleOutbox(70))
    })
    expect(store().outbox.waitingCount()).toBe(1)
  })

  test('a relay’s newer receipt replaces the older; sealing anew forgets them', () => {
    const renewed = sampleDeposit(1, { heldAtMs: 9_000, envelopeId: envelopeIdOf(8) })
    const other = sampleDeposit(1, { relayId: relayIdOf(2), what: 'blob', envelopeId: null })
    const otherDevice = sampleDeposit(1, { deviceId: deviceIdOf(2) })
    write(() => {
      for (const deposit of [sampleDeposit(1), renewed, other, otherDevice]) store().outbox.putDeposit(deposit)
    })
    const deposits = store().outbox.deposits(messageIdOf(1))
    expect(deposits).toHaveLength(3)
    for (const deposit of [renewed, other, otherDevice]) expect(deposits).toContainEqual(deposit)
    write(() => store().outbox.forgetDeposits(messageIdOf(1), deviceIdOf(1)))
    expect(store().outbox.deposits(messageIdOf(1))).toStrictEqual([otherDevice])
  })
}

function parkedOf(number: number, contact = 1) {
  return {
    envelopeId: envelopeIdOf(number),
    contactId: contactIdOf(contact),
    envelope: sampleBytes(64, number, 100),
    parkedAtMs: 12_000 + number,
    resendAtMs: null,
  }
}

function inbox({ store, write }: Suite): void {
  test('what a parked envelope held is learnt when it opens', () => {
    expect(store().inbox.seen(envelopeIdOf(1))).toBeNull()
    const envelopeId = envelopeIdOf(1)
    write(() => store().inbox.markSeen({ envelopeId, contactId: null, messageId: null, atMs: 1 }))
    expect(store().inbox.seen(envelopeId)).toStrictEqual({ contactId: null, messageId: null })
    const opened = { contactId: contactIdOf(1), messageId: messageIdOf(1) }
    write(() => store().inbox.markSeen({ envelopeId, ...opened, atMs: 2 }))
    expect(store().inbox.seen(envelopeId)).toStrictEqual(opened)
  })

  test('parked rows wait in the order in which they came, and leave one by one', () => {
    write(() => {
      for (const number of [2, 1, 3]) store().inbox.park(parkedOf(number))
      store().inbox.park(parkedOf(4, 2))
      store().inbox.park({ ...parkedOf(1), parkedAtMs: 99_000 })
      store().inbox.updateParked(envelopeIdOf(2), { resendAtMs: 5 })
      store().inbox.unpark(envelopeIdOf(3))
    })
    expect(store().inbox.parked(contactIdOf(1))).toStrictEqual([parkedOf(1), { ...parkedOf(2), resendAtMs: 5 }])
    expect(store().inbox.allParked()).toHaveLength(3)
  })

  test('at most 1,000 are parked for a contact; the oldest goes', () => {
    write(() => {
      for (let number = 1; number <= 1_001; number += 1) store().inbox.park(parkedOf(number))
      store().inbox.park(parkedOf(5_000, 2))
    })
    const parked = store().inbox.parked(contactIdOf(1))
    expect(parked).toHaveLength(1_000)
    expect(parked[0]?.envelopeId).toBe(envelopeIdOf(2))
    expect(store().inbox.parked(contactIdOf(2))).toHaveLength(1)
  })
}

function sweeping({ store, write }: Suite): void {
  test('what is older goes, what is not stays', () => {
    write(() => {
      store().sessions.put(sampleSession(1))
      for (const [number, atMs] of [
        [1, 99],
        [2, 100],
      ] as const) {
        const key = { headerKeyId: sampleBytes(60, 1), messageNumber: number, key: sampleBytes(61, number) }
        store().sessions.putSkipped(sampleSession(1).sessionId, [key], atMs)
        store().inbox.markSeen({ envelopeId: envelopeIdOf(number), contactId: null, messageId: null, atMs })
        store().inbox.park({ ...parkedOf(number), parkedAtMs: atMs })
        store().outbox.putDeposit(sampleDeposit(number, { heldAtMs: atMs }))
      }
    })
    write(() => store().inbox.sweep(100))
    const left = [1, 2].map((number) => [
      store().sessions.skippedKey(sampleBytes(60, 1), number) !== null,
      store().inbox.seen(envelopeIdOf(number)) !== null,
      store()
        .inbox.allParked()
        .some((row) => row.envelopeId === envelopeIdOf(number)),
      store().outbox.deposits(messageIdOf(number)).length === 1,
    ])
    expect(left).toEqual([Array(4).fill(false), Array(4).fill(true)])
  })

  test('a signed prekey goes that long after it was replaced, never while it is the newest', () => {
    const signed = (prekeyId: number, createdAtMs: number) => samplePrekey(prekeyId, { kind: 'signed', createdAtMs })
    write(() => store().prekeys.insert([signed(1, 10), signed(2, 50), signed(3, 120)]))
    write(() => store().inbox.sweep(100))
    expect([1, 2, 3].map((id) => store().prekeys.get('signed', id) !== null)).toEqual([false, true, true])
    write(() => store().inbox.sweep(1_000))
    expect([2, 3].map((id) => store().prekeys.get('signed', id) !== null)).toEqual([false, true])
  })

  test('a one-time prekey stays as long as a signed one that it can have been bundled with', () => {
    write(() =>
      store().prekeys.insert([
        samplePrekey(1, { createdAtMs: 20 }),
        samplePrekey(2, { createdAtMs: 60 }),
        samplePrekey(3, { kind: 'signed', createdAtMs: 50 }),
      ]),
    )
    write(() => store().inbox.sweep(100))
    expect(store().prekeys.get('one-time', 1)).toBeNull()
    expect(store().prekeys.get('one-time', 2)).not.toBeNull()
  })

  test('base keys are remembered as long as a last-resort prekey of their time is here', () => {
    write(() => {
      store().prekeys.insert([samplePrekey(1, { kind: 'kem-last-resort', createdAtMs: 50 })])
      store().sessions.rememberBaseKey(sampleBytes(62, 1), 40)
      store().sessions.rememberBaseKey(sampleBytes(62, 2), 60)
    })
    write(() => store().inbox.sweep(100))
    write(() => {
      expect(store().sessions.rememberBaseKey(sampleBytes(62, 1), 200)).toBe(true)
      expect(store().sessions.rememberBaseKey(sampleBytes(62, 2), 200)).toBe(false)
    })
  })
}

function invites({ store, write }: Suite): void {
  test('an invite is found by id, slot and handle, newest first in the list', () => {
    const second = sampleInvite(2, { relayIds: [relayIdOf(1), relayIdOf(2)] })
    write(() => {
      store().invites.insert(sampleInvite(1))
      store().invites.insert(second)
    })
    expect(store().invites.list()).toStrictEqual([second, sampleInvite(1)])
    expect(store().invites.get(inviteIdOf(2))).toStrictEqual(second)
    expect(store().invites.bySlot(sampleInvite(1).slotId)).toStrictEqual(sampleInvite(1))
    expect(store().invites.byHandle(sampleInvite(1).handle)).toStrictEqual(sampleInvite(1))
    expect(store().invites.get(inviteIdOf(9))).toBeNull()
  })

  test('a patch changes its fields and no others', () => {
    const patch = {
      state: 'used' as const,
      usedByContactId: contactIdOf(1),
      takerNonce: sampleBytes(65, 1, 16),
      relayIds: [relayIdOf(3)],
    }
    write(() => {
      store().invites.insert(sampleInvite(1))
      store().invites.update(inviteIdOf(1), patch)
    })
    expect(store().invites.get(inviteIdOf(1))).toStrictEqual(sampleInvite(1, patch))
  })

  test('an acceptance that was begun is remembered until it is done', () => {
    const pending = { slotId: sampleBytes(46, 1), takerNonce: sampleBytes(65, 1, 16), startedAtMs: 5 }
    write(() => store().invites.putPendingAccept(pending))
    expect(store().invites.pendingAccept(pending.slotId)).toStrictEqual(pending)
    write(() => store().invites.deletePendingAccept(pending.slotId))
    expect(store().invites.pendingAccept(pending.slotId)).toBeNull()
  })
}

function relays({ store, write }: Suite): void {
  test('relays stay in the order in which they were added', () => {
    write(() => {
      for (const number of [2, 1]) store().relays.insert(sampleRelay(number))
    })
    expect(store().relays.list()).toStrictEqual([sampleRelay(2), sampleRelay(1)])
    const patch = { state: 'leaving' as const, leftAtMs: 9, addresses: [] }
    write(() => store().relays.update(relayIdOf(2), patch))
    expect(store().relays.get(relayIdOf(2))).toStrictEqual(sampleRelay(2, patch))
    write(() => store().relays.delete(relayIdOf(2)))
    expect(store().relays.list()).toStrictEqual([sampleRelay(1)])
    expect(store().relays.get(relayIdOf(2))).toBeNull()
  })
}
