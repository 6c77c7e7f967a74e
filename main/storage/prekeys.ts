import type { PrekeyStore } from '../ports/store/store.ts'
import { integer } from './columns.ts'
import { prekeyKind, prekeyTable } from './record-tables.ts'
import type { Sql } from './sql.ts'

export function createPrekeyStore(sql: Sql): PrekeyStore {
  const get = sql.query(`${prekeyTable.select} WHERE kind = ? AND prekey_id = ?`)
  const newest = sql.query(`${prekeyTable.select} WHERE kind = ? ORDER BY prekey_id DESC LIMIT 1`)
  const nextId = sql.query('SELECT next_prekey_id FROM profile_state')
  const reserve = sql.command('UPDATE profile_state SET next_prekey_id = next_prekey_id + ?')
  const insert = sql.command(prekeyTable.insert)
  const remove = sql.command('DELETE FROM prekeys WHERE kind = ? AND prekey_id = ?')
  return {
    get: (kind, prekeyId) => prekeyTable.decodeOne(get.get(prekeyKind.encode(kind), prekeyId)),
    newest: (kind) => prekeyTable.decodeOne(newest.get(prekeyKind.encode(kind))),
    reserveIds: (count) => {
      const first = integer.decode(nextId.get()?.[0])
      reserve.run(count)
      return first
    },
    insert: (prekeys) => {
      for (const prekey of prekeys) insert.run(...prekeyTable.values(prekey))
    },
    delete: (kind, prekeyId) => {
      remove.run(prekeyKind.encode(kind), prekeyId)
    },
  }
}
