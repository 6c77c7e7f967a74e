/**
 * Sessions as they are worked with, beside their records in the store: what is in use is not decoded, and its keys are not
 * imported, for each message anew. A state is used only while the store holds exactly its record, so a transaction that was
 * undone leaves nothing wrong here.
 */

import { decodeSession, encodeSession } from '../crypto/index.ts'
import type { SessionState } from '../crypto/index.ts'
import type { SessionRecord } from '../ports/store/records.ts'

/** About a kilobyte each, and the key objects of the runtime. */
const MAX_LIVE_SESSIONS = 512

interface LiveSession {
  readonly record: Uint8Array
  readonly state: SessionState
}

export class LiveSessions {
  readonly #maxSessions: number
  /** Least recently used first. */
  readonly #live = new Map<string, LiveSession>()

  constructor(maxSessions = MAX_LIVE_SESSIONS) {
    this.#maxSessions = maxSessions
  }

  get size(): number {
    return this.#live.size
  }

  /** @throws malformed | unsupported-version: a record that this version does not read */
  stateOf(record: Pick<SessionRecord, 'sessionId' | 'state'>): SessionState {
    const live = this.#live.get(nameOf(record.sessionId))
    if (live !== undefined && Buffer.compare(live.record, record.state) === 0) {
      this.#keep(record.sessionId, live)
      return live.state
    }
    const state = decodeSession(record.state)
    this.#keep(record.sessionId, { record: record.state, state })
    return state
  }

  /** The record to be stored of a state that is used from now on. */
  recordOf(state: SessionState): Uint8Array {
    const record = encodeSession(state)
    this.#keep(state.sessionId, { record, state })
    return record
  }

  /** Lets go of every state, and with them of their keys: the profile was locked or closed. */
  clear(): void {
    this.#live.clear()
  }

  #keep(sessionId: Uint8Array, live: LiveSession): void {
    const name = nameOf(sessionId)
    this.#live.delete(name)
    this.#live.set(name, live)
    if (this.#live.size <= this.#maxSessions) return
    const [oldest] = this.#live.keys()
    if (oldest !== undefined) this.#live.delete(oldest)
  }
}

function nameOf(sessionId: Uint8Array): string {
  return Buffer.from(sessionId.buffer, sessionId.byteOffset, sessionId.byteLength).toString('latin1')
}
