import type { SessionStore } from '../ports/store/store.ts'
import type { SkippedKeyRecord } from '../ports/store/records.ts'
import { bytes, integer } from './columns.ts'
import { sessionTable, shortId } from './record-tables.ts'
import type { Sql } from './sql.ts'

/** Beside the current one of a device (Sesame). */
const MAX_PREVIOUS_SESSIONS = 5
const MAX_SKIPPED_KEYS = 10_000

export function createSessionStore(sql: Sql): SessionStore {
  const ofContact = sql.query(
    `${sessionTable.select} WHERE contact_id = ? ORDER BY current DESC, used_at_ms DESC, row_id DESC`,
  )
  const current = sql.query(`${sessionTable.select} WHERE device_id = ? AND current = 1 ORDER BY row_id LIMIT 1`)
  const upsert = sql.command(sessionTable.upsert('sessionId'))
  const demote = sql.command(
    'UPDATE sessions SET current = 0 WHERE contact_id = ? AND device_id = ? AND session_id <> ? AND current = 1',
  )
  const prune = sql.command(
    `DELETE FROM sessions WHERE row_id IN (
       SELECT row_id FROM sessions WHERE contact_id = ? AND device_id = ? AND current = 0
       ORDER BY used_at_ms DESC, row_id DESC LIMIT -1 OFFSET ${MAX_PREVIOUS_SESSIONS})`,
  )
  const rememberBaseKey = sql.command('INSERT INTO base_keys (hash, at_ms) VALUES (?, ?) ON CONFLICT DO NOTHING')
  const id = shortId()
  return {
    ofContact: (contactId) => ofContact.all(id.encode(contactId)).map((row) => sessionTable.decode(row)),
    current: (deviceId) => sessionTable.decodeOne(current.get(id.encode(deviceId))),
    put: (session) => {
      const device = [id.encode(session.contactId), id.encode(session.deviceId)]
      upsert.run(...sessionTable.values(session))
      if (session.current) demote.run(...device, session.sessionId)
      prune.run(...device)
    },
    rememberBaseKey: (hash, nowMs) => rememberBaseKey.run(hash, nowMs) === 1,
    ...skippedKeys(sql),
  }
}

function skippedKeys(
  sql: Sql,
): Pick<SessionStore, 'skippedKey' | 'skippedHeaderKeys' | 'putSkipped' | 'deleteSkipped'> {
  const find = sql.query('SELECT key FROM skipped_keys WHERE header_key_id = ? AND message_number = ?')
  // Steps from one header key to the next instead of reading each of up to 10,000 rows.
  const headerKeys = sql.query(
    `WITH RECURSIVE header (session, header_key_id) AS (
       SELECT row_id, (SELECT min(header_key_id) FROM skipped_keys WHERE session = row_id)
         FROM sessions WHERE session_id = ?
       UNION ALL
       SELECT header.session, (SELECT min(skipped_keys.header_key_id) FROM skipped_keys
           WHERE skipped_keys.session = header.session AND skipped_keys.header_key_id > header.header_key_id)
         FROM header WHERE header.header_key_id IS NOT NULL)
     SELECT header_key_id FROM header WHERE header_key_id IS NOT NULL`,
  )
  const sessionRow = sql.query('SELECT row_id FROM sessions WHERE session_id = ?')
  const insert = sql.command(
    `INSERT INTO skipped_keys (header_key_id, message_number, session, key, created_at_ms) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (header_key_id, message_number) DO UPDATE SET key = excluded.key`,
  )
  const prune = sql.command(
    `DELETE FROM skipped_keys WHERE (header_key_id, message_number) IN (
       SELECT header_key_id, message_number FROM skipped_keys WHERE session = ?
       ORDER BY created_at_ms DESC, message_number DESC LIMIT -1 OFFSET ${MAX_SKIPPED_KEYS})`,
  )
  const remove = sql.command('DELETE FROM skipped_keys WHERE header_key_id = ? AND message_number = ?')
  return {
    skippedKey: (headerKeyId, messageNumber): SkippedKeyRecord | null => {
      const row = find.get(headerKeyId, messageNumber)
      return row === null ? null : { headerKeyId, messageNumber, key: bytes.decode(row[0]) }
    },
    skippedHeaderKeys: (sessionId) => headerKeys.all(sessionId).map((row) => bytes.decode(row[0])),
    putSkipped: (sessionId, keys, nowMs) => {
      if (keys.length === 0) return
      const session = integer.decode(sessionRow.get(sessionId)?.[0])
      for (const { headerKeyId, messageNumber, key } of keys) {
        insert.run(headerKeyId, messageNumber, session, key, nowMs)
      }
      prune.run(session)
    },
    deleteSkipped: (headerKeyId, messageNumber) => {
      remove.run(headerKeyId, messageNumber)
    },
  }
}
