import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mountView, ok, READY, scriptedEngine } from '../../testing/mount-view.ts'
import type { MountedView, ScriptedEngine } from '../../testing/mount-view.ts'
import type { AppState } from '../../../shared/ipc/engine-contract.ts'
import { useAppStore } from '../../stores/app.ts'
import OnboardingView from './OnboardingView.vue'

let engine: ScriptedEngine
let mounted: MountedView

function start(state: AppState): MountedView {
  mounted = mountView(OnboardingView, engine, state)
  return mounted
}

beforeEach(() => {
  engine = scriptedEngine()
})
afterEach(() => {
  mounted.view.unmount()
})

describe('a first start with a keychain', () => {
  it('asks for a name, offers the recovery file, and is done on "Later"', async () => {
    engine.answer('account.create', ok(READY))
    const { view, type, submit, click, find } = start({ phase: 'new', keychain: true })
    await type('name-input', '  Robin ')
    await submit('continue')
    expect(engine.calls).toEqual([{ command: 'account.create', input: { name: 'Robin' } }])
    expect(find('recovery-save')).not.toBeNull()
    expect(view.emitted('done')).toBeUndefined()
    await click('recovery-later')
    expect(view.emitted('done')).toHaveLength(1)
  })

  it('goes on offering the recovery file when the event overtakes the answer', async () => {
    let answer: (reply: ReturnType<typeof ok>) => void = () => undefined
    engine.answer('account.create', new Promise((resolve) => (answer = resolve)))
    const { view, type, submit, settle, find } = start({ phase: 'new', keychain: true })
    await type('name-input', 'Robin')
    await submit('continue')
    useAppStore().setState(READY)
    await settle()
    answer(ok(READY))
    await settle()
    expect(view.emitted('done')).toBeUndefined()
    expect(find('recovery-save')).not.toBeNull()
  })

  it('does not make an account without a name, and says so beside the field', async () => {
    const { type, submit, view } = start({ phase: 'new', keychain: true })
    await type('name-input', '   ')
    await submit('continue')
    expect(engine.calls).toEqual([])
    expect(view.text()).toContain('Type a name first.')
    expect(document.activeElement?.getAttribute('data-testid')).toBe('name-input')
  })

  it('says when the disk is full, keeps the name, and lets one try again', async () => {
    engine.answer('account.create', { ok: false, code: 'disk-full', detail: '' })
    const { view, type, submit, get } = start({ phase: 'new', keychain: true })
    await type('name-input', 'Robin')
    await submit('continue')
    expect(view.text()).toContain('Not saved: this computer’s disk is full.')
    expect((get('name-input') as HTMLInputElement).value).toBe('Robin')
    expect(get('continue').hasAttribute('disabled')).toBe(false)
  })
})

describe('a first start without a keychain', () => {
  it('asks for a passphrase before the account is made', async () => {
    engine.answer('account.create', ok({ ...READY, keychain: false, passphraseSet: true }))
    const { view, type, submit } = start({ phase: 'new', keychain: false })
    await type('name-input', 'Robin')
    await submit('continue')
    expect(engine.calls).toEqual([])
    expect(view.text()).toContain('This computer has no keychain')
    await type('passphrase-input', 'harbour lantern copper')
    await type('passphrase-repeat', 'harbour lantern copper')
    await submit('continue')
    expect(engine.calls).toEqual([
      { command: 'account.create', input: { name: 'Robin', passphrase: 'harbour lantern copper' } },
    ])
    expect(view.find('[role="img"]').attributes('aria-label')).toBe('Step 3 of 3')
  })
})

describe('the recovery key', () => {
  it('is fetched only when it is asked for, and gone when it is hidden', async () => {
    engine.answer('account.create', ok(READY))
    engine.answer('account.recovery-key', ok('K7QF-2M9D'))
    const { type, submit, click, find, get } = start({ phase: 'new', keychain: true })
    await type('name-input', 'Robin')
    await submit('continue')
    expect(engine.calls.map((call) => call.command)).not.toContain('account.recovery-key')
    await click('recovery-key-show')
    expect(get('recovery-key').textContent).toBe('K7QF-2M9D')
    await click('recovery-key-hide')
    expect(find('recovery-key')).toBeNull()
  })
})

describe('a profile that is here', () => {
  it('opens with its passphrase, and says when that is wrong', async () => {
    engine.answer('account.unlock', { ok: false, code: 'passphrase-wrong', detail: '' })
    const { view, type, submit, get } = start({ phase: 'locked' })
    await type('passphrase-input', 'wrong')
    await submit('unlock')
    expect(get('unlock-error').textContent).toContain('This passphrase is wrong.')
    engine.answer('account.unlock', ok(READY))
    await type('passphrase-input', 'right')
    await submit('unlock')
    expect(view.emitted('done')).toHaveLength(1)
  })

  it('asks for the recovery key when its keychain entry is gone, and offers no new account', async () => {
    engine.answer('account.recover', { ok: false, code: 'recovery-wrong', detail: '' })
    const { view, type, submit, get, find } = start({ phase: 'recovery', keychain: true })
    expect(view.text()).toContain('The keychain entry that opens your messages is gone.')
    expect(find('name-input')).toBeNull()
    await type('recovery-key-input', ' K7QF ')
    await submit('recover')
    expect(engine.calls[0]?.input).toEqual({ recoveryKey: 'K7QF' })
    expect(get('recovery-error').textContent).toContain('This recovery key doesn’t fit.')
  })

  it.each([
    ['profile-open', 'Another Parley is using this profile.'],
    ['store-newer', 'A newer Parley has used this profile'],
    ['store-damaged', 'The file that holds them is damaged.'],
    ['disk-full', 'Free some space'],
  ] as const)('that cannot be opened (%s) says what can be done', (code, sentence) => {
    const { view } = start({ phase: 'failed', code, detail: 'schema 9' })
    expect(view.text()).toContain(sentence)
    expect(view.get('details').attributes('open')).toBeUndefined()
  })
})

describe('restoring', () => {
  async function chooseAndSubmit(): Promise<void> {
    const { click, get, settle, type, submit } = mounted
    await click('restore')
    const input = get('restore-file') as HTMLInputElement
    Object.defineProperty(input, 'files', { value: [new File(['x'], 'my.parley-recovery')], configurable: true })
    Object.defineProperty(input, 'value', { value: '', writable: true, configurable: true })
    input.dispatchEvent(new Event('change', { bubbles: true }))
    await settle()
    await type('recovery-key-input', 'K7QF')
    await submit('restore-submit')
  }

  it('reads the file with its key and is done without offering another file', async () => {
    engine.answer('account.restore', ok(READY))
    const { view } = start({ phase: 'new', keychain: true })
    await chooseAndSubmit()
    expect(engine.calls).toEqual([{ command: 'account.restore', input: { grant: 'grant', recoveryKey: 'K7QF' } }])
    expect(view.emitted('done')).toHaveLength(1)
  })

  it.each([
    ['recovery-wrong', 'This recovery key doesn’t belong to this file.'],
    ['file-damaged', 'This file is damaged or isn’t a recovery file.'],
    ['malformed', 'This file is damaged or isn’t a recovery file.'],
    ['file-empty', 'This file is empty.'],
    ['unsupported-version', 'This recovery file was made by a newer Parley.'],
  ] as const)('says of %s which it is', async (code, sentence) => {
    engine.answer('account.restore', { ok: false, code, detail: '' })
    const { view } = start({ phase: 'new', keychain: true })
    await chooseAndSubmit()
    expect(view.text()).toContain(sentence)
  })

  it('asks for the file first', async () => {
    const { view, click, submit } = start({ phase: 'new', keychain: true })
    await click('restore')
    await submit('restore-submit')
    expect(view.text()).toContain('Choose the recovery file first.')
    expect(engine.calls).toEqual([])
  })
})
