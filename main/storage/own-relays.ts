import type { OwnRelayStore } from '../ports/store/store.ts'
import { keyId, ownRelayTable } from './record-tables.ts'
import type { Sql } from './sql.ts'

export function createOwnRelayStore(sql: Sql): OwnRelayStore {
  const list = sql.query(`${ownRelayTable.select} ORDER BY row_id`)
  const get = sql.query(`${ownRelayTable.select} WHERE relay_id = ?`)
  const insert = sql.command(ownRelayTable.insert)
  const remove = sql.command('DELETE FROM own_relays WHERE relay_id = ?')
  const id = keyId()
  return {
    list: () => list.all().map((row) => ownRelayTable.decode(row)),
    get: (relayId) => ownRelayTable.decodeOne(get.get(id.encode(relayId))),
    insert: (relay) => {
      insert.run(...ownRelayTable.values(relay))
    },
    update: (relayId, patch) => {
      ownRelayTable.update(sql, patch, 'relay_id = ?', id.encode(relayId))
    },
    delete: (relayId) => {
      remove.run(id.encode(relayId))
    },
  }
}
