import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { useNavigationStore } from '../../stores/navigation.ts'
import { FakeEngine } from '../../testing/fake-engine.ts'
import { mountWithEngine } from '../../testing/mount-with-engine.ts'
import type { MountedWithEngine } from '../../testing/mount-with-engine.ts'
import ChatList from './ChatList.vue'

let engine: FakeEngine
let mounted: MountedWithEngine

async function open(): Promise<void> {
  mounted = await mountWithEngine(ChatList, engine)
}
const names = (): (string | undefined)[] =>
  mounted.all('chat-row').map((row) => row.querySelector('.name')?.textContent?.trim())

beforeEach(() => {
  engine = new FakeEngine({ nowMs: () => Date.now() })
})
afterEach(() => {
  mounted.view.unmount()
})

describe('a list of chats', () => {
  beforeEach(() => {
    const now = Date.now()
    engine.write(engine.addPerson({ name: 'Tomás', hue: 7 }), 'See you', { atMs: now - 3_000, status: 'read' })
    engine.receive(engine.addPerson({ name: 'Mira', hue: 11 }), 'Two nights?', { atMs: now - 2_000 })
    engine.write(engine.addPerson({ name: 'Amina', hue: 9 }), 'Soon', { atMs: now - 1_000, status: 'held' })
  })

  it('has the newest first, with tick and count where they belong', async () => {
    await open()
    expect(names()).toEqual(['Amina', 'Mira', 'Tomás'])
    const [amina, mira] = mounted.all('chat-row')
    expect(amina?.querySelector('[data-testid="tick"]')?.getAttribute('data-status')).toBe('held')
    expect(mira?.querySelector('[data-testid="tick"]')).toBeNull()
    expect(mira?.querySelector('[data-testid="unread-badge"]')?.textContent).toBe('1')
  })

  it('tells in the tooltip whose safety number was compared', async () => {
    const mira = [...engine.chats.values()].find(({ title }) => title === 'Mira')
    if (mira !== undefined) engine.patchContact(mira.contactId, { safety: 'verified' })
    await open()
    const tooltips = mounted.all('chat-row').map((row) => row.querySelector('.name')?.getAttribute('title'))
    expect(tooltips).toEqual(['Amina', 'Mira: safety number compared', 'Tomás'])
  })

  it('finds a name whatever its accents, and Enter opens it', async () => {
    await open()
    await mounted.get('chat-search').setValue('TOMA')
    expect(names()).toEqual(['Tomás'])
    await mounted.get('chat-search').trigger('keydown', { key: 'Enter' })
    expect(useNavigationStore().chatId).toBe([...engine.chats.keys()][0])
  })

  it('says so when nothing is found', async () => {
    await open()
    await mounted.get('chat-search').setValue('zz')
    expect(mounted.get('no-result').text()).toBe('Nothing found for “zz” on this computer.')
  })

  it('shows what is unread, and the open chat stays while it is read', async () => {
    await open()
    await mounted.get('filter-unread').trigger('click')
    expect(names()).toEqual(['Mira'])
    const mira = [...engine.chats.values()].find(({ title }) => title === 'Mira')
    useNavigationStore().openChat(mira?.chatId ?? null)
    if (mira !== undefined) engine.markRead(mira.chatId)
    await flushPromises()
    expect(names()).toEqual(['Mira'])
  })

  it('is one stop for Tab, with arrows inside', async () => {
    await open()
    const rows = mounted.all('chat-row')
    expect(rows.map((row) => row.tabIndex)).toEqual([0, -1, -1])
    rows[0]?.focus()
    rows[0]?.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }))
    expect(document.activeElement).toBe(rows[1])
    rows[1]?.dispatchEvent(new KeyboardEvent('keydown', { key: 'End', bubbles: true }))
    expect(document.activeElement).toBe(rows[2])
  })
})

it('says that nobody is here yet, without filters to use', async () => {
  await open()
  expect(mounted.view.text()).toContain('No chats yet')
  expect(mounted.all('filter-unread')).toEqual([])
})

it('shows an invite that waits, until it is used', async () => {
  const invite = engine.addInvite('Priya')
  await open()
  expect(mounted.get('invite-row').text()).toContain('Priya')
  engine.emit('invite.changed', { ...invite, state: 'used' })
  await flushPromises()
  expect(mounted.all('invite-row')).toEqual([])
})
