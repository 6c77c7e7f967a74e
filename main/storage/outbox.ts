import type { OutboxStore } from '../ports/store/store.ts'
import type { OutboxRecord } from '../ports/store/records.ts'
import { integer } from './columns.ts'
import { depositTable, outboxTable, shortId } from './record-tables.ts'
import type { Sql, SqlRow } from './sql.ts'

const SELECT = `SELECT outbox.outbox_id, ${outboxTable.list} FROM outbox`
const id = shortId()

function decode(row: SqlRow): OutboxRecord {
  return { outboxId: integer.decode(row[0]), ...outboxTable.decode(row.slice(1)) }
}

export function createOutboxStore(sql: Sql): OutboxStore {
  const ofDevice = sql.query(`${SELECT} WHERE device_id = ? ORDER BY outbox_id`)
  const all = sql.query(`${SELECT} ORDER BY outbox_id`)
  const ofMessage = sql.query(`${SELECT} WHERE message_id = ? ORDER BY outbox_id`)
  const byEnvelope = sql.query(`${SELECT} WHERE envelope_id = ? ORDER BY outbox_id LIMIT 1`)
  const insert = sql.command(outboxTable.insert)
  const lastId = sql.query('SELECT max(outbox_id) FROM outbox')
  const remove = sql.command('DELETE FROM outbox WHERE outbox_id = ?')
  const removeDelivered = sql.command('DELETE FROM outbox WHERE message_id = ? AND device_id = ?')
  const waiting = sql.query(
    `SELECT count(DISTINCT outbox.message_id) FROM outbox JOIN messages ON messages.message_id = outbox.message_id
       WHERE messages.author IS NULL`,
  )
  return {
    insert: (row) => {
      insert.run(...outboxTable.values(row))
      return { outboxId: integer.decode(lastId.get()?.[0]), ...row }
    },
    ofDevice: (deviceId) => ofDevice.all(id.encode(deviceId)).map(decode),
    all: () => all.all().map(decode),
    ofMessage: (messageId) => ofMessage.all(id.encode(messageId)).map(decode),
    byEnvelope: (envelopeId) => {
      const row = byEnvelope.get(id.encode(envelopeId))
      return row === null ? null : decode(row)
    },
    update: (outboxId, patch) => {
      outboxTable.update(sql, patch, 'outbox_id = ?', outboxId)
    },
    delete: (outboxId) => {
      remove.run(outboxId)
    },
    deleteDelivered: (messageId, deviceId) => {
      removeDelivered.run(id.encode(messageId), id.encode(deviceId))
    },
    waitingCount: () => integer.decode(waiting.get()?.[0]),
    ...deposits(sql),
  }
}

function deposits(sql: Sql): Pick<OutboxStore, 'putDeposit' | 'deposits' | 'forgetDeposits'> {
  const upsert = sql.command(depositTable.upsert('messageId', 'deviceId', 'relayId', 'what'))
  const list = sql.query(`${depositTable.select} WHERE message_id = ? ORDER BY held_at_ms`)
  const forget = sql.command('DELETE FROM deposits WHERE message_id = ? AND device_id = ?')
  return {
    putDeposit: (deposit) => {
      upsert.run(...depositTable.values(deposit))
    },
    deposits: (messageId) => list.all(id.encode(messageId)).map((row) => depositTable.decode(row)),
    forgetDeposits: (messageId, deviceId) => {
      forget.run(id.encode(messageId), id.encode(deviceId))
    },
  }
}
