import { sha256 } from '@noble/hashes/sha2.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../../shared/errors.ts'
import { encodeInviteLink } from '../../../shared/wire/invite.ts'
import { mountView, ok, READY, scriptedEngine } from '../../testing/mount-view.ts'
import type { MountedView, ScriptedEngine } from '../../testing/mount-view.ts'
import AcceptInviteDialog from './AcceptInviteDialog.vue'

const LINK = encodeInviteLink(
  {
    accountKey: new Uint8Array(32),
    secret: new Uint8Array(32),
    expiresAtMs: new Date(2026, 11, 1, 12).getTime(),
    places: [],
  },
  sha256,
)

let engine: ScriptedEngine
let mounted: MountedView

async function start(link = ''): Promise<MountedView> {
  mounted = mountView(AcceptInviteDialog, engine, READY, { link })
  await mounted.settle()
  return mounted
}

async function failWith(code: ErrorCode): Promise<string> {
  engine.answer('invites.accept', { ok: false, code, detail: 'two relays asked' })
  const { type, submit, get } = await start()
  await type('accept-input', LINK)
  await submit('accept-submit')
  return get('accept-error').textContent ?? ''
}

beforeEach(() => {
  engine = scriptedEngine()
})
afterEach(() => {
  mounted.view.unmount()
})

describe('the sentence for an invite that does not open', () => {
  it.each([
    ['invite-used', 'This invite was already used. Ask for a new one.'],
    ['invite-incomplete', 'Part of the link is missing. Copy the whole link again.'],
    ['invite-own', 'This is your own invite.'],
    ['invite-altered', 'This link was changed on its way.'],
    ['invite-revoked', 'This invite was revoked'],
    ['invite-unreachable', 'Neither the person nor a relay of theirs answers right now.'],
    ['unsupported-version', 'This invite was made by a newer Parley.'],
    ['disk-full', 'Not saved: this computer’s disk is full.'],
  ] as const)('%s', async (code, sentence) => {
    expect(await failWith(code)).toContain(sentence)
  })

  it('names the day on which it ran out', async () => {
    const sentence = await failWith('invite-expired')
    expect(sentence).toMatch(/^This invite ran out on (1 December|December 1)\. Ask for a new one\.$/)
  })

  it('shows a code only under Details', async () => {
    expect(await failWith('invite-used')).not.toContain('invite-used')
    const details = mounted.get('accept-dialog').querySelector('details')
    expect(details?.open).toBe(false)
    expect(details?.textContent).toContain('invite-used: two relays asked')
  })

  it('goes away when the link is edited', async () => {
    await failWith('invite-used')
    await mounted.type('accept-input', `${LINK}x`)
    expect(mounted.find('accept-error')).toBeNull()
  })

  it('is tied to the field, which has the focus', async () => {
    await failWith('invite-used')
    const input = mounted.get('accept-input')
    expect(input.getAttribute('aria-describedby')).toBe(mounted.get('accept-error').id)
    expect(document.activeElement).toBe(input)
  })
})

describe('accepting', () => {
  it('explains a relay address that was pasted here', async () => {
    const { type, submit, get } = await start()
    await type('accept-input', '/dns4/relay.example.org/tcp/443/wss')
    await submit('accept-submit')
    expect(get('accept-error').textContent).toContain('This is the address of a relay, not an invite.')
    expect(engine.calls).toEqual([])
  })

  it('ends with the chat', async () => {
    const chat = { chatId: 'chat' }
    engine.answer('invites.accept', ok(chat))
    const { view, submit } = await start(LINK)
    await submit('accept-submit')
    expect(engine.calls).toEqual([{ command: 'invites.accept', input: { link: LINK } }])
    expect(view.emitted('accepted')).toEqual([[chat]])
  })

  it('never accepts by itself a link that the system handed over', async () => {
    const { get } = await start(LINK)
    expect((get('accept-input') as HTMLInputElement).value).toBe(LINK)
    expect(engine.calls).toEqual([])
  })

  it('says that it is under way and cannot be started twice meanwhile', async () => {
    engine.answer('invites.accept', new Promise(() => undefined))
    const { submit, get } = await start(LINK)
    await submit('accept-submit')
    expect(get('accept-dialog').querySelector('[role="status"]')?.textContent).toBe('Asking for the invite…')
    expect(get('accept-submit').hasAttribute('disabled')).toBe(true)
  })
})
