import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ChatId } from '../../../shared/model/ids.ts'
import { FakeEngine } from '../../testing/fake-engine.ts'
import { mountWithEngine } from '../../testing/mount-with-engine.ts'
import type { MountedWithEngine } from '../../testing/mount-with-engine.ts'
import { scanPicture } from '../../code/scan-code.ts'
import SafetyDialog from './SafetyDialog.vue'

vi.mock(import('../../code/scan-code.ts'), async (original) => ({ ...(await original()), scanPicture: vi.fn() }))

let engine: FakeEngine
let chatId: ChatId
let mounted: MountedWithEngine

async function open(): Promise<void> {
  mounted = await mountWithEngine(SafetyDialog, engine, { chat: engine.chat(chatId), contact: engine.contact(chatId) })
}
/** The window hands the chat down as the engine tells it. */
async function follow(): Promise<void> {
  await flushPromises()
  await mounted.view.setProps({ chat: engine.chat(chatId) })
}
const one = (testid: string): HTMLElement | undefined => mounted.all(testid)[0]
async function click(testid: string): Promise<void> {
  one(testid)?.click()
  await follow()
}
async function scan(text: string | null | Error): Promise<string | undefined> {
  vi.mocked(scanPicture).mockImplementation(() =>
    text instanceof Error ? Promise.reject(text) : Promise.resolve(text),
  )
  const input = one('safety-image') as HTMLInputElement
  Object.defineProperty(input, 'files', { value: [new File(['x'], 'code.png')], configurable: true })
  Object.defineProperty(input, 'value', { value: '', writable: true, configurable: true })
  input.dispatchEvent(new Event('change'))
  await follow()
  return one('safety-answer')?.dataset['answer']
}
const code = (): string => engine.contact(chatId).safetyCode

beforeEach(() => {
  engine = new FakeEngine({ nowMs: () => 1_000 })
  chatId = engine.addPerson({ name: 'Mira', hue: 11 })
})
afterEach(() => {
  mounted.view.unmount()
})

describe('comparing with somebody', () => {
  it('shows all sixty digits in groups of five, and a code with a name', async () => {
    await open()
    expect(one('safety-digits')?.textContent?.replace(/\s/g, '')).toBe(engine.contact(chatId).safetyNumber)
    expect(one('safety-digits')?.children).toHaveLength(12)
    expect(one('safety-code')?.querySelector('svg')?.getAttribute('aria-label')).toBe('Your code for Mira')
  })

  it('marks as compared and closes; the mark can be taken back', async () => {
    await open()
    await click('safety-mark')
    expect(engine.chat(chatId).safety).toBe('verified')
    expect(mounted.view.emitted('close')).toHaveLength(1)
    expect(one('safety-mark')).toBeUndefined()
    await click('safety-unmark')
    expect(engine.chat(chatId).safety).toBe('unverified')
    expect(one('safety-mark')).toBeDefined()
  })

  it('stays open and says so when it did not work', async () => {
    engine.failNext('contacts.set-verified', 'disk-full')
    await open()
    await click('safety-mark')
    expect(one('safety-answer')?.dataset['answer']).toBe('failed')
    expect(mounted.view.emitted('close')).toBeUndefined()
  })
})

it('looks for a code with the camera, and the number is one step back', async () => {
  await open()
  await click('safety-scan')
  expect(one('safety-digits')).toBeUndefined()
  expect(one('camera-error')?.textContent).toContain('No camera was found')
  await click('safety-scan-back')
  expect(one('safety-digits')).toBeDefined()
})

describe('a scanned code', () => {
  it('that matches marks as compared and stays to be read', async () => {
    await open()
    expect(await scan(code())).toBe('match')
    expect(engine.chat(chatId).safety).toBe('verified')
    expect(one('safety-answer')?.textContent).toContain('Mira is marked as compared')
    expect(mounted.view.emitted('close')).toBeUndefined()
    expect(one('safety-done')).toBeDefined()
  })

  it.each(['mismatch', 'other-person'] as const)('that is a %s marks nothing and is an alert', async (outcome) => {
    engine.scanned = outcome
    await open()
    expect(await scan(code())).toBe(outcome)
    expect(one('safety-answer')?.getAttribute('role')).toBe('alert')
    expect(engine.chat(chatId).safety).toBe('unverified')
  })

  it.each([
    ['no code of this kind', 'parley://invite#x', 'notACode'],
    ['no code at all', null, 'noCode'],
    ['no picture', new Error('not an image'), 'noPicture'],
  ])('with %s in the picture says so', async (_what, text, answer) => {
    await open()
    expect(await scan(text)).toBe(answer)
    expect(engine.chat(chatId).safety).toBe('unverified')
  })
})
