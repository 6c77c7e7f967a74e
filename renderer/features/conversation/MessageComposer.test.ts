import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ChatId } from '../../../shared/model/ids.ts'
import { LIMITS } from '../../../shared/ipc/engine-contract.ts'
import { FakeEngine } from '../../testing/fake-engine.ts'
import { mountWithEngine } from '../../testing/mount-with-engine.ts'
import type { MountedWithEngine } from '../../testing/mount-with-engine.ts'
import MessageComposer from './MessageComposer.vue'

let engine: FakeEngine
let chatId: ChatId
let mounted: MountedWithEngine

async function open(): Promise<void> {
  mounted = await mountWithEngine(MessageComposer, engine, { chat: engine.chat(chatId) })
}
const input = () => mounted.get('composer-input')
const value = () => (input().element as HTMLTextAreaElement).value
const sent = () => engine.calls.filter(({ command }) => command === 'messages.send-text').map(({ input: sent }) => sent)
const drafts = () => engine.calls.filter(({ command }) => command === 'chats.set-draft').map(({ input: set }) => set)

beforeEach(() => {
  engine = new FakeEngine({ nowMs: () => 0 })
  chatId = engine.addPerson({ name: 'Mira', hue: 11 })
})
afterEach(() => {
  mounted.view.unmount()
  vi.useRealTimers()
})

describe('sending', () => {
  it('is what Enter does, and the field is empty for the next one', async () => {
    await open()
    await input().setValue('Hello')
    await input().trigger('keydown', { key: 'Enter' })
    await flushPromises()
    expect(sent()).toEqual([{ chatId, text: 'Hello' }])
    expect(value()).toBe('')
  })

  it('is not what Shift Enter does, nor Enter while a word is being composed', async () => {
    await open()
    await input().setValue('Hello')
    await input().trigger('keydown', { key: 'Enter', shiftKey: true })
    await input().trigger('keydown', { key: 'Enter', isComposing: true })
    await flushPromises()
    expect(sent()).toEqual([])
  })

  it('needs Control when Enter was chosen to break the line', async () => {
    engine.settings = { ...engine.settings, enterSends: false }
    await open()
    await input().setValue('Hello')
    await input().trigger('keydown', { key: 'Enter' })
    expect(sent()).toEqual([])
    await input().trigger('keydown', { key: 'Enter', ctrlKey: true })
    await flushPromises()
    expect(sent()).toHaveLength(1)
  })

  it('is not offered for blanks alone', async () => {
    await open()
    await input().setValue('  \n ')
    expect(mounted.view.find('[data-testid="send"]').exists()).toBe(false)
    await input().trigger('keydown', { key: 'Enter' })
    expect(sent()).toEqual([])
  })

  it('is refused with a sentence for a text that is longer than one message', async () => {
    await open()
    await input().setValue('é'.repeat(LIMITS.textBytes / 2 + 1))
    await input().trigger('keydown', { key: 'Enter' })
    expect(sent()).toEqual([])
    expect(mounted.get('too-long').text()).toContain('too long')
  })

  it('that fails gives the text back, before what was typed since', async () => {
    await open()
    const release = engine.hold('messages.send-text')
    engine.failNext('messages.send-text', 'disk-full')
    await input().setValue('First')
    await mounted.get('send').trigger('click')
    await input().setValue('Second')
    release()
    await flushPromises()
    expect(value()).toBe('First\nSecond')
    expect(mounted.view.emitted('trouble')).toEqual([['disk-full']])
  })
})

describe('a draft', () => {
  it('is there again when the chat is opened', async () => {
    engine.patchChat(chatId, { draft: 'I could be there' })
    await open()
    expect(value()).toBe('I could be there')
  })

  it('is kept once typing pauses, not at each letter', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await open()
    await input().setValue('I')
    await input().setValue('I could')
    expect(drafts()).toEqual([])
    vi.runAllTimers()
    expect(drafts()).toEqual([{ chatId, text: 'I could' }])
  })

  it('is kept on leaving before the pause', async () => {
    await open()
    await input().setValue('I could')
    mounted.view.unmount()
    expect(drafts()).toEqual([{ chatId, text: 'I could' }])
  })

  it('does not come back after its message was sent', async () => {
    await open()
    await input().setValue('Hello')
    await input().trigger('keydown', { key: 'Enter' })
    await flushPromises()
    mounted.view.unmount()
    expect(drafts()).toEqual([])
  })
})

it('hands pasted files on and leaves pasted text to the field', async () => {
  await open()
  const file = new File(['x'], 'a.png', { type: 'image/png' })
  const paste = (files: File[]) => Object.assign(new Event('paste', { cancelable: true }), { clipboardData: { files } })
  const text = paste([])
  input().element.dispatchEvent(text)
  expect(text.defaultPrevented).toBe(false)
  const withFile = paste([file])
  input().element.dispatchEvent(withFile)
  expect(withFile.defaultPrevented).toBe(true)
  expect(mounted.view.emitted('files')).toEqual([[[file]]])
})
