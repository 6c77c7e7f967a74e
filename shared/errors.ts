/**
 * The one closed list of what can go wrong and is expected to. A code crosses the contract as
 * `{ ok: false, code, detail }`; the window turns it into a sentence. Whatever is not on this list
 * is a bug: it throws and takes its process down.
 */
export const ERROR_CODES = [
  // bytes from outside
  'malformed',
  'unsupported-version',
  'too-large',
  // sessions: one code for every decryption failure, so that nothing is an oracle
  'cannot-decrypt',
  'signature-invalid',
  // invites
  'invite-incomplete',
  'invite-altered',
  'invite-expired',
  'invite-used',
  'invite-own',
  'invite-unreachable',
  'invite-revoked',
  // the contract
  'bad-request',
  'not-ready',
  'not-found',
  'blocked',
  'key-not-confirmed',
  // account, store
  'profile-open',
  'passphrase-needed',
  'passphrase-wrong',
  'recovery-needed',
  'recovery-wrong',
  'store-newer',
  'store-damaged',
  'disk-full',
  'account-exists',
  // files
  'file-empty',
  'file-gone',
  'file-unreadable',
  'file-too-large',
  'file-damaged',
  // network and relays
  'unreachable',
  'timeout',
  'relay-refused',
  'relay-invite-needed',
  'relay-full',
  'relay-quota',
  'relay-lying',
  'token-revoked',
  'door-closed',
  'proof-refused',
  'relay-stops',
  'rate-limited',
  'already-collected',
  'cancelled',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** An expected failure. `detail` is for the Details fold of the window: no secrets, no names, no message text. */
export class ParleyError extends Error {
  override readonly name = 'ParleyError'
  readonly code: ErrorCode
  readonly detail: string

  constructor(code: ErrorCode, detail = '', options?: ErrorOptions) {
    super(detail === '' ? code : `${code}: ${detail}`, options)
    this.code = code
    this.detail = detail
  }
}

export function isParleyError(error: unknown, code?: ErrorCode): error is ParleyError {
  return error instanceof ParleyError && (code === undefined || error.code === code)
}
