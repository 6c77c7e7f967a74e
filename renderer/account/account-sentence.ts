/** Which sentence of `account.error` a failed account command gets. */

import type { ErrorCode } from '../../shared/errors.ts'

export type AccountSentence =
  | 'passphraseWrong'
  | 'recoveryWrong'
  | 'recoveryWrongForFile'
  | 'fileDamaged'
  | 'fileEmpty'
  | 'fileGone'
  | 'fileUnreadable'
  | 'fileUnwritable'
  | 'fileNewer'
  | 'diskFull'
  | 'accountExists'
  | 'passphraseNeeded'
  | 'notReady'
  | 'failed'

const COMMON: Partial<Record<ErrorCode, AccountSentence>> = {
  'passphrase-wrong': 'passphraseWrong',
  'passphrase-needed': 'passphraseNeeded',
  'recovery-wrong': 'recoveryWrong',
  'disk-full': 'diskFull',
  'account-exists': 'accountExists',
  'not-ready': 'notReady',
  'file-unreadable': 'fileUnwritable',
}

const RESTORE: Partial<Record<ErrorCode, AccountSentence>> = {
  'recovery-wrong': 'recoveryWrongForFile',
  // a key that is no key at all fails before the file is looked at
  'bad-request': 'recoveryWrongForFile',
  'file-empty': 'fileEmpty',
  'file-gone': 'fileGone',
  'not-found': 'fileGone',
  'file-unreadable': 'fileUnreadable',
  'file-damaged': 'fileDamaged',
  'file-too-large': 'fileDamaged',
  'too-large': 'fileDamaged',
  malformed: 'fileDamaged',
  'unsupported-version': 'fileNewer',
}

export function accountSentence(code: ErrorCode): AccountSentence {
  return COMMON[code] ?? 'failed'
}

/** Restoring reads a file that somebody chose, so its failures are about that file. */
export function restoreSentence(code: ErrorCode): AccountSentence {
  return RESTORE[code] ?? accountSentence(code)
}

/** True: the trouble is the chosen file, and choosing another one is what helps. */
export function isAboutFile(sentence: AccountSentence): boolean {
  return ['fileDamaged', 'fileEmpty', 'fileGone', 'fileUnreadable', 'fileNewer'].includes(sentence)
}
