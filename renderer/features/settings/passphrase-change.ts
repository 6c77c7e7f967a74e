export type PassphraseChange = 'set' | 'change' | 'remove'

/** Input of `account.set-passphrase`; what is not needed for this change is not sent. */
export function passphraseInput(
  change: PassphraseChange,
  current: string,
  next: string,
): { current?: string; next: string | null } {
  switch (change) {
    case 'set':
      return { next }
    case 'change':
      return { current, next }
    case 'remove':
      return { current, next: null }
  }
}
