/** Finding the server that may be written to, and holding it to what was asked of it. docs/relay.md, "More than one machine". */

import { setTimeout as delay } from 'node:timers/promises'
import type { PostgresConfig } from './store-config.ts'
import { PostgresConnection } from './postgres-connection.ts'
import { numberOf, textOf } from './postgres-values.ts'

const ANSWER_WITHIN_MS = 5_000
/** A server that was frozen may still call itself the primary; the others get this long to say otherwise. */
const OTHERS_WITHIN_MS = 1_000

export class StoreMisconfigured extends Error {
  override readonly name = 'StoreMisconfigured'
}

export interface FoundPrimary {
  readonly host: string
  /** Grows with each promotion; 0 where the database does not say. */
  readonly timeline: number
  /** PostgreSQL itself: its own settings and functions are there. */
  readonly genuine: boolean
}

interface Answer extends FoundPrimary {
  readonly fault: string | null
}

/**
 * The one with the newest timeline among those that call themselves primary.
 * @throws StoreMisconfigured: the only primary there is does not give what is asked of it; Error: there is none
 */
export async function findPrimary(config: PostgresConfig, minTimeline: number): Promise<FoundPrimary> {
  const answers: Answer[] = []
  const failures: unknown[] = []
  const asked = config.hosts.map(async (host) => {
    try {
      const answer = await ask(config, host)
      if (answer !== null) answers.push(answer)
      return answer !== null
    } catch (error) {
      failures.push(error)
      return false
    }
  })
  const all = Promise.all(asked)
  await firstTrue(asked)
  await Promise.race([all, delay(OTHERS_WITHIN_MS)])
  const newest = answers
    .filter(({ timeline }) => timeline >= minTimeline)
    .reduce<Answer | null>((best, answer) => (best === null || answer.timeline > best.timeline ? answer : best), null)
  if (newest === null) throw new Error('No server of the store answers as its primary.', { cause: failures[0] })
  if (newest.fault !== null) throw new StoreMisconfigured(newest.fault)
  return newest
}

/** Resolves at the first true, or when all are in. */
async function firstTrue(promises: readonly Promise<boolean>[]): Promise<void> {
  const found = promises.map(async (promise) => {
    if (!(await promise)) throw new Error('not this one')
  })
  await Promise.any(found).catch(() => undefined)
}

/** Null: a replica. */
async function ask(config: PostgresConfig, host: string): Promise<Answer | null> {
  const connection = await PostgresConnection.open(config, host)
  try {
    const query = async (sql: string) => (await connection.query(sql, [], ANSWER_WITHIN_MS))[0]
    const version = textOf(await query('select version() as value'), 'value')
    const genuine = version.startsWith('PostgreSQL') && !version.includes('-YB-')
    if (!genuine) return { host, timeline: 0, genuine, fault: null }
    const state = await query('select pg_is_in_recovery() as replica')
    if (state?.['replica'] === true) return null
    const row = await query(
      `select ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint as timeline,
       current_setting('fsync') as fsync, current_setting('synchronous_standby_names') as standbys,
       current_setting('server_version_num')::bigint as version`,
    )
    return { host, timeline: numberOf(row, 'timeline'), genuine, fault: faultOf(config, row) }
  } finally {
    connection.destroy()
  }
}

function faultOf({ requireReplica }: PostgresConfig, row: Parameters<typeof textOf>[0]): string | null {
  if (numberOf(row, 'version') < 150_000) return 'The store needs PostgreSQL 15 or newer.'
  if (textOf(row, 'fsync') !== 'on') return 'The store runs with fsync off: what it confirms is on no disk.'
  if (requireReplica && textOf(row, 'standbys') === '') {
    return 'The store has no synchronous replica (synchronous_standby_names is empty), and the setting store.requireReplica asks for one.'
  }
  return null
}
