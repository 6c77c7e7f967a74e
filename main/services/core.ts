/** What nearly every service needs, and nothing more: no service reaches another through it. */

import type { Crypto, LocalParty } from '../crypto/index.ts'
import type { Clock, Logger } from '../ports/runtime.ts'
import type { Store } from '../ports/store/store.ts'
import type { AccountRecord } from '../ports/store/records.ts'
import type { EngineEvents, EventName } from '../../shared/ipc/engine-contract.ts'
import type { LiveSessions } from './live-sessions.ts'
import { ParleyError } from '../../shared/errors.ts'

export type Emit = <Name extends EventName>(event: Name, payload: EngineEvents[Name]) => void

export interface Core {
  readonly store: Store
  readonly crypto: Crypto
  readonly clock: Clock
  readonly log: Logger
  readonly emit: Emit
  readonly sessions: LiveSessions
  /** This device's keys as the sessions want them; constant while the engine runs. */
  readonly local: LocalParty
}

/** @throws not-ready before the account was made */
export function ownAccount(store: Store): AccountRecord {
  const account = store.account.get()
  if (account === null) throw new ParleyError('not-ready', 'no account')
  return account
}
