import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RelayView } from '../../../shared/model/chat.ts'
import type { RelayId } from '../../../shared/model/ids.ts'
import { useAppStore } from '../../stores/app.ts'
import { FAKE_ABOUT } from '../../testing/fake-records.ts'
import { mountView, ok, READY, scriptedEngine } from '../../testing/mount-view.ts'
import type { MountedView, ReadyState, ScriptedEngine } from '../../testing/mount-view.ts'
import SettingsView from './SettingsView.vue'

const RELAY: RelayView = {
  relayId: 'quay' as RelayId,
  name: 'quay.example.org',
  state: 'connected',
  roundTripMs: 42,
  sinceMs: 0,
  failure: null,
  heldCount: 0,
}
const WITH_RELAY: ReadyState = { ...READY, network: { ...READY.network, relays: [RELAY] } }

let engine: ScriptedEngine
let mounted: MountedView

async function open(page: string, state: ReadyState = READY): Promise<MountedView> {
  mounted = mountView(SettingsView, engine, state)
  await mounted.click(`settings-nav-${page}`)
  return mounted
}

beforeEach(() => {
  engine = scriptedEngine()
  engine.answer('app.about', ok(FAKE_ABOUT))
})
afterEach(() => {
  mounted.view.unmount()
})

describe('network', () => {
  it('counts people and messages with their plurals', async () => {
    const network = { ...READY.network, directCount: 1, relayPathCount: 6, waitingCount: 1 }
    const { get } = await open('network', { ...READY, network })
    expect(get('network-facts').textContent?.replace(/\s+/g, ' ')).toMatch(/1 person.*6 people.*1 message/)
  })

  it('says in one line what a relay answers and tests it on request', async () => {
    engine.answer('relays.test', ok({ ...RELAY, roundTripMs: 7 }))
    const { get, click } = await open('network', WITH_RELAY)
    expect(get('relay-row').textContent).toContain('Answered in 42 ms, holds nothing for you')
    await click('relay-test')
    expect(get('relay-row').textContent).toContain('Answered in 7 ms')
  })

  it.each([
    ['malformed', 'This isn’t a relay’s address.'],
    ['unreachable', 'Nothing answers at this address.'],
    ['relay-lying', 'What answers there is not the relay that this address names.'],
    ['relay-refused', 'This relay takes nobody new.'],
    ['relay-invite-needed', 'This relay is for people with an invite'],
  ] as const)('says why a relay was not added: %s', async (code, sentence) => {
    engine.answer('relays.add', { ok: false, code, detail: '' })
    const { click, type, submit, get, find } = await open('network')
    await click('relay-add')
    await type('relay-address', '/ip4/192.0.2.1/tcp/4001')
    await submit('relay-add-submit')
    expect(get('relay-error').textContent).toContain(sentence)
    expect(find('relay-row')).toBeNull()
  })

  it('recognises an invite in the place of an address', async () => {
    const { click, type, submit, get } = await open('network')
    await click('relay-add')
    await type('relay-address', 'parley://invite#AAAA')
    await submit('relay-add-submit')
    expect(get('relay-error').textContent).toContain('This is an invite, not a relay’s address.')
    expect(engine.calls).toEqual([])
  })

  it('lists a relay that was added and closes the form', async () => {
    engine.answer('relays.add', ok(RELAY))
    const { click, type, submit, find, get } = await open('network')
    await click('relay-add')
    await type('relay-address', ' /ip4/192.0.2.1/tcp/4001 ')
    await submit('relay-add-submit')
    expect(engine.calls[0]?.input).toEqual({ address: '/ip4/192.0.2.1/tcp/4001' })
    expect(get('relay-row').textContent).toContain('quay.example.org')
    expect(find('relay-address')).toBeNull()
  })

  it('warns when hiding the address leaves no path at all', async () => {
    engine.answer('settings.set', ok({ ...READY.settings, hideAddress: true }))
    const { click, view } = await open('network')
    await click('setting-hide-address')
    expect(engine.calls).toEqual([{ command: 'settings.set', input: { hideAddress: true } }])
    expect(view.text()).toContain('You have no relay: with this on, nothing is sent or received')
  })
})

it('a switch shows what was kept, not what was clicked', async () => {
  engine.answer('settings.set', { ok: false, code: 'disk-full', detail: '' })
  const { click, get } = await open('privacy')
  await click('setting-read-receipts')
  expect(get('setting-read-receipts').getAttribute('aria-checked')).toBe('true')
  expect(get('settings-error').textContent).toContain('It is as it was.')
})

describe('the passphrase', () => {
  it('can be set without a current one', async () => {
    engine.answer('account.set-passphrase', ok(null))
    const { click, type, submit, view } = await open('security')
    await click('passphrase-set')
    await type('passphrase-input', 'harbour lantern')
    await type('passphrase-repeat', 'harbour lantern')
    await submit('passphrase-save')
    expect(engine.calls[0]?.input).toEqual({ next: 'harbour lantern' })
    expect(view.text()).toContain('The passphrase is set.')
    expect(useAppStore().ready?.passphraseSet).toBe(true)
  })

  it('is removed with the current one, which may be wrong', async () => {
    engine.answer('account.set-passphrase', { ok: false, code: 'passphrase-wrong', detail: '' })
    const { click, type, submit, view } = await open('security', { ...READY, passphraseSet: true })
    await click('passphrase-remove')
    await type('passphrase-current', 'wrong')
    await submit('passphrase-save')
    expect(engine.calls[0]?.input).toEqual({ current: 'wrong', next: null })
    expect(view.text()).toContain('This passphrase is wrong.')
    expect(document.activeElement?.getAttribute('data-testid')).toBe('passphrase-current')
  })

  it('cannot be removed where there is no keychain', async () => {
    const { find, view } = await open('security', { ...READY, passphraseSet: true, keychain: false })
    expect(find('passphrase-remove')).toBeNull()
    expect(view.text()).toContain('This computer has no keychain, so the passphrase stays')
  })
})

describe('profile', () => {
  it('saves a new name and shows it', async () => {
    engine.answer('account.rename', ok({ ...READY.account, name: 'Robin K' }))
    const { type, submit } = await open('profile')
    await type('profile-name', ' Robin K ')
    await submit('profile-save')
    expect(engine.calls[0]?.input).toEqual({ name: 'Robin K' })
    expect(useAppStore().ready?.account.name).toBe('Robin K')
  })

  it('counts the length of a name in bytes, as the engine does', async () => {
    const { type, submit, view } = await open('profile')
    await type('profile-name', 'ä'.repeat(65))
    await submit('profile-save')
    expect(view.text()).toContain('This name is too long.')
    expect(engine.calls).toEqual([])
  })
})

it('the search leaves the pages that match, and Tab reaches the first of them', async () => {
  const { type, find, get } = await open('about')
  await type('settings-search', 'receipts')
  expect(find('settings-nav-network')).toBeNull()
  expect(get('settings-nav-privacy').tabIndex).toBe(0)
})

it('About names the version that the shell tells', async () => {
  const { get } = await open('about')
  expect(get('about-version').textContent).toContain('Version 1.2.3')
  expect(get('about-version').textContent).toContain('Runs in Electron 33.4.11, Node 20.18.3')
  const rows = [...get('about-crypto').querySelectorAll('[data-primitive]')].map((row) => [
    row.getAttribute('data-primitive'),
    row.querySelector('[data-implementation]')?.textContent,
  ])
  expect(rows).toEqual([
    ['aead', 'Built into Node'],
    ['hash', 'Built into Node'],
    ['mac', 'Built into Node'],
    ['x25519', 'Built into Node'],
    ['ed25519', 'Built into Node'],
    ['mlKem', 'noble'],
  ])
})
