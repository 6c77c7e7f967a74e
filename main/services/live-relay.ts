/** What is known of the connection to one of the account's relays; nothing of it is kept. */

import type { OwnerConnection } from '../ports/relay.ts'
import type { ErrorCode } from '../../shared/errors.ts'
import type { RelayView } from '../../shared/model/chat.ts'

export interface LiveRelay {
  connection: OwnerConnection | null
  state: RelayView['state']
  failure: ErrorCode | null
  roundTripMs: number | null
  heldCount: number
  sinceMs: number
  attempt: number
  /** When it last left a front end that stopped. */
  movedAtMs: number
  /** The operator's invite, until the mailbox is open. Not kept on disk: it may open more than this one. */
  admission: Uint8Array | null
  cancelRetry: (() => void) | null
  gone: boolean
}

/** Not connected, as at the start. */
export function lostRelay(nowMs: number): LiveRelay {
  return {
    connection: null,
    state: 'unreachable',
    failure: null,
    roundTripMs: null,
    heldCount: 0,
    sinceMs: nowMs,
    attempt: 0,
    movedAtMs: -Infinity,
    admission: null,
    cancelRetry: null,
    gone: false,
  }
}
