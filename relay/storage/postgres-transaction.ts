/** One transaction on one connection, durable on the replica too when it resolves. */

import pg from 'pg'
import { ConnectionLost } from './postgres-connection.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { textOf } from './postgres-values.ts'
import type { Row } from './postgres-values.ts'

/** A commit may wait for a replica; a statement for who holds a row until a commit. */
export const WRITE_WITHIN_MS = 15_000

/** The commit was sent and its answer did not come: it may have been carried out, or not. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown'
}

/**
 * Where the answer rests on rows that are only read, they are read `for update`: that writes, so the commit waits for the
 * replica, and what was read is on it as well. A commit that wrote nothing waits for nobody.
 */
export interface Transaction {
  /** With `returning`, the rows that were written. */
  all(sql: string, ...values: readonly unknown[]): Promise<readonly Row[]>
  get(sql: string, ...values: readonly unknown[]): Promise<Row | undefined>
}

export interface TransactionParts {
  readonly connection: PostgresConnection
  readonly requireReplica: boolean
  /** PostgreSQL itself. */
  readonly genuine: boolean
}

/**
 * Tells also when the commit was sent: at that time this server still was the primary.
 * @throws ConnectionLost, DatabaseError: nothing was done; OutcomeUnknown
 */
export async function transact<T>(
  parts: TransactionParts,
  body: (transaction: Transaction) => Promise<T>,
): Promise<{ readonly value: T; readonly sentAtMs: number }> {
  const { connection } = parts
  const all: Transaction['all'] = (sql, ...values) => connection.query(sql, values, WRITE_WITHIN_MS)
  const begun = connection.script('begin', WRITE_WITHIN_MS)
  begun.catch(() => undefined)
  try {
    const value = await body({ all, get: async (sql, ...values) => (await all(sql, ...values))[0] })
    await begun
    return { value, sentAtMs: await commit(parts) }
  } catch (error) {
    if (!connection.isLost && !(error instanceof OutcomeUnknown)) await connection.script('rollback', WRITE_WITHIN_MS)
    throw error
  }
}

async function commit({ connection, requireReplica, genuine }: TransactionParts): Promise<number> {
  connection.takeUnreplicated()
  const sentAtMs = performance.now()
  const standbys = requireReplica && genuine ? `; select current_setting('synchronous_standby_names') as standbys` : ''
  try {
    const [row] = await connection.script(`commit${standbys}`, WRITE_WITHIN_MS)
    const alone = standbys !== '' && textOf(row, 'standbys') === ''
    if (requireReplica && (alone || connection.takeUnreplicated())) throw new ConnectionLost('no replica')
    return sentAtMs
  } catch (cause) {
    if (cause instanceof pg.DatabaseError && isConflict(cause)) throw cause
    throw new OutcomeUnknown('commit', { cause })
  }
}

/** Another transaction was in the way: nothing was done, and the same may be tried again at once. */
export function isConflict({ code }: pg.DatabaseError): boolean {
  return code === '40001' || code === '40P01'
}
