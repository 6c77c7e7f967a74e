/** Which screen comes before the first one, from the engine's phase and what was typed so far. */

import type { AppState } from '../../../shared/ipc/engine-contract.ts'
import type { ErrorCode } from '../../../shared/errors.ts'

/** Where a new person is; `restore` branches off from the name. */
export type FirstRunStep = 'name' | 'passphrase' | 'restore'

export type OnboardingScreen =
  | { readonly name: 'waiting' | 'restore' | 'locked' }
  | { readonly name: 'name' | 'passphrase' | 'recovery'; readonly step: number; readonly count: number }
  | { readonly name: 'key-gone'; readonly keychain: boolean }
  | { readonly name: 'failed'; readonly code: ErrorCode; readonly detail: string }
  /** Nothing is left to ask: the first screen takes over. */
  | { readonly name: 'done' }

export interface FirstRun {
  readonly step: FirstRunStep
  /** Made just now and not restored: the recovery file has not been offered yet. */
  readonly offerRecovery: boolean
  /** How the computer was when the account was made; decides how many steps there were. */
  readonly keychain: boolean
}

/** Name and recovery file, and between them a passphrase where there is no keychain. */
function stepCount(keychain: boolean): number {
  return keychain ? 2 : 3
}

export function onboardingScreen(state: AppState, run: FirstRun): OnboardingScreen {
  switch (state.phase) {
    case 'starting':
      return { name: 'waiting' }
    case 'new':
      if (run.step === 'restore') return { name: 'restore' }
      // a keychain that appeared meanwhile needs no passphrase
      if (run.step === 'passphrase' && !state.keychain) return { name: 'passphrase', step: 2, count: 3 }
      return { name: 'name', step: 1, count: stepCount(state.keychain) }
    case 'locked':
      return { name: 'locked' }
    case 'recovery':
      return { name: 'key-gone', keychain: state.keychain }
    case 'failed':
      return { name: 'failed', code: state.code, detail: state.detail }
    case 'ready': {
      const count = stepCount(run.keychain)
      return run.offerRecovery ? { name: 'recovery', step: count, count } : { name: 'done' }
    }
  }
}

/** Of `onboarding.failed`. */
export type FailedSentence = 'open' | 'newer' | 'damaged' | 'disk' | 'unreadable' | 'other'

const FAILED: Partial<Record<ErrorCode, FailedSentence>> = {
  'profile-open': 'open',
  'store-newer': 'newer',
  'unsupported-version': 'newer',
  'store-damaged': 'damaged',
  'disk-full': 'disk',
  'file-unreadable': 'unreadable',
}

export function failedSentence(code: ErrorCode): FailedSentence {
  return FAILED[code] ?? 'other'
}
