/** Profiles that v0.1.0 made (old-profiles.ts), opened by today's engines: nothing is lost, and nobody has to do anything. */

import { chmod, cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ChatView } from '../../shared/model/chat.ts'
import { messagesOf, sendText, textsOf, untilStatus, untilText } from './chatting.ts'
import { Person } from './people.ts'
import { startTestRelay } from './relay-for-tests.ts'
import type { TestRelay } from './relay-for-tests.ts'

const FIXTURE = join(import.meta.dirname, 'fixtures/profiles-0.1.0')
const PASSPHRASE = 'two old friends'
/** Where the old profiles look for their relay. */
const RELAY_ADDRESS = '/ip4/127.0.0.1/tcp/24817'
const OLD_TEXTS = [
  'Hello Alice, is this the new place?',
  'It is. Nobody reads along here 🙂',
  'Did you get the tickets?',
  'Two, for Saturday',
  'Row 7',
  'See you there',
]
const UNDELIVERED = 'The doors open at eight'
const WAITING_AT_BOBS = 'I am taking the train'

let folder: string
let relay: TestRelay
let alice: Person
let bob: Person

/** Codes with which the start of a session failed. */
let failures: string[]

function oldProfile(name: string): Person {
  return new Person(join(folder, name), {
    resendAfterMs: 200,
    log: {
      info: () => undefined,
      warn: (event, fields) => {
        if (event === 'session-start-failed') failures.push(`${name} ${String(fields?.['code'])}`)
      },
    },
  })
}

async function unlock(person: Person): Promise<ChatView> {
  await person.open()
  await person.call('account.unlock', { passphrase: PASSPHRASE })
  const [chat] = await person.call('chats.list', {})
  if (chat === undefined) throw new Error('the chat is gone')
  return chat
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-upgrade-'))
  await cp(FIXTURE, folder, { recursive: true })
  for (const name of ['alice', 'bob', 'relay']) await chmod(join(folder, name), 0o700)
  relay = await startTestRelay(RELAY_ADDRESS, join(folder, 'relay'))
  failures = []
  alice = oldProfile('alice')
  bob = oldProfile('bob')
})
afterEach(async () => {
  await alice.close()
  await bob.close()
  await relay.stop()
  await rm(folder, { recursive: true })
})

test('both keep every message, shake hands by themselves, and what was under way arrives once', async () => {
  const alicesChat = await unlock(alice)
  expect(alicesChat.title).toBe('Bob')
  expect(await textsOf(alice, alicesChat)).toEqual([...OLD_TEXTS, UNDELIVERED])
  const bobsChat = await unlock(bob)
  expect((await textsOf(bob, bobsChat)).slice(0, OLD_TEXTS.length)).toEqual(OLD_TEXTS)

  await untilText(bob, bobsChat, UNDELIVERED)
  await untilText(alice, alicesChat, WAITING_AT_BOBS)
  for (const [person, chat] of [
    [alice, alicesChat],
    [bob, bobsChat],
  ] as const) {
    for (const message of await messagesOf(person, chat)) {
      if (message.status !== null) await untilStatus(person, message, 'delivered', 'read')
    }
  }

  await sendText(alice, alicesChat, 'Are you on board?')
  await untilText(bob, bobsChat, 'Are you on board?')
  const answer = await sendText(bob, bobsChat, 'Just left')
  await untilText(alice, alicesChat, 'Just left')
  await untilStatus(bob, answer, 'delivered')
  const all = [...OLD_TEXTS, UNDELIVERED, WAITING_AT_BOBS, 'Are you on board?', 'Just left']
  expect((await textsOf(alice, alicesChat)).toSorted()).toEqual(all.toSorted())
  expect(await textsOf(bob, bobsChat)).toEqual(await textsOf(alice, alicesChat))
})

test('while the other side is still of 0.1.0 messages wait, visibly, and go when it comes along', async () => {
  const alicesChat = await unlock(alice)
  const later = await sendText(alice, alicesChat, 'Bring the old camera')
  // What lies at the relay for Bob's device are bundles that v0.1.0 signed.
  await alice.until('a session cannot be started', () =>
    Promise.resolve(failures.includes('alice unsupported-version')),
  )
  const waiting = (await messagesOf(alice, alicesChat)).slice(-2)
  expect(waiting.map(({ status, failure }) => [status, failure])).toEqual([
    ['sending', null],
    ['sending', null],
  ])
  await alice.close()

  await unlock(alice)
  const bobsChat = await unlock(bob)
  await untilText(bob, bobsChat, 'Bring the old camera')
  await untilStatus(alice, later, 'delivered')
  const texts = await textsOf(bob, bobsChat)
  expect(texts.toSorted()).toEqual([...OLD_TEXTS, UNDELIVERED, WAITING_AT_BOBS, 'Bring the old camera'].toSorted())
})
