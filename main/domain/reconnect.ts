/** When a lost connection to one's relay is tried again. */

import type { ErrorCode } from '../../shared/errors.ts'
import { backoffMs } from './backoff.ts'
import { RECONNECT } from './delivery-limits.ts'

/** So that a relay that only ever stops is not dialled without end. */
const MOVE_EVERY_MS = 60_000

export interface LostConnection {
  readonly code: ErrorCode
  /** Failures in a row. */
  readonly attempt: number
  /** When it last went to another front end without waiting; -Infinity: never. */
  readonly movedAtMs: number
  readonly nowMs: number
  /** 0 to 1, random. */
  readonly spread: number
}

/** A front end that stops has others beside it: going there waits for nothing, once in a while. */
export function reconnectAfterMs({ code, attempt, movedAtMs, nowMs, spread }: LostConnection): number {
  if (code === 'relay-stops' && nowMs - movedAtMs >= MOVE_EVERY_MS) return 0
  return backoffMs(attempt, RECONNECT, spread)
}

const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'relay-refused',
  'relay-invite-needed',
  'relay-lying',
  'relay-full',
  'relay-quota',
  'rate-limited',
  'unsupported-version',
  'signature-invalid',
])

/** The relay answers, and says why not; any other code means that nothing answers. */
export function isRelayRefusal(code: ErrorCode): boolean {
  return REFUSALS.has(code)
}
