import { flushPromises } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { connectStores } from './connect-stores.ts'
import { useAppStore } from './stores/app.ts'
import { useChatsStore } from './stores/chats.ts'
import { useInvitesStore } from './stores/invites.ts'
import { useMessagesStore } from './stores/messages.ts'
import { useNavigationStore } from './stores/navigation.ts'
import { fakeApi } from './testing/fake-api.ts'
import { FakeEngine } from './testing/fake-engine.ts'
import { fakeFile } from './testing/fake-records.ts'

async function connectedStores(engine: FakeEngine) {
  const pinia = createPinia()
  const { api, shell } = fakeApi(engine)
  connectStores(api, pinia)
  await flushPromises()
  return {
    api,
    shell,
    app: useAppStore(pinia),
    chats: useChatsStore(pinia),
    invites: useInvitesStore(pinia),
    messages: useMessagesStore(pinia),
    navigation: useNavigationStore(pinia),
  }
}

let engine: FakeEngine
beforeEach(() => {
  engine = new FakeEngine({ nowMs: () => 1_000_000 })
})

it('asks for what the window shows as soon as the engine is ready', async () => {
  engine.addPerson({ name: 'Mira', hue: 11 })
  engine.addInvite('Priya')
  const { chats, invites } = await connectedStores(engine)
  expect(chats.loaded).toBe(true)
  expect(chats.all.map(({ title }) => title)).toEqual(['Mira'])
  expect(invites.open.map(({ label }) => label)).toEqual(['Priya'])
})

it('asks for nothing before there is an account', async () => {
  engine = new FakeEngine({ nowMs: () => 0, state: { phase: 'new', keychain: true } })
  const { chats } = await connectedStores(engine)
  expect(chats.loaded).toBe(false)
  expect(engine.calls.map(({ command }) => command)).toEqual(['app.state'])
})

it('sorts the list by its newest activity as it happens', async () => {
  const mira = engine.addPerson({ name: 'Mira', hue: 11 })
  const priya = engine.addPerson({ name: 'Priya', hue: 1 })
  const { chats } = await connectedStores(engine)
  engine.receive(priya, 'Hello', { atMs: 10 })
  engine.patchChat(priya, { lastActivityAtMs: 2_000_000 })
  expect(chats.all[0]?.title).toBe('Priya')
  engine.patchChat(mira, { lastActivityAtMs: 3_000_000 })
  expect(chats.all[0]?.title).toBe('Mira')
})

describe('when the engine starts anew', () => {
  it('keeps showing what is there', async () => {
    const { app } = await connectedStores(engine)
    engine.emit('app.changed', { phase: 'starting' })
    expect(app.ready).not.toBeNull()
  })

  it('fetches what came meanwhile and opens the same chat there', async () => {
    const mira = engine.addPerson({ name: 'Mira', hue: 11 })
    engine.receive(mira, 'One', { atMs: 1 })
    const { api, messages, shell } = await connectedStores(engine)
    await messages.open(api, mira)
    engine.receive(mira, 'Two', { atMs: 2 })
    messages.remove(engine.messages.get(mira)?.[1]?.messageId ?? messages.messages[1]?.messageId ?? ('' as never))
    expect(messages.messages).toHaveLength(1)
    shell.connected()
    await flushPromises()
    expect(messages.messages.map(({ body }) => (body.kind === 'text' ? body.text : ''))).toEqual(['One', 'Two'])
    expect(engine.calls).toContainEqual({ command: 'chats.set-open', input: { chatId: mira } })
  })
})

describe('a transfer', () => {
  it('is shown while it moves, and no longer once the message has arrived', async () => {
    const mira = engine.addPerson({ name: 'Mira', hue: 11 })
    const sent = engine.write(mira, fakeFile({ name: 'map.pdf', sizeBytes: 100 }))
    const { messages } = await connectedStores(engine)
    engine.progress(sent.messageId, 40)
    expect(messages.transfers.get(sent.messageId)).toEqual({ doneBytes: 40, totalBytes: 100, path: 'direct' })
    engine.patchMessage(sent.messageId, { status: 'delivered' })
    expect(messages.transfers.size).toBe(0)
  })

  it('ends with its last byte', async () => {
    const mira = engine.addPerson({ name: 'Mira', hue: 11 })
    const sent = engine.write(mira, fakeFile({ name: 'map.pdf', sizeBytes: 100 }))
    const { messages } = await connectedStores(engine)
    engine.progress(sent.messageId, 40)
    engine.progress(sent.messageId, 100)
    expect(messages.transfers.size).toBe(0)
  })
})

it('older messages come by the page, in order and once', async () => {
  const mira = engine.addPerson({ name: 'Mira', hue: 11 })
  for (let at = 1; at <= 130; at += 1) engine.receive(mira, `Number ${at}`, { atMs: at })
  const { api, messages } = await connectedStores(engine)
  await messages.open(api, mira)
  const newest = messages.messages.length
  await Promise.all([messages.loadOlder(api), messages.loadOlder(api)])
  expect(messages.messages.length).toBe(2 * newest)
  while (messages.hasMore) await messages.loadOlder(api)
  expect(messages.messages.map(({ sentAtMs }) => sentAtMs)).toEqual(Array.from({ length: 130 }, (_, at) => at + 1))
})

it('a link that the system hands over waits for a yes, a notification opens its chat', async () => {
  const mira = engine.addPerson({ name: 'Mira', hue: 11 })
  const { navigation, shell } = await connectedStores(engine)
  shell.openInvite('parley://invite#abc')
  expect(navigation.accepting).toEqual({ link: 'parley://invite#abc', scan: false })
  shell.openChat(mira)
  expect(navigation.chatId).toBe(mira)
})
