import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { InviteView as Invite } from '../../../shared/model/chat.ts'
import type { InviteId } from '../../../shared/model/ids.ts'
import { useInvitesStore } from '../../stores/invites.ts'
import { mountView, ok, READY, scriptedEngine } from '../../testing/mount-view.ts'
import type { MountedView, ScriptedEngine } from '../../testing/mount-view.ts'
import InviteView from './InviteView.vue'

const INVITE: Invite = {
  inviteId: 'invite' as InviteId,
  label: '',
  link: `parley://invite#${'A'.repeat(160)}`,
  createdAtMs: 0,
  expiresAtMs: new Date(2026, 11, 1, 12).getTime(),
  state: 'open',
  relayCount: 2,
}

let engine: ScriptedEngine
let mounted: MountedView

async function start(patch: Partial<Invite> = {}): Promise<MountedView> {
  engine.answer('invites.create', ok({ ...INVITE, ...patch }))
  mounted = mountView(InviteView, engine, READY, { inviteId: null })
  await mounted.settle()
  return mounted
}

beforeEach(() => {
  engine = scriptedEngine()
})
afterEach(() => {
  mounted.view.unmount()
  vi.useRealTimers()
})

describe('a new invite', () => {
  it('is made once on opening and shows link, code and how long it works', async () => {
    const { view, get } = await start()
    expect(engine.calls).toEqual([{ command: 'invites.create', input: { label: '' } }])
    expect((get('invite-link') as HTMLInputElement).value).toBe(INVITE.link)
    expect(get('invite-qr').querySelector('path')?.getAttribute('d')).toMatch(/^M0 0h7/)
    expect(view.text()).toMatch(/Works once, until Tuesday,? (1 December|December 1)\./)
  })

  it.each([
    [0, 'Works while Parley is open on this computer.', 'leave Parley open'],
    [1, 'One relay keeps a place for the answer.', 'You can close this, and Parley.'],
    [2, 'Two relays keep a place for the answer.', 'You can close this, and Parley.'],
    [3, 'Three relays keep a place for the answer.', 'You can close this, and Parley.'],
    [4, '4 relays keep a place for the answer.', 'You can close this, and Parley.'],
  ])('with %i relays says only what is so', async (relayCount, places, close) => {
    const { view, get } = await start({ relayCount })
    expect(get('invite-places').textContent).toBe(places)
    expect(view.text()).toContain(close)
  })

  it('says so when it cannot be made, and tries again on request', async () => {
    engine.answer('invites.create', { ok: false, code: 'not-ready', detail: '' })
    mounted = mountView(InviteView, engine, READY, { inviteId: null })
    await mounted.settle()
    expect(mounted.view.text()).toContain('The invite can’t be made right now.')
    engine.answer('invites.create', ok(INVITE))
    await mounted.click('invite-make')
    expect(mounted.find('invite-link')).not.toBeNull()
  })
})

describe('who it is for', () => {
  it('is saved after a pause in typing, once', async () => {
    const { type, view, settle } = await start()
    engine.answer('invites.set-label', ok({ ...INVITE, label: 'Mira' }))
    vi.useFakeTimers()
    const typing = [type('invite-label', 'Mi'), type('invite-label', 'Mira')]
    await vi.advanceTimersByTimeAsync(400)
    vi.useRealTimers()
    await Promise.all(typing)
    await settle()
    expect(engine.calls.slice(1)).toEqual([
      { command: 'invites.set-label', input: { inviteId: INVITE.inviteId, label: 'Mira' } },
    ])
    expect(view.text()).toContain('Waiting for Mira to accept')
  })

  it('is not lost when the view is left before the pause is over', async () => {
    const { type, view } = await start()
    engine.answer('invites.set-label', ok({ ...INVITE, label: 'Mira' }))
    await type('invite-label', 'Mira')
    view.unmount()
    expect(engine.calls.at(-1)).toEqual({
      command: 'invites.set-label',
      input: { inviteId: INVITE.inviteId, label: 'Mira' },
    })
  })
})

describe('revoking', () => {
  it('asks once more, with the focus on keeping it', async () => {
    const { click, find } = await start()
    await click('invite-revoke')
    expect(engine.calls.map((call) => call.command)).toEqual(['invites.create'])
    expect(document.activeElement?.textContent?.trim()).toBe('Keep it')
    expect(find('invite-revoke-confirm')).not.toBeNull()
  })

  it('takes link and code away at once', async () => {
    const { click, find, get } = await start()
    engine.answer('invites.revoke', ok({ ...INVITE, state: 'revoked', link: '' }))
    await click('invite-revoke')
    await click('invite-revoke-confirm')
    expect(find('invite-link')).toBeNull()
    expect(get('invite-gone').textContent).toContain('You revoked this invite.')
  })
})

it('says who accepted as soon as the engine knows', async () => {
  const { get, settle } = await start({ label: 'Mira' })
  useInvitesStore().put({ ...INVITE, label: 'Mira', state: 'used', link: '' })
  await settle()
  expect(get('invite-gone').textContent).toContain('Mira accepted this invite.')
})
