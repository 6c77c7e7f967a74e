/** Two engines and a relay, all real: delivery from end to end. */

import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { idToBytes } from '../../shared/model/ids.ts'
import type { MessageView } from '../../shared/model/chat.ts'
import { meet, messagesOf, sendText, textsOf, untilPath, untilStatus, untilText } from './chatting.ts'
import type { Pair } from './chatting.ts'
import { Person } from './people.ts'
import { startTestRelay } from './relay-for-tests.ts'
import type { TestRelay } from './relay-for-tests.ts'

let relay: TestRelay
let robin: Person
let mira: Person
let chats: Pair

beforeEach(async () => {
  relay = await startTestRelay()
  robin = await Person.make()
  mira = await Person.make()
  await robin.open()
  await mira.open()
  await robin.call('account.create', { name: 'Robin' })
  await mira.call('account.create', { name: 'Mira' })
  await robin.call('relays.add', { address: relay.paste })
  chats = await meet(robin, mira)
})

afterEach(async () => {
  await robin.remove()
  await mira.remove()
  await relay.remove()
})

test('they meet by invite, write both ways, and the ticks follow the facts', async () => {
  const { robinsChat, mirasChat } = chats
  expect(mirasChat.title).toBe('Robin')
  expect(robinsChat.title).toBe('Mira')
  await untilPath(mira, 'direct')
  const hello = await sendText(mira, mirasChat, 'hello')
  expect(hello.status).toBe('sending')
  await untilText(robin, robinsChat, 'hello')
  await untilStatus(mira, hello, 'delivered')
  await robin.call('chats.mark-read', { chatId: robinsChat.chatId })
  await untilStatus(mira, hello, 'read')
  const answer = await sendText(robin, robinsChat, 'hi')
  await untilText(mira, mirasChat, 'hi')
  await untilStatus(robin, answer, 'delivered')
})

test('no read receipt leaves where it is switched off', async () => {
  const { robinsChat, mirasChat } = chats
  await robin.call('settings.set', { readReceipts: false })
  const first = await sendText(mira, mirasChat, 'first')
  await untilText(robin, robinsChat, 'first')
  await robin.call('chats.mark-read', { chatId: robinsChat.chatId })
  const second = await sendText(mira, mirasChat, 'second')
  await untilStatus(mira, second, 'delivered')
  const seen = (await messagesOf(mira, mirasChat)).find((message) => message.messageId === first.messageId)
  expect(seen?.status).toBe('delivered')
})

test('while one is away the relay holds five, which arrive once, in order, with the right ticks', async () => {
  const { robinsChat, mirasChat } = chats
  const texts = [1, 2, 3, 4, 5].map((number) => `away ${number}`)
  await mira.close()
  const sent: MessageView[] = []
  for (const text of texts) sent.push(await sendText(robin, robinsChat, text))
  for (const message of sent) await untilStatus(robin, message, 'held')
  await mira.open()
  await untilText(mira, mirasChat, 'away 5')
  for (const message of sent) await untilStatus(robin, message, 'delivered')
  expect((await textsOf(mira, mirasChat)).filter((text) => text.startsWith('away'))).toEqual(texts)
})

test('a relay that was down takes the message when it is back', async () => {
  const { robinsChat, mirasChat } = chats
  await mira.close()
  await relay.stop()
  const message = await sendText(robin, robinsChat, 'patience')
  await robin.until('the relay is missed', async () => {
    const now = (await messagesOf(robin, robinsChat)).find((item) => item.messageId === message.messageId)
    return now?.failure === 'unreachable' || now?.failure === 'timeout'
  })
  await relay.start()
  robin.engine.networkHint(true)
  await untilStatus(robin, message, 'held')
  await mira.open()
  await untilText(mira, mirasChat, 'patience')
})

test('a blocked person’s messages do not arrive, and arrive again after', async () => {
  const { robinsChat, mirasChat } = chats
  const contactId = robinsChat.contactId
  await untilPath(robin, 'direct')
  await robin.call('contacts.set-blocked', { contactId, blocked: true })
  await untilPath(mira, 'relay')
  const lost = await sendText(mira, mirasChat, 'are you there?')
  await mira.until('the relay turns it away', async () => {
    const now = (await messagesOf(mira, mirasChat)).find((item) => item.messageId === lost.messageId)
    return now?.failure === 'token-revoked'
  })
  expect(await textsOf(robin, robinsChat)).toEqual([])
  await expect(sendText(robin, robinsChat, 'no')).rejects.toMatchObject({ code: 'blocked' })
  await robin.call('contacts.set-blocked', { contactId, blocked: false })
  await untilText(robin, robinsChat, 'are you there?')
})

describe('files', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-files-'))
  })
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  async function sendFile(bytes: Buffer): Promise<MessageView> {
    const path = join(folder, 'bay.bin')
    await writeFile(path, bytes)
    const grant = robin.grants.add(path, 'read')
    return robin.call('messages.send-file', { chatId: chats.robinsChat.chatId, grant, caption: 'look', photo: null })
  }

  async function receivedBytes(messageId: MessageView['messageId'], size: number): Promise<Buffer> {
    await mira.until('the file is here', async () =>
      (await messagesOf(mira, chats.mirasChat)).find(
        (message) =>
          message.messageId === messageId && message.body.kind === 'file' && message.body.attachment.state === 'here',
      ),
    )
    const path = join(folder, 'saved.bin')
    await mira.call('files.save', { messageId, grant: mira.grants.add(path, 'write') })
    const saved = await readFile(path)
    expect(saved.length).toBe(size)
    return saved
  }

  test.each([1, 65_536, 65_537, 3_000_000])('%i bytes arrive as they were, directly', async (size) => {
    await untilPath(robin, 'direct')
    const bytes = randomBytes(size)
    const { messageId } = await sendFile(bytes)
    expect((await receivedBytes(messageId, size)).equals(bytes)).toBe(true)
  })

  test('they arrive through the relay’s store when one is away, and the relay forgets them', async () => {
    await mira.close()
    const bytes = randomBytes(1_500_000)
    const message = await sendFile(bytes)
    await untilStatus(robin, message, 'held')
    await robin.close()
    await mira.open()
    expect((await receivedBytes(message.messageId, bytes.length)).equals(bytes)).toBe(true)
    await robin.open()
    await untilStatus(robin, message, 'delivered')
  })

  test.each([
    ['an empty file', Buffer.alloc(0), 'file-empty'],
    ['a file of over 100 MB', Buffer.alloc(100_000_001), 'file-too-large'],
  ])('%s is refused and changes nothing', async (_name, bytes, code) => {
    await expect(sendFile(bytes)).rejects.toMatchObject({ code })
    expect((await messagesOf(robin, chats.robinsChat)).filter(({ body }) => body.kind === 'file')).toEqual([])
    expect(await readdir(join(robin.profileDir, 'attachments')).catch(() => [])).toEqual([])
  })

  test('a file that is gone, a folder, and a used grant are refused', async () => {
    const send = (grant: string) =>
      robin.call('messages.send-file', { chatId: chats.robinsChat.chatId, grant, caption: '', photo: null })
    await expect(send(robin.grants.add(join(folder, 'gone'), 'read'))).rejects.toMatchObject({ code: 'file-gone' })
    await expect(send(robin.grants.add(folder, 'read'))).rejects.toMatchObject({ code: 'file-unreadable' })
    const path = join(folder, 'once.txt')
    await writeFile(path, 'x')
    const grant = robin.grants.add(path, 'read')
    await send(grant)
    await expect(send(grant)).rejects.toMatchObject({ code: 'not-found' })
  })
})

test('neither the profile nor the relay has a word of it in the clear', async () => {
  const { robinsChat, mirasChat } = chats
  const secret = 'the ferry leaves at eight'
  await mira.close()
  const message = await sendText(robin, robinsChat, secret)
  await untilStatus(robin, message, 'held')
  await mira.open()
  await untilText(mira, mirasChat, secret)
  const { accountId } = await mira.call('contacts.get', { contactId: mirasChat.contactId })
  const needles = [secret, 'Robin', 'Mira', accountId].map((text) => Buffer.from(text))
  needles.push(Buffer.from(idToBytes(accountId)))
  for (const folder of [robin.profileDir, mira.profileDir, relay.dataDir]) {
    for (const file of await filesBelow(folder)) {
      const bytes = await readFile(file)
      for (const needle of needles) expect(bytes.includes(needle), `${file} holds ${needle.toString()}`).toBe(false)
    }
  }
  for (const needle of [secret, 'Robin', 'Mira', accountId, '12D3KooW', '127.0.0.1']) {
    expect(relay.log()).not.toContain(needle)
  }
})

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
