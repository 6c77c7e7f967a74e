import type { ContactStore } from '../ports/store/store.ts'
import { contactDeviceTable, contactTable, shortId, keyId } from './record-tables.ts'
import type { Sql } from './sql.ts'

export function createContactStore(sql: Sql): ContactStore {
  const list = sql.query(`${contactTable.select} ORDER BY row_id`)
  const byId = sql.query(`${contactTable.select} WHERE contact_id = ?`)
  const byAccount = sql.query(`${contactTable.select} WHERE account_id = ?`)
  const byHandle = sql.query(`${contactTable.select} WHERE own_handle = ? ORDER BY row_id LIMIT 1`)
  // A contact may claim any key for a device; the one who came first with it keeps it.
  const byPeerKey = sql.query(
    `${contactTable.select} WHERE contact_id =
      (SELECT contact_id FROM contact_devices WHERE peer_key = ? ORDER BY row_id LIMIT 1)`,
  )
  const insert = sql.command(contactTable.insert)
  const contactId = shortId()
  return {
    list: () => list.all().map((row) => contactTable.decode(row)),
    get: (contact) => contactTable.decodeOne(byId.get(contactId.encode(contact))),
    byAccount: (account) => contactTable.decodeOne(byAccount.get(keyId().encode(account))),
    byHandle: (handle) => contactTable.decodeOne(byHandle.get(handle)),
    byPeerKey: (peerKey) => contactTable.decodeOne(byPeerKey.get(peerKey)),
    insert: (contact) => {
      insert.run(...contactTable.values(contact))
    },
    update: (contact, patch) => {
      contactTable.update(sql, patch, 'contact_id = ?', contactId.encode(contact))
    },
    ...contactDevices(sql),
  }
}

function contactDevices(sql: Sql): Pick<ContactStore, 'devices' | 'setDevices'> {
  const list = sql.query(`${contactDeviceTable.select} WHERE contact_id = ? ORDER BY added_at_ms, row_id`)
  const upsert = sql.command(contactDeviceTable.upsert('contactId', 'deviceId'))
  const forget = sql.command('DELETE FROM contact_devices WHERE contact_id = ? AND device_id = ?')
  const forgetSessions = sql.command('DELETE FROM sessions WHERE contact_id = ? AND device_id = ?')
  const forgetOutbox = sql.command('DELETE FROM outbox WHERE contact_id = ? AND device_id = ?')
  const id = shortId()
  const devices: ContactStore['devices'] = (contact) =>
    list.all(id.encode(contact)).map((row) => contactDeviceTable.decode(row))
  return {
    devices,
    setDevices: (contact, next) => {
      sql.transaction(() => {
        const kept = new Set(next.map((device) => device.deviceId))
        for (const { deviceId } of devices(contact)) {
          if (kept.has(deviceId)) continue
          const gone = [id.encode(contact), id.encode(deviceId)]
          for (const command of [forget, forgetSessions, forgetOutbox]) command.run(...gone)
        }
        for (const device of next) upsert.run(...contactDeviceTable.values(device))
      })
    },
  }
}
