import type { InviteStore } from '../ports/store/store.ts'
import { inviteTable, pendingAcceptTable, shortId } from './record-tables.ts'
import type { Sql } from './sql.ts'

export function createInviteStore(sql: Sql): InviteStore {
  const list = sql.query(`${inviteTable.select} ORDER BY created_at_ms DESC, rowid DESC`)
  const get = sql.query(`${inviteTable.select} WHERE invite_id = ?`)
  const bySlot = sql.query(`${inviteTable.select} WHERE slot_id = ?`)
  const byHandle = sql.query(`${inviteTable.select} WHERE handle = ? ORDER BY rowid LIMIT 1`)
  const insert = sql.command(inviteTable.insert)
  const pending = sql.query(`${pendingAcceptTable.select} WHERE slot_id = ?`)
  const putPending = sql.command(pendingAcceptTable.upsert('slotId'))
  const deletePending = sql.command('DELETE FROM pending_accepts WHERE slot_id = ?')
  const id = shortId()
  return {
    list: () => list.all().map((row) => inviteTable.decode(row)),
    get: (inviteId) => inviteTable.decodeOne(get.get(id.encode(inviteId))),
    bySlot: (slotId) => inviteTable.decodeOne(bySlot.get(slotId)),
    byHandle: (handle) => inviteTable.decodeOne(byHandle.get(handle)),
    insert: (invite) => {
      insert.run(...inviteTable.values(invite))
    },
    update: (inviteId, patch) => {
      inviteTable.update(sql, patch, 'invite_id = ?', id.encode(inviteId))
    },
    pendingAccept: (slotId) => pendingAcceptTable.decodeOne(pending.get(slotId)),
    putPendingAccept: (row) => {
      putPending.run(...pendingAcceptTable.values(row))
    },
    deletePendingAccept: (slotId) => {
      deletePending.run(slotId)
    },
  }
}
