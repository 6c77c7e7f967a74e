import type { ContactId, MessageId } from '../../shared/model/ids.ts'
import type { InboxStore } from '../ports/store/store.ts'
import { integer, nullable } from './columns.ts'
import { parkedTable, prekeyKind, shortId } from './record-tables.ts'
import type { Sql } from './sql.ts'

const MAX_PARKED_OF_CONTACT = 1_000
const id = shortId()

export function createInboxStore(sql: Sql): InboxStore {
  const seen = sql.query(
    `SELECT contacts.contact_id, seen.message_id FROM seen LEFT JOIN contacts ON contacts.row_id = seen.contact
       WHERE seen.envelope_id = ?`,
  )
  // A parked envelope was seen before anybody knew what it held: opening it later adds that.
  const markSeen = sql.command(
    `INSERT INTO seen (envelope_id, contact, message_id, at_ms)
       VALUES (?, (SELECT row_id FROM contacts WHERE contact_id = ?), ?, ?)
       ON CONFLICT (envelope_id) DO UPDATE
         SET contact = excluded.contact, message_id = excluded.message_id, at_ms = excluded.at_ms`,
  )
  return {
    seen: (envelopeId) => {
      const row = seen.get(id.encode(envelopeId))
      if (row === null) return null
      return {
        contactId: nullable(shortId<ContactId>()).decode(row[0] ?? null),
        messageId: nullable(shortId<MessageId>()).decode(row[1] ?? null),
      }
    },
    markSeen: ({ envelopeId, contactId, messageId, atMs }) => {
      markSeen.run(id.encode(envelopeId), nullable(id).encode(contactId), nullable(id).encode(messageId), atMs)
    },
    ...parkedRows(sql),
    sweep: sweeper(sql),
  }
}

function parkedRows(sql: Sql): Pick<InboxStore, 'park' | 'parked' | 'allParked' | 'updateParked' | 'unpark'> {
  const ofContact = sql.query(`${parkedTable.select} WHERE contact_id = ? ORDER BY parked_at_ms, row_id`)
  const all = sql.query(`${parkedTable.select} ORDER BY parked_at_ms, row_id`)
  const insert = sql.command(`${parkedTable.insert} ON CONFLICT (envelope_id) DO NOTHING`)
  const count = sql.query('SELECT count(*) FROM parked WHERE contact_id = ?')
  const dropOldest = sql.command(
    `DELETE FROM parked WHERE row_id IN (
       SELECT row_id FROM parked WHERE contact_id = ? ORDER BY parked_at_ms, row_id LIMIT ?)`,
  )
  const remove = sql.command('DELETE FROM parked WHERE envelope_id = ?')
  return {
    park: (row) => {
      insert.run(...parkedTable.values(row))
      const contact = id.encode(row.contactId)
      const excess = integer.decode(count.get(contact)?.[0]) - MAX_PARKED_OF_CONTACT
      if (excess > 0) dropOldest.run(contact, excess)
    },
    parked: (contactId) => ofContact.all(id.encode(contactId)).map((row) => parkedTable.decode(row)),
    allParked: () => all.all().map((row) => parkedTable.decode(row)),
    updateParked: (envelopeId, patch) => {
      parkedTable.update(sql, patch, 'envelope_id = ?', id.encode(envelopeId))
    },
    unpark: (envelopeId) => {
      remove.run(id.encode(envelopeId))
    },
  }
}

/** Prekeys are counted from when they were replaced: until then they are handed out. */
function sweeper(sql: Sql): InboxStore['sweep'] {
  const signed = Number(prekeyKind.encode('signed'))
  const lastResort = Number(prekeyKind.encode('kem-last-resort'))
  const byAge = [
    'DELETE FROM seen WHERE at_ms < ?',
    'DELETE FROM parked WHERE parked_at_ms < ?',
    'DELETE FROM skipped_keys WHERE created_at_ms < ?',
    'DELETE FROM deposits WHERE held_at_ms < ?',
    'DELETE FROM tombstones WHERE deleted_at_ms < ?',
    `DELETE FROM prekeys WHERE kind IN (${signed}, ${lastResort}) AND EXISTS (
       SELECT 1 FROM prekeys AS newer WHERE newer.kind = prekeys.kind
         AND newer.prekey_id > prekeys.prekey_id AND newer.created_at_ms < ?)`,
    // A one-time prekey is of use only together with a signed one that it was bundled with.
    `DELETE FROM prekeys WHERE kind NOT IN (${signed}, ${lastResort}) AND created_at_ms < ?
       AND created_at_ms < (SELECT min(created_at_ms) FROM prekeys WHERE kind = ${signed})`,
    // As long as its last-resort prekey is here, a handshake could be replayed.
    `DELETE FROM base_keys WHERE at_ms < ?
       AND at_ms < (SELECT min(created_at_ms) FROM prekeys WHERE kind = ${lastResort})`,
  ].map((source) => ({ command: sql.command(source), parameters: source.split('?').length - 1 }))
  return (beforeMs) => {
    sql.transaction(() => {
      for (const { command, parameters } of byAge) command.run(...Array<number>(parameters).fill(beforeMs))
    })
  }
}
