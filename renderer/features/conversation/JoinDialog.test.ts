import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ChatId } from '../../../shared/model/ids.ts'
import { useNavigationStore } from '../../stores/navigation.ts'
import { FakeEngine } from '../../testing/fake-engine.ts'
import { mountWithEngine } from '../../testing/mount-with-engine.ts'
import type { MountedWithEngine } from '../../testing/mount-with-engine.ts'
import InfoPanel from './InfoPanel.vue'

let engine: FakeEngine
let [old, other, newcomer] = ['', '', ''] as unknown as [ChatId, ChatId, ChatId]
let mounted: MountedWithEngine

const click = async (element: HTMLElement | undefined): Promise<void> => {
  element?.click()
  await flushPromises()
}
const submit = async (): Promise<void> => {
  const form = mounted.all('join-submit')[0]?.closest('form')
  form?.dispatchEvent(new Event('submit', { cancelable: true }))
  await flushPromises()
}
async function openPanel(chatId: ChatId): Promise<void> {
  mounted = await mountWithEngine(InfoPanel, engine, { chat: engine.chat(chatId) })
}
async function choose(name: string): Promise<void> {
  const row = mounted.all('join-row').find(({ textContent }) => textContent?.includes(name) === true)
  const radio = row?.querySelector('input')
  if (radio === null || radio === undefined) throw new Error('no such row')
  radio.checked = true
  radio.dispatchEvent(new Event('change', { bubbles: true }))
  await flushPromises()
}

beforeEach(() => {
  engine = new FakeEngine({ nowMs: () => 0 })
  old = engine.addPerson({ name: 'Mira', hue: 11 })
  other = engine.addPerson({ name: 'Tomás', hue: 7 })
  newcomer = engine.addPerson({ name: 'Mira', hue: 2, alias: 'New computer' })
  engine.patchContact(engine.chat(newcomer).contactId, { mayContinue: [old] })
  engine.receive(old, 'see you at eight')
  engine.receive(newcomer, 'it is me')
})
afterEach(() => {
  mounted.view.unmount()
})

it('is offered only where somebody was here before', async () => {
  await openPanel(old)
  expect(mounted.all('info-came-back')).toEqual([])
})

it('lists whom it may be, and goes on in the old chat once one is chosen', async () => {
  await openPanel(newcomer)
  await click(mounted.all('info-came-back')[0])
  expect(mounted.all('join-row').map(({ textContent }) => textContent?.trim())).toEqual(['MMira'])
  expect(engine.chats.has(other)).toBe(true)
  expect(mounted.all('join-submit')[0]?.hasAttribute('disabled')).toBe(true)
  await submit()
  expect(engine.calls.some(({ command }) => command === 'contacts.join')).toBe(false)
  await choose('Mira')
  await submit()
  expect(useNavigationStore().chatId).toBe(old)
  expect(engine.chats.has(newcomer)).toBe(false)
  expect(engine.messages.get(old)?.flatMap(({ body }) => (body.kind === 'text' ? [body.text] : []))).toEqual([
    'see you at eight',
    'it is me',
  ])
})

it('stays open and says so when it did not work', async () => {
  engine.failNext('contacts.join', 'bad-request')
  await openPanel(newcomer)
  await click(mounted.all('info-came-back')[0])
  await choose('Mira')
  await submit()
  expect(document.querySelector('[role="alert"]')?.textContent).toContain('Nothing was changed')
  expect(engine.chats.has(newcomer)).toBe(true)
})
