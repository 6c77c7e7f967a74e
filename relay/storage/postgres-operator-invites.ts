/** The operator's invites in the store that all front ends share. */

import type { OperatorInvite, OperatorInvites } from './operator-invites.ts'
import { PostgresConnection } from './postgres-connection.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import { findPrimary } from './postgres-primary.ts'
import { transact } from './postgres-transaction.ts'
import type { Transaction } from './postgres-transaction.ts'
import { bytesOf, numberOf, textOf } from './postgres-values.ts'
import type { Row } from './postgres-values.ts'
import type { PostgresConfig } from './store-config.ts'

type Write = <T>(body: (transaction: Transaction) => Promise<T>) => Promise<T>

/** Of a front end that runs: `close` leaves its connections alone. */
export function invitesIn(database: Pick<PostgresDatabase, 'write'>): OperatorInvites {
  return invitesBy(
    (body) => database.write(body),
    () => undefined,
  )
}

/** Of the command line: a connection of its own. The tables are those of the first start. @throws Error: no server that may be used */
export async function connectInvites(config: PostgresConfig): Promise<OperatorInvites> {
  const { host, genuine } = await findPrimary(config, 0)
  const connection = await PostgresConnection.open(config, host)
  let last: Promise<unknown> = Promise.resolve()
  const write: Write = (body) => {
    // One connection carries one transaction at a time.
    const next = last.then(async () => {
      const { value } = await transact({ connection, requireReplica: config.requireReplica, genuine }, body)
      return value
    })
    last = next.catch(() => undefined)
    return next
  }
  return invitesBy(write, () => {
    connection.destroy()
  })
}

function invitesBy(write: Write, close: () => void): OperatorInvites {
  return {
    add: ({ hash, name, maxUses, createdAtMs, expiresAtMs }) =>
      write(async (transaction) => {
        // The same hash again is the same invite: the answer to the first attempt was lost.
        await transaction.all(
          'insert into operator_invite values ($1, $2, 0, $3, $4, $5) on conflict (hash) do nothing',
          ...[hash, name, maxUses, createdAtMs, expiresAtMs],
        )
      }),
    list: () =>
      write(async (transaction) =>
        (await transaction.all('select * from operator_invite order by created_ms, hash')).map(inviteOf),
      ),
    revoke: (hash) =>
      write(async (transaction) => {
        await transaction.all('delete from operator_claim where hash = $1', hash)
        const gone = await transaction.all('delete from operator_invite where hash = $1 returning hash', hash)
        return gone.length > 0
      }),
    claim: (hash, mark, nowMs) => write((transaction) => claim(transaction, hash, mark, nowMs)),
    settle: (hash, mark, opened) =>
      write(async (transaction) => {
        const sql = 'delete from operator_claim where hash = $1 and mark = $2 returning mark'
        const claimed = (await transaction.all(sql, hash, mark)).length > 0
        if (claimed && !opened) {
          await transaction.all('update operator_invite set uses = uses - 1 where hash = $1', hash)
        }
      }),
    close,
  }
}

/** The invite's row is held first, so that two cannot both have the last use. */
async function claim(transaction: Transaction, hash: Uint8Array, mark: Uint8Array, nowMs: number): Promise<boolean> {
  const invite = await transaction.get(
    'select uses, max_uses, expires_ms from operator_invite where hash = $1 for update',
    hash,
  )
  if (invite === undefined) return false
  const claimed = await transaction.get('select 1 as one from operator_claim where hash = $1 and mark = $2', hash, mark)
  if (claimed !== undefined) return true
  if (numberOf(invite, 'uses') >= numberOf(invite, 'max_uses') || numberOf(invite, 'expires_ms') <= nowMs) return false
  await transaction.all('insert into operator_claim values ($1, $2)', hash, mark)
  await transaction.all('update operator_invite set uses = uses + 1 where hash = $1', hash)
  return true
}

function inviteOf(row: Row): OperatorInvite {
  return {
    hash: bytesOf(row, 'hash'),
    name: textOf(row, 'name'),
    uses: numberOf(row, 'uses'),
    maxUses: numberOf(row, 'max_uses'),
    createdAtMs: numberOf(row, 'created_ms'),
    expiresAtMs: numberOf(row, 'expires_ms'),
  }
}
