import type { InviteView } from '../../../shared/model/chat.ts'

/** The key of the sentence about an invite that no longer works; takes `name` and `date`. */
export function goneSentence({ state, label }: Pick<InviteView, 'state' | 'label'>): string {
  switch (state) {
    case 'used':
      return label === '' ? 'invite.gone.used' : 'invite.gone.usedBy'
    case 'revoked':
      return 'invite.gone.revoked'
    // an open one that is asked about has run out since the engine looked last
    case 'open':
    case 'expired':
      return 'invite.gone.expired'
  }
}
