/** Compared safety numbers, and people who come back with a new account: real engines and a real relay. */

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDeviceList, signDeviceList } from '../crypto/index.ts'
import type { ChatView, ContactView } from '../../shared/model/chat.ts'
import { idToBytes } from '../../shared/model/ids.ts'
import { encodeSafetyCode } from '../../shared/wire/safety-code.ts'
import { meet, messagesOf, sendText, textsOf, untilPath, untilStatus, untilText } from './chatting.ts'
import type { Pair } from './chatting.ts'
import { Person } from './people.ts'
import { startTestRelay } from './relay-for-tests.ts'
import type { TestRelay } from './relay-for-tests.ts'

let relay: TestRelay
let people: Person[]
let robin: Person
let mira: Person
let chats: Pair

async function person(name: string): Promise<Person> {
  const made = await Person.make()
  people.push(made)
  await made.open()
  await made.call('account.create', { name })
  return made
}

const contactOf = (who: Person, { contactId }: ChatView): Promise<ContactView> =>
  who.call('contacts.get', { contactId })

async function chatNow(who: Person, chat: ChatView): Promise<ChatView> {
  const found = (await who.call('chats.list', {})).find((item) => item.chatId === chat.chatId)
  if (found === undefined) throw new Error('the chat is not in the list')
  return found
}

async function eventsOf(who: Person, chat: ChatView): Promise<readonly string[]> {
  return (await messagesOf(who, chat)).flatMap(({ body }) => (body.kind === 'event' ? [body.event.type] : []))
}

beforeEach(async () => {
  people = []
  relay = await startTestRelay()
  robin = await person('Robin')
  mira = await person('Mira')
  await robin.call('relays.add', { address: relay.paste })
  chats = await meet(robin, mira)
})
afterEach(async () => {
  for (const made of people) await made.remove()
  await relay.remove()
})

describe('comparing', () => {
  test('both see the same sixty digits, and each one’s code is a match on the other’s screen', async () => {
    const [atRobins, atMiras] = [await contactOf(robin, chats.robinsChat), await contactOf(mira, chats.mirasChat)]
    expect(atRobins.safetyNumber).toMatch(/^\d{60}$/)
    expect(atMiras.safetyNumber).toBe(atRobins.safetyNumber)
    expect(atRobins).toMatchObject({ safety: 'unverified', verifiedAtMs: null })
    const scanned = await robin.call('contacts.verify-code', {
      contactId: atRobins.contactId,
      code: atMiras.safetyCode,
    })
    expect(scanned).toMatchObject({ outcome: 'match', contact: { safety: 'verified' } })
    expect(scanned.contact.verifiedAtMs).not.toBeNull()
    expect((await chatNow(robin, chats.robinsChat)).safety).toBe('verified')
    expect((await contactOf(mira, chats.mirasChat)).safety).toBe('unverified')
  })

  test('marked by hand it stays over a restart, until it is taken back', async () => {
    const { contactId } = chats.robinsChat
    expect((await robin.call('contacts.set-verified', { contactId, verified: true })).safety).toBe('verified')
    await robin.close()
    await robin.open()
    expect((await chatNow(robin, chats.robinsChat)).safety).toBe('verified')
    const taken = await robin.call('contacts.set-verified', { contactId, verified: false })
    expect(taken).toMatchObject({ safety: 'unverified', verifiedAtMs: null })
  })

  test('a restored machine still knows what was compared', async () => {
    await robin.call('contacts.set-verified', { contactId: chats.robinsChat.contactId, verified: true })
    const folder = await mkdtemp(join(tmpdir(), 'parley-recovery-'))
    const file = join(folder, 'robin.parley-recovery')
    const recoveryKey = await robin.call('account.recovery-key', {})
    await robin.call('account.save-recovery-file', { grant: robin.grants.add(file, 'write') })
    await robin.close()
    const restored = await Person.make()
    people.push(restored)
    await restored.open()
    await restored.call('account.restore', { grant: restored.grants.add(file, 'read'), recoveryKey })
    await rm(folder, { recursive: true, force: true })
    expect((await restored.call('chats.list', {})).map(({ safety }) => safety)).toEqual(['verified'])
  })

  test('other codes are told apart and verify nothing', async () => {
    const { contactId } = chats.robinsChat
    const { accountId: mirasKey } = await contactOf(robin, chats.robinsChat)
    const { accountId: robinsKey } = await contactOf(mira, chats.mirasChat)
    const eve = await person('Eve')
    const state = await eve.call('app.state', {})
    if (state.phase !== 'ready') throw new Error('no account')
    const evesKey = state.account.accountId
    const scan = async (code: string) => (await robin.call('contacts.verify-code', { contactId, code })).outcome
    expect(await scan(encodeSafetyCode({ shownBy: evesKey, shownTo: robinsKey }))).toBe('mismatch')
    expect(await scan(encodeSafetyCode({ shownBy: mirasKey, shownTo: evesKey }))).toBe('mismatch')
    expect(await scan(encodeSafetyCode({ shownBy: robinsKey, shownTo: mirasKey }))).toBe('other-person')
    expect(await scan(encodeSafetyCode({ shownBy: evesKey, shownTo: mirasKey }))).toBe('other-person')
    const { link } = await robin.call('invites.create', { label: '' })
    await expect(scan(link)).rejects.toMatchObject({ code: 'malformed' })
    await expect(scan('x'.repeat(300))).rejects.toMatchObject({ code: 'bad-request' })
    expect((await contactOf(robin, chats.robinsChat)).safety).toBe('unverified')
  })
})

describe('somebody who comes back with a new account', () => {
  let back: Person
  let backsChat: ChatView
  let newChat: ChatView
  let waiting: Awaited<ReturnType<typeof sendText>>

  /** Mira's computer is gone with her account; Robin writes once more to it; she takes a new invite. */
  async function comeBack(talk = true): Promise<void> {
    if (talk) await talkAndLeave()
    back = await person('Mira')
    const invite = await robin.call('invites.create', { label: 'Mira again' })
    backsChat = await back.call('invites.accept', { link: invite.link })
    newChat = await robin.until('the new chat is there', async () =>
      (await robin.call('chats.list', {})).find((chat) => chat.chatId !== chats.robinsChat.chatId),
    )
    await sendText(back, backsChat, 'it is me, new computer')
    await untilText(robin, newChat, 'it is me, new computer')
  }

  async function talkAndLeave(): Promise<void> {
    await sendText(mira, chats.mirasChat, 'see you at eight')
    await untilText(robin, chats.robinsChat, 'see you at eight')
    await mira.close()
    waiting = await sendText(robin, chats.robinsChat, 'bring the map')
    await untilStatus(robin, waiting, 'held')
  }

  const joinThem = () =>
    robin.call('contacts.join', { contactId: newChat.contactId, intoContactId: chats.robinsChat.contactId })
  const waitingNow = async () =>
    (await messagesOf(robin, chats.robinsChat)).find(({ messageId }) => messageId === waiting.messageId)

  test('takes the old chat over, and gets what the old account never got', async () => {
    await comeBack()
    const removed: string[] = []
    robin.on('chat.removed', ({ chatId }) => removed.push(chatId))
    expect((await contactOf(robin, newChat)).mayContinue).toEqual([chats.robinsChat.chatId])
    expect((await contactOf(robin, chats.robinsChat)).mayContinue).toEqual([])
    const joined = await joinThem()
    expect(joined).toMatchObject({
      chatId: chats.robinsChat.chatId,
      contactId: newChat.contactId,
      title: 'Mira',
      safety: 'unverified',
    })
    expect(removed).toEqual([newChat.chatId])
    expect((await robin.call('chats.list', {})).map(({ chatId }) => chatId)).toEqual([joined.chatId])
    expect(await textsOf(robin, joined)).toEqual(['see you at eight', 'bring the map', 'it is me, new computer'])
    expect(await eventsOf(robin, joined)).toEqual(['chat-opened', 'key-changed'])
    await untilText(back, backsChat, 'bring the map')
    await untilStatus(robin, waiting, 'delivered')
    await untilStatus(robin, await sendText(robin, joined, 'welcome back'), 'delivered')
    await expect(joinThem()).rejects.toMatchObject({ code: 'bad-request' })
  })

  test('leaves the old account outside', async () => {
    await comeBack()
    await joinThem()
    await mira.open()
    const lost = await sendText(mira, chats.mirasChat, 'let me in')
    await mira.until('the relay turns it away', async () => {
      const now = (await messagesOf(mira, chats.mirasChat)).find((item) => item.messageId === lost.messageId)
      return now?.failure === 'token-revoked'
    })
    expect(await textsOf(robin, chats.robinsChat)).not.toContain('let me in')
    await robin.close()
    await robin.open()
    expect((await robin.call('chats.list', {})).length).toBe(1)
  })

  test('is not written to while the compared key is another one; nothing is lost, and confirming ends it', async () => {
    const oldContactId = chats.robinsChat.contactId
    await robin.call('contacts.set-verified', { contactId: oldContactId, verified: true })
    await comeBack()
    await robin.call('chats.set-draft', { chatId: chats.robinsChat.chatId, text: 'half a sent' })
    const joined = await joinThem()
    expect(joined).toMatchObject({ safety: 'changed', draft: 'half a sent' })
    await expect(sendText(robin, joined, 'secret')).rejects.toMatchObject({ code: 'key-not-confirmed' })
    await expect(sendFile(joined)).rejects.toMatchObject({ code: 'key-not-confirmed' })
    await expect(robin.call('messages.retry', { messageId: waiting.messageId })).rejects.toMatchObject({
      code: 'key-not-confirmed',
    })
    expect((await chatNow(robin, joined)).draft).toBe('half a sent')
    expect(await waitingNow()).toMatchObject({ status: 'sending', failure: 'key-not-confirmed' })
    // Receipts go on, and what they write arrives.
    const theirs = await sendText(back, backsChat, 'are you there?')
    await untilText(robin, joined, 'are you there?')
    await robin.call('chats.mark-read', { chatId: joined.chatId })
    await untilStatus(back, theirs, 'read')
    await robin.close()
    await robin.open()
    await untilPath(robin, 'direct')
    await untilStatus(back, await sendText(back, backsChat, 'hello?'), 'delivered')
    expect(await textsOf(back, backsChat)).not.toContain('bring the map')
    expect(await waitingNow()).toMatchObject({ status: 'sending', failure: 'key-not-confirmed' })

    const confirmed = await robin.call('contacts.confirm-key', { contactId: joined.contactId })
    expect(confirmed).toMatchObject({ safety: 'unverified', verifiedAtMs: null })
    await untilText(back, backsChat, 'bring the map')
    await untilStatus(robin, waiting, 'delivered')
    expect(await waitingNow()).toMatchObject({ failure: null })
    await untilStatus(robin, await sendText(robin, joined, 'secret'), 'delivered')
  })

  test('is verified again by their new code', async () => {
    await robin.call('contacts.set-verified', { contactId: chats.robinsChat.contactId, verified: true })
    await comeBack()
    const joined = await joinThem()
    const { safetyCode } = await contactOf(back, backsChat)
    const scanned = await robin.call('contacts.verify-code', { contactId: joined.contactId, code: safetyCode })
    expect(scanned).toMatchObject({ outcome: 'match', contact: { safety: 'verified' } })
    await untilText(back, backsChat, 'bring the map')
  })

  test('may have been compared before the chats are joined: nothing stops then', async () => {
    await robin.call('contacts.set-verified', { contactId: chats.robinsChat.contactId, verified: true })
    await comeBack()
    await robin.call('contacts.set-verified', { contactId: newChat.contactId, verified: true })
    expect((await joinThem()).safety).toBe('verified')
    await untilText(back, backsChat, 'bring the map')
  })

  test('gets the file that the old account never got, and a second return reaches through the first', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-files-'))
    const bytes = Buffer.alloc(300_000, 7)
    await writeFile(join(folder, 'map.bin'), bytes)
    await mira.close()
    await robin.call('messages.send-file', {
      chatId: chats.robinsChat.chatId,
      grant: robin.grants.add(join(folder, 'map.bin'), 'read'),
      caption: 'the map',
      photo: null,
    })
    await comeBack(false)
    await joinThem()
    const saved = await back.until('the file is here', async () =>
      (await messagesOf(back, backsChat)).find(
        ({ body }) => body.kind === 'file' && body.attachment.state === 'here' && body.caption === 'the map',
      ),
    )
    await back.call('files.save', {
      messageId: saved.messageId,
      grant: back.grants.add(join(folder, 'saved.bin'), 'write'),
    })
    expect((await readFile(join(folder, 'saved.bin'))).equals(bytes)).toBe(true)
    await rm(folder, { recursive: true, force: true })

    const first = newChat.contactId
    await comeBack(false)
    const again = await robin.call('contacts.join', { contactId: newChat.contactId, intoContactId: first })
    expect(again.chatId).toBe(chats.robinsChat.chatId)
    await untilStatus(robin, await sendText(robin, again, 'third time'), 'delivered')
    const retired = robin.engine.node?.core.store.contacts.list().filter((contact) => contact.replacedBy !== null)
    expect(retired?.map(({ replacedBy, blocked }) => ({ replacedBy, blocked }))).toEqual([
      { replacedBy: newChat.contactId, blocked: true },
      { replacedBy: newChat.contactId, blocked: true },
    ])
    await expect(robin.call('contacts.set-blocked', { contactId: first, blocked: false })).rejects.toMatchObject({
      code: 'not-found',
    })
  })

  test('is not joined to themselves, to somebody newer or while blocked', async () => {
    await comeBack()
    const [newer, older] = [newChat.contactId, chats.robinsChat.contactId]
    const refused = async (contactId: typeof newer, intoContactId: typeof newer, code: string) => {
      await expect(robin.call('contacts.join', { contactId, intoContactId })).rejects.toMatchObject({ code })
    }
    await refused(newer, newer, 'bad-request')
    await refused(older, newer, 'bad-request')
    await robin.call('contacts.set-blocked', { contactId: newer, blocked: true })
    await refused(newer, older, 'blocked')
    expect((await robin.call('chats.list', {})).length).toBe(2)
  })

  async function sendFile(chat: ChatView): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-files-'))
    try {
      const path = join(folder, 'plan.txt')
      await writeFile(path, 'x')
      await robin.call('messages.send-file', {
        chatId: chat.chatId,
        grant: robin.grants.add(path, 'read'),
        caption: '',
        photo: null,
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
      expect(await readdir(join(robin.profileDir, 'attachments')).catch(() => [])).toEqual([])
    }
  }
})

describe('the list of their devices', () => {
  /** Mira's app takes another signed list for its own and tells everybody. */
  async function announceList(version: number, name: string): Promise<void> {
    const node = mira.engine.node
    const account = node?.core.store.account.get() ?? null
    if (node === null || account === null) throw new Error('the engine does not run')
    const { store, crypto } = node.core
    const list = openDeviceList(crypto, account.deviceListBytes, idToBytes(account.accountId))
    const keys = { publicKey: idToBytes(account.accountId), secretKey: account.accountSecret }
    const deviceListBytes = signDeviceList(crypto, keys, { ...list, version })
    store.transaction(() => {
      store.account.update({ deviceListBytes, deviceListVersion: version })
    })
    await mira.call('account.rename', { name })
    // Behind the profile, on the same way.
    await sendText(mira, chats.mirasChat, `I am ${name}`)
    await untilText(robin, chats.robinsChat, `I am ${name}`)
  }
  const rollbacks = async () =>
    (await eventsOf(robin, chats.robinsChat)).filter((type) => type === 'device-list-rolled-back').length

  test('that goes back to an older one is told, once for each', async () => {
    await announceList(3, 'Mira 1')
    expect(await rollbacks()).toBe(0)
    await announceList(1, 'Mira 2')
    expect(await rollbacks()).toBe(1)
    await announceList(1, 'Mira 3')
    await robin.close()
    await robin.open()
    await announceList(1, 'Mira 4')
    expect(await rollbacks()).toBe(1)
    await announceList(2, 'Mira 5')
    expect(await rollbacks()).toBe(2)
    await announceList(4, 'Mira 6')
    expect(await rollbacks()).toBe(2)
    await announceList(2, 'Mira 7')
    expect(await rollbacks()).toBe(3)
  })

  test('tells of a device that is new and of the one that is gone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-recovery-'))
    const file = join(folder, 'mira.parley-recovery')
    const recoveryKey = await mira.call('account.recovery-key', {})
    await mira.call('account.save-recovery-file', { grant: mira.grants.add(file, 'write') })
    await mira.close()
    const restored = await Person.make()
    people.push(restored)
    await restored.open()
    await restored.call('account.restore', { grant: restored.grants.add(file, 'read'), recoveryKey })
    await rm(folder, { recursive: true, force: true })
    await robin.until('the devices changed', async () =>
      (await eventsOf(robin, chats.robinsChat)).includes('device-added'),
    )
    expect(await eventsOf(robin, chats.robinsChat)).toEqual(['chat-opened', 'device-removed', 'device-added'])
  })
})

test('what runs here is told, before there is an account as well', async () => {
  const newcomer = await Person.make()
  people.push(newcomer)
  await newcomer.open()
  const about = await newcomer.call('app.about', {})
  expect(about).toMatchObject({ version: '0.0.0', runtime: `Node ${process.versions.node}` })
  expect(Object.keys(about.crypto).sort()).toEqual(['aead', 'ed25519', 'hash', 'mac', 'mlKem', 'x25519'])
})
