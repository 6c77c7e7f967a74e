import { describe, expect, it } from 'vitest'
import type { AppState } from '../../../shared/ipc/engine-contract.ts'
import { DEFAULT_SETTINGS } from '../../../shared/model/settings.ts'
import type { AccountId } from '../../../shared/model/ids.ts'
import { failedSentence, onboardingScreen } from './onboarding-screen.ts'
import type { FirstRun } from './onboarding-screen.ts'

const START: FirstRun = { step: 'name', offerRecovery: false, keychain: true }

const READY: AppState = {
  phase: 'ready',
  account: { accountId: 'a' as AccountId, name: 'Robin', avatarHue: 9, recoverySaved: false },
  settings: DEFAULT_SETTINGS,
  network: { online: true, directCount: 0, relayPathCount: 0, waitingCount: 0, relays: [] },
  keychain: true,
  passphraseSet: false,
}

describe('onboardingScreen', () => {
  it('counts two steps with a keychain and three without', () => {
    expect(onboardingScreen({ phase: 'new', keychain: true }, START)).toEqual({ name: 'name', step: 1, count: 2 })
    expect(onboardingScreen({ phase: 'new', keychain: false }, START)).toEqual({ name: 'name', step: 1, count: 3 })
  })

  it('asks for a passphrase only where there is no keychain', () => {
    const run: FirstRun = { ...START, step: 'passphrase' }
    expect(onboardingScreen({ phase: 'new', keychain: false }, run)).toEqual({ name: 'passphrase', step: 2, count: 3 })
    expect(onboardingScreen({ phase: 'new', keychain: true }, run).name).toBe('name')
  })

  it('offers the recovery file as the last step although the account is ready', () => {
    const run: FirstRun = { step: 'name', offerRecovery: true, keychain: false }
    expect(onboardingScreen(READY, run)).toEqual({ name: 'recovery', step: 3, count: 3 })
  })

  it('offers it to nobody who unlocked, recovered or restored', () => {
    expect(onboardingScreen(READY, START)).toEqual({ name: 'done' })
    expect(onboardingScreen(READY, { ...START, step: 'restore' })).toEqual({ name: 'done' })
  })

  it('never shows the first start while a profile is here, whatever was typed before', () => {
    for (const step of ['name', 'passphrase', 'restore'] as const) {
      expect(onboardingScreen({ phase: 'recovery', keychain: true }, { ...START, step }).name).toBe('key-gone')
      expect(onboardingScreen({ phase: 'locked' }, { ...START, step }).name).toBe('locked')
    }
  })

  it('passes on why a profile cannot be opened', () => {
    expect(onboardingScreen({ phase: 'failed', code: 'store-newer', detail: 'schema 9' }, START)).toEqual({
      name: 'failed',
      code: 'store-newer',
      detail: 'schema 9',
    })
  })
})

describe('failedSentence', () => {
  it.each([
    ['profile-open', 'open'],
    ['store-newer', 'newer'],
    ['store-damaged', 'damaged'],
    ['disk-full', 'disk'],
    ['file-unreadable', 'unreadable'],
    ['timeout', 'other'],
  ] as const)('%s has a sentence of its own: %s', (code, sentence) => {
    expect(failedSentence(code)).toBe(sentence)
  })
})
