/** Which sentence a failed invite gets. Keys are those of `i18n/en/invite.ts`. */

import type { ErrorCode } from '../../../shared/errors.ts'

/** Of `invite.accept.error`. */
export type AcceptSentence =
  | 'expired'
  | 'used'
  | 'incomplete'
  | 'altered'
  | 'own'
  | 'unreachable'
  | 'revoked'
  | 'newer'
  | 'full'
  | 'relayAddress'
  | 'notALink'
  | 'notReady'
  | 'diskFull'
  | 'cancelled'
  | 'failed'

const SENTENCES: Partial<Record<ErrorCode, AcceptSentence>> = {
  'invite-expired': 'expired',
  'invite-used': 'used',
  'invite-incomplete': 'incomplete',
  'invite-altered': 'altered',
  'signature-invalid': 'altered',
  'cannot-decrypt': 'altered',
  malformed: 'altered',
  'invite-own': 'own',
  'invite-unreachable': 'unreachable',
  unreachable: 'unreachable',
  timeout: 'unreachable',
  'rate-limited': 'unreachable',
  'relay-stops': 'unreachable',
  'relay-refused': 'unreachable',
  'invite-revoked': 'revoked',
  'unsupported-version': 'newer',
  'relay-full': 'full',
  'relay-quota': 'full',
  'bad-request': 'notALink',
  'not-ready': 'notReady',
  'disk-full': 'diskFull',
  cancelled: 'cancelled',
}

/** A code that no invite is expected to end in has the general sentence; the code shows under Details. */
export function acceptSentence(code: ErrorCode): AcceptSentence {
  return SENTENCES[code] ?? 'failed'
}
