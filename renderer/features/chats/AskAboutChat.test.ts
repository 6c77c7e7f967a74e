import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ChatId } from '../../../shared/model/ids.ts'
import { useNavigationStore } from '../../stores/navigation.ts'
import { FakeEngine } from '../../testing/fake-engine.ts'
import { mountWithEngine } from '../../testing/mount-with-engine.ts'
import type { MountedWithEngine } from '../../testing/mount-with-engine.ts'
import AskAboutChat from './AskAboutChat.vue'

let engine: FakeEngine
let chatId: ChatId
let mounted: MountedWithEngine

async function ask(question: string): Promise<void> {
  mounted = await mountWithEngine(AskAboutChat, engine, { question, chat: engine.chat(chatId) })
  await flushPromises()
}
async function confirm(): Promise<void> {
  const button = mounted.all('ask-confirm')[0]
  button?.closest('form')?.dispatchEvent(new Event('submit', { cancelable: true }))
  await flushPromises()
}

beforeEach(() => {
  engine = new FakeEngine({ nowMs: () => 0 })
  chatId = engine.addPerson({ name: 'Mira Solberg', hue: 11, alias: 'Mira' })
})
afterEach(() => {
  mounted.view.unmount()
})

it('starts a new name from the one that was given here before', async () => {
  await ask('rename')
  const field = mounted.all('rename-input')[0] as HTMLInputElement | undefined
  expect(field?.value).toBe('Mira')
  if (field !== undefined) {
    field.value = ' M '
    field.dispatchEvent(new Event('input'))
  }
  await confirm()
  expect(engine.chat(chatId).title).toBe('M')
  expect(mounted.view.emitted('close')).toHaveLength(1)
})

it('leaves the chat that it deletes', async () => {
  await ask('delete')
  const navigation = useNavigationStore()
  navigation.openChat(chatId)
  expect(document.body.textContent).toContain('Mira stays a contact.')
  await confirm()
  expect(engine.chats.has(chatId)).toBe(false)
  expect(navigation.chatId).toBeNull()
})

it('stays open and says so when it did not work', async () => {
  engine.failNext('contacts.set-blocked', 'not-ready')
  await ask('block')
  await confirm()
  expect(mounted.view.emitted('close')).toBeUndefined()
  expect(document.querySelector('[role="alert"]')?.textContent).toContain('Try again')
  await confirm()
  expect(engine.chat(chatId).blocked).toBe(true)
})
