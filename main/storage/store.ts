import type { Clock } from '../ports/runtime.ts'
import type { Store } from '../ports/store/store.ts'
import { createAccountStore } from './account.ts'
import { createAttachmentStore } from './attachments.ts'
import { createChatStore } from './chats.ts'
import { createContactStore } from './contacts.ts'
import { createInboxStore } from './inbox.ts'
import { createInviteStore } from './invites.ts'
import { createMessageStore } from './messages.ts'
import { createOutboxStore } from './outbox.ts'
import { createOwnRelayStore } from './own-relays.ts'
import { createPrekeyStore } from './prekeys.ts'
import { createSessionStore } from './sessions.ts'
import { createSettingsStore } from './settings.ts'
import type { Sql } from './sql.ts'

export interface StoreOptions {
  /** Dates tombstones. */
  readonly clock: Pick<Clock, 'nowMs'>
  /** Called once the transaction with the account is on disk and before it returns. */
  readonly onAccountMade?: () => void
}

/** The repositories over an open database (`openDatabase`). */
export function createStore(sql: Sql, { clock, onAccountMade = () => undefined }: StoreOptions): Store {
  return {
    account: createAccountStore(sql, onAccountMade),
    settings: createSettingsStore(sql),
    contacts: createContactStore(sql),
    sessions: createSessionStore(sql),
    prekeys: createPrekeyStore(sql),
    chats: createChatStore(sql),
    messages: createMessageStore(sql, () => clock.nowMs()),
    attachments: createAttachmentStore(sql),
    outbox: createOutboxStore(sql),
    inbox: createInboxStore(sql),
    invites: createInviteStore(sql),
    relays: createOwnRelayStore(sql),
    transaction: (body) => sql.transaction(body),
    afterCommit: (callback) => {
      sql.afterCommit(callback)
    },
    close: () => {
      sql.close()
    },
  }
}
