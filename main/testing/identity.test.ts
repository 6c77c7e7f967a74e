/** Losing the keychain, losing the machine: the same person comes back. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { meet, messagesOf, sendText, textsOf, untilStatus, untilText } from './chatting.ts'
import { Person } from './people.ts'
import { startTestRelay } from './relay-for-tests.ts'
import type { TestRelay } from './relay-for-tests.ts'

let relay: TestRelay
let robin: Person
let mira: Person
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-recovery-'))
  relay = await startTestRelay()
  robin = await Person.make()
  mira = await Person.make()
  await robin.open()
  await mira.open()
  await robin.call('account.create', { name: 'Robin' })
  await mira.call('account.create', { name: 'Mira' })
  await robin.call('relays.add', { address: relay.paste })
})
afterEach(async () => {
  await robin.remove()
  await mira.remove()
  await relay.remove()
  await rm(folder, { recursive: true, force: true })
})

test('a profile whose keychain entry is gone asks for the recovery key, and opens with it alone', async () => {
  const { mirasChat, robinsChat } = await meet(robin, mira)
  await sendText(robin, robinsChat, 'keep this')
  await untilText(mira, mirasChat, 'keep this')
  const recoveryKey = await mira.call('account.recovery-key', {})
  await mira.close()
  mira.keychain.lose()
  await mira.open()
  expect((await mira.call('app.state', {})).phase).toBe('recovery')
  const wrong = recoveryKey.replace(/^..../, '0000')
  await expect(mira.call('account.recover', { recoveryKey: wrong })).rejects.toMatchObject({ code: 'recovery-wrong' })
  expect((await mira.call('app.state', {})).phase).toBe('recovery')
  expect((await mira.call('account.recover', { recoveryKey })).phase).toBe('ready')
  expect(await textsOf(mira, mirasChat)).toContain('keep this')
})

test('a restored machine is recognised, and what was sent meanwhile is sent again by itself', async () => {
  const { mirasChat, robinsChat } = await meet(robin, mira)
  const before = await sendText(robin, robinsChat, 'before')
  await untilText(mira, mirasChat, 'before')
  await untilStatus(robin, before, 'delivered')
  const file = join(folder, 'mira.parley-recovery')
  const recoveryKey = await mira.call('account.recovery-key', {})
  await mira.call('account.save-recovery-file', { grant: mira.grants.add(file, 'write') })
  // The machine is gone with its profile; Robin does not know and writes on.
  await mira.remove()
  const meanwhile = [await sendText(robin, robinsChat, 'meanwhile 1'), await sendText(robin, robinsChat, 'meanwhile 2')]
  for (const message of meanwhile) await untilStatus(robin, message, 'held')
  mira = await Person.make()
  await mira.open()
  await expect(
    mira.call('account.restore', { grant: mira.grants.add(file, 'read'), recoveryKey: 'AAAA' }),
  ).rejects.toMatchObject({ code: 'recovery-wrong' })
  await mira.call('account.restore', { grant: mira.grants.add(file, 'read'), recoveryKey })
  const chat = (await mira.call('chats.list', {}))[0]
  if (chat === undefined) throw new Error('the contact was not restored')
  await untilText(mira, chat, 'meanwhile 2')
  expect((await textsOf(mira, chat)).toSorted()).toEqual(['meanwhile 1', 'meanwhile 2'])
  for (const message of meanwhile) await untilStatus(robin, message, 'delivered')
  const events = (await messagesOf(robin, robinsChat)).flatMap(({ body }) =>
    body.kind === 'event' ? [body.event.type] : [],
  )
  expect(events).toContain('device-added')
  expect((await robin.call('chats.list', {})).length).toBe(1)
  const answer = await sendText(mira, chat, 'I am back')
  await untilText(robin, robinsChat, 'I am back')
  await untilStatus(mira, answer, 'delivered')
})
