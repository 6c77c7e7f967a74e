import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ChatId } from '../../../shared/model/ids.ts'
import { FakeEngine } from '../../testing/fake-engine.ts'
import { mountWithEngine } from '../../testing/mount-with-engine.ts'
import type { MountedWithEngine } from '../../testing/mount-with-engine.ts'
import ConversationView from './ConversationView.vue'

let engine: FakeEngine
let chatId: ChatId
let mounted: MountedWithEngine

async function open(): Promise<void> {
  mounted = await mountWithEngine(ConversationView, engine, { chat: engine.chat(chatId) })
}
async function click(testid: string): Promise<void> {
  mounted.all(testid)[0]?.click()
  await flushPromises()
  await mounted.view.setProps({ chat: engine.chat(chatId) })
  await flushPromises()
}
const composer = (): HTMLTextAreaElement | undefined =>
  mounted.all('composer-input')[0] as HTMLTextAreaElement | undefined

beforeEach(() => {
  engine = new FakeEngine({ nowMs: () => 0 })
  chatId = engine.addPerson({ name: 'Mira', hue: 11 })
  engine.patchContact(engine.chat(chatId).contactId, { safety: 'changed', verifiedAtMs: 0 })
  engine.patchChat(chatId, { draft: 'half a sent' })
})
afterEach(() => {
  mounted.view.unmount()
})

it('says what happened in the composer’s place, and that the draft is kept', async () => {
  await open()
  expect(composer()).toBeUndefined()
  expect(mounted.get('key-changed').attributes('role')).toBe('alert')
  expect(mounted.get('key-changed').text()).toContain('Mira’s safety number changed')
  expect(mounted.get('sending-paused').text()).toContain('Your draft is kept.')
})

it('says nothing of a draft where there is none', async () => {
  engine.patchChat(chatId, { draft: '' })
  await open()
  expect(mounted.get('sending-paused').text()).not.toContain('draft')
})

it('goes on without comparing: the composer is back with the draft', async () => {
  await open()
  await click('key-go-on')
  expect(engine.chat(chatId).safety).toBe('unverified')
  expect(composer()?.value).toBe('half a sent')
  expect(mounted.all('key-changed')).toEqual([])
})

it('opens the comparison, which ends the pause and leaves the answer to be read', async () => {
  await open()
  await click('key-compare')
  await click('safety-mark')
  expect(engine.chat(chatId).safety).toBe('verified')
  expect(composer()?.value).toBe('half a sent')
  expect(mounted.all('compared-badge')).toHaveLength(1)
})

it('says so when it did not work, and stays', async () => {
  engine.failNext('contacts.confirm-key', 'disk-full')
  await open()
  await click('key-go-on')
  expect(mounted.get('trouble').text()).toContain('disk is full')
  expect(mounted.all('key-changed')).toHaveLength(1)
})
