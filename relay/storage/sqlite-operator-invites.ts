/** The operator's invites in a SQLite file of their own: the command line writes to it while the relay runs. */

import type { OperatorInvite, OperatorInvites } from './operator-invites.ts'
import { bytesOf, numberOf, SqliteDatabase } from './sqlite-database.ts'
import type { Row } from './sqlite-database.ts'

const MIGRATIONS: readonly string[] = [
  `
  create table invite (
    hash blob primary key, name text not null, uses integer not null, max_uses integer not null,
    created_ms integer not null, expires_ms integer not null
  ) without rowid;
  create table claim (hash blob not null, mark blob not null, primary key (hash, mark)) without rowid;
  `,
]

/** @throws Error when the file was written by a newer version */
export function openOperatorInvites(path: string): OperatorInvites {
  const database = new SqliteDatabase(path, MIGRATIONS)
  return {
    add: ({ hash, name, maxUses, createdAtMs, expiresAtMs }) =>
      database.commit(() => {
        database.run('insert into invite values (?, ?, 0, ?, ?, ?)', hash, name, maxUses, createdAtMs, expiresAtMs)
      }),
    list: async () => database.all('select * from invite order by created_ms, hash').map(inviteOf),
    revoke: async (hash) => {
      const revoked = await database.commit(() => {
        database.run('delete from claim where hash = ?', hash)
        return database.run('delete from invite where hash = ?', hash) > 0
      })
      database.erase()
      return revoked
    },
    claim: (hash, mark, nowMs) => database.commit(() => claim(database, hash, mark, nowMs)),
    settle: (hash, mark, opened) =>
      database.commit(() => {
        const claimed = database.run('delete from claim where hash = ? and mark = ?', hash, mark) > 0
        if (claimed && !opened) database.run('update invite set uses = uses - 1 where hash = ?', hash)
      }),
    close: () => {
      database.close()
    },
  }
}

function claim(database: SqliteDatabase, hash: Uint8Array, mark: Uint8Array, nowMs: number): boolean {
  if (database.get('select 1 from claim where hash = ? and mark = ?', hash, mark) !== undefined) return true
  const taken = database.run(
    'update invite set uses = uses + 1 where hash = ? and uses < max_uses and expires_ms > ?',
    hash,
    nowMs,
  )
  if (taken === 0) return false
  database.run('insert into claim values (?, ?)', hash, mark)
  return true
}

function inviteOf(row: Row): OperatorInvite {
  return {
    hash: bytesOf(row, 'hash'),
    name: String(row.name),
    uses: numberOf(row, 'uses'),
    maxUses: numberOf(row, 'max_uses'),
    createdAtMs: numberOf(row, 'created_ms'),
    expiresAtMs: numberOf(row, 'expires_ms'),
  }
}
