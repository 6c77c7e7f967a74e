/** The cluster as one database: the primary is looked for, watched, looked for again; what may be repeated is. */

import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { Refused } from '../refused.ts'
import type { PostgresConfig } from './store-config.ts'
import { ConnectionLost } from './postgres-connection.ts'
import { findPrimary, StoreMisconfigured } from './postgres-primary.ts'
import { PostgresSession } from './postgres-session.ts'
import { isConflict, OutcomeUnknown } from './postgres-transaction.ts'
import type { Transaction } from './postgres-transaction.ts'
import type { Row } from './postgres-values.ts'

/** A client waits 15 s for an answer; within this it gets one, if only "later". */
const GIVE_UP_AFTER_MS = 10_000
const RETRY_AFTER_SECONDS = 5
const FULL_RETRY_SECONDS = 600
const RECONNECT_EVERY_MS = 500
const LIFE_EVERY_MS = 2_000
const LIFE_WITHIN_MS = 5_000
const PULSE_EVERY_MS = 1_500

const DISK_FULL = '53100'
/** Shutting down, crashed, starting, read only since it was demoted, cancelled, out of connections. */
const GONE = /^(08...|57P0.|57014|25006|53300)$/

export interface DatabaseParts {
  readonly config: PostgresConfig
  readonly frontEndId: string
  /** Written again and again while there is a primary, and before anything else at a new one; what it returns is called once that is durable. */
  readonly pulse: (transaction: Transaction) => Promise<() => void>
  /** At a primary that took the first pulse; before anything else is asked of it. */
  readonly onConnected: (session: PostgresSession) => Promise<void>
  readonly onEvent: (event: 'store-connected' | 'store-lost' | 'store-unfit') => void
}

export class PostgresDatabase {
  readonly #parts: DatabaseParts
  readonly #ended = new AbortController()
  #session: PostgresSession | null = null
  readonly #onSession = new Set<() => void>()
  #minTimeline = 0
  /** Told once, and not at every attempt. */
  #unfit = false
  #watching: Promise<void> = Promise.resolve()

  constructor(parts: DatabaseParts) {
    this.#parts = parts
  }

  get lanes(): number {
    return this.#parts.config.connections
  }

  /** @throws Error: no server that may be used; `prepare` runs first and once */
  async start(prepare: (session: PostgresSession) => Promise<void>): Promise<void> {
    const session = await this.#connect(prepare)
    this.#watching = this.#watch(session)
  }

  async #connect(prepare: (session: PostgresSession) => Promise<void>): Promise<PostgresSession> {
    const { config, frontEndId, pulse, onConnected, onEvent } = this.#parts
    const found = await findPrimary(config, this.#minTimeline)
    const session = await PostgresSession.open({ config, found, frontEndId }, () => {
      this.#drop(session)
    })
    try {
      await prepare(session)
      // Waits for a replica: a server that has none is not used, and is asked once and not by everybody.
      const confirm = await session.onPulse(pulse)
      confirm()
      await onConnected(session)
      if (this.#ended.signal.aborted) throw new ConnectionLost('closed')
    } catch (error) {
      session.destroy()
      throw error
    }
    this.#minTimeline = found.timeline
    this.#session = session
    this.#unfit = false
    onEvent('store-connected')
    for (const tell of this.#onSession) tell()
    this.#onSession.clear()
    return session
  }

  /** Until the end: signs of life, a pulse, and a new primary when there is none. */
  async #watch(first: PostgresSession): Promise<void> {
    const { signal } = this.#ended
    let session: PostgresSession | null = first
    while (!signal.aborted) {
      if (session !== null) {
        await Promise.all([this.#pulseUntilLost(session), this.#askUntilLost(session)])
        this.#drop(session)
      }
      session = await this.#reconnect()
      if (session === null) await pause(RECONNECT_EVERY_MS, signal)
    }
  }

  async #reconnect(): Promise<PostgresSession | null> {
    if (this.#ended.signal.aborted) return null
    try {
      return await this.#connect(async () => undefined)
    } catch (error) {
      if (error instanceof StoreMisconfigured && !this.#unfit) this.#parts.onEvent('store-unfit')
      this.#unfit = error instanceof StoreMisconfigured
      return null
    }
  }

  async #pulseUntilLost(session: PostgresSession): Promise<void> {
    while (this.#session === session) {
      await pause(PULSE_EVERY_MS, this.#ended.signal)
      if (this.#session !== session) return
      try {
        const confirm = await session.onPulse(this.#parts.pulse)
        confirm()
      } catch (error) {
        if (error instanceof pg.DatabaseError && isConflict(error)) continue
        this.#drop(session)
      }
    }
  }

  async #askUntilLost(session: PostgresSession): Promise<void> {
    const sql = session.found.genuine ? 'select pg_is_in_recovery() as replica' : 'select false as replica'
    while (this.#session === session) {
      await pause(LIFE_EVERY_MS, this.#ended.signal)
      if (this.#session !== session) return
      try {
        const [row] = await session.watcher.query(sql, [], LIFE_WITHIN_MS)
        if (row?.['replica'] === true) this.#drop(session)
      } catch {
        this.#drop(session)
      }
    }
  }

  #drop(session: PostgresSession): void {
    session.destroy()
    if (this.#session !== session) return
    this.#session = null
    if (!this.#ended.signal.aborted) this.#parts.onEvent('store-lost')
  }

  /** In `lane`, those of one mailbox always the same. `body` may run several times, and must come to the same. @throws as `write` */
  inLane<T>(lane: number, body: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#persist((session) => session.onLane(lane, body), true)
  }

  /**
   * `repeatable`: carrying it out twice comes to the same. What is not is refused when nobody knows whether it was.
   * @throws relay-full: the store's disk is; unreachable
   */
  write<T>(body: (transaction: Transaction) => Promise<T>, repeatable = true): Promise<T> {
    return this.#persist((session) => session.onOther(body), repeatable)
  }

  /** @throws unreachable */
  read(sql: string, ...values: readonly unknown[]): Promise<readonly Row[]> {
    return this.#persist((session) => session.read(sql, values), true)
  }

  /** On the connection that nothing durable hangs on, at once or not at all. @throws ConnectionLost | DatabaseError */
  async aside(sql: string, ...values: readonly unknown[]): Promise<readonly Row[]> {
    if (this.#session === null) throw new ConnectionLost('no primary')
    return this.#session.watcher.query(sql, values, LIFE_WITHIN_MS)
  }

  async #persist<T>(attempt: (session: PostgresSession) => Promise<T>, repeatable: boolean): Promise<T> {
    const giveUpAtMs = performance.now() + GIVE_UP_AFTER_MS
    for (;;) {
      const session = await this.#sessionBefore(giveUpAtMs)
      try {
        return await attempt(session)
      } catch (error) {
        const mayRepeat = this.#assess(session, error) && (repeatable || !(error instanceof OutcomeUnknown))
        if (!mayRepeat || performance.now() > giveUpAtMs) throw unreachable(error)
      }
    }
  }

  /** True: may be tried again. @throws what trying again does not help against */
  #assess(session: PostgresSession, error: unknown): boolean {
    if (error instanceof ConnectionLost || error instanceof OutcomeUnknown) {
      this.#drop(session)
      return true
    }
    if (!(error instanceof pg.DatabaseError)) throw error
    if (isConflict(error)) return true
    if (error.code === DISK_FULL) throw new Refused('relay-full', 'disk', FULL_RETRY_SECONDS)
    if (!GONE.test(error.code ?? '')) throw error
    this.#drop(session)
    return true
  }

  async #sessionBefore(giveUpAtMs: number): Promise<PostgresSession> {
    while (this.#session === null) {
      const leftMs = giveUpAtMs - performance.now()
      if (leftMs <= 0 || this.#ended.signal.aborted) throw unreachable(null)
      await this.#connectedWithin(leftMs)
    }
    return this.#session
  }

  async #connectedWithin(ms: number): Promise<void> {
    const waited = new AbortController()
    const connected = (): void => {
      waited.abort()
    }
    this.#onSession.add(connected)
    await pause(ms, AbortSignal.any([waited.signal, this.#ended.signal]))
    this.#onSession.delete(connected)
  }

  async close(): Promise<void> {
    const session = this.#session
    this.#session = null
    this.#ended.abort()
    await session?.close()
    await this.#watching
  }
}

function unreachable(cause: unknown): Refused {
  const refused = new Refused('unreachable', 'store', RETRY_AFTER_SECONDS)
  refused.cause = cause
  return refused
}

/** Ends early, and without an error, when `signal` does. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false }).catch(() => undefined)
}
