import type { BlobId, MessageId } from '../../shared/model/ids.ts'
import type { MessageStore } from '../ports/store/store.ts'
import { integer, orderKey } from './columns.ts'
import {
  MESSAGES_OF_CHAT,
  MESSAGES_WITH_CONTACT,
  MESSAGE_BY_ID,
  decodeMessage,
  flattenBody,
  messageTable,
} from './message-row.ts'
import { shortId } from './record-tables.ts'
import type { Sql, SqlRow } from './sql.ts'

const id = shortId()

export function createMessageStore(sql: Sql, nowMs: () => number): MessageStore {
  const get = sql.query(MESSAGE_BY_ID)
  const newest = sql.query(`${MESSAGES_OF_CHAT} ORDER BY messages.order_key DESC LIMIT ?`)
  const before = sql.query(`${MESSAGES_OF_CHAT} AND messages.order_key < ? ORDER BY messages.order_key DESC LIMIT ?`)
  const unread = sql.query(
    `${MESSAGES_OF_CHAT} AND messages.author IS NOT NULL AND messages.read_at_ms IS NULL ORDER BY messages.order_key`,
  )
  const undelivered = sql.query(`${MESSAGES_WITH_CONTACT} AND messages.status < 2 ORDER BY messages.order_key`)
  return {
    get: (messageId) => {
      const row = get.get(id.encode(messageId))
      return row === null ? null : decodeMessage(row)
    },
    page: (chatId, beforeKey, limit) => {
      const rows =
        beforeKey === null
          ? newest.all(id.encode(chatId), limit)
          : before.all(id.encode(chatId), orderKey.encode(beforeKey), limit)
      return rows.map(decodeMessage).reverse()
    },
    unread: (chatId) => unread.all(id.encode(chatId)).map(decodeMessage),
    undelivered: (contactId) => undelivered.all(id.encode(contactId)).map(decodeMessage),
    update: (messageId, { body, ...patch }) => {
      const flat = body === undefined ? patch : { ...patch, ...flattenBody(body) }
      messageTable.update(sql, flat, 'message_id = ?', id.encode(messageId))
    },
    ...insertion(sql),
    ...deletion(sql, nowMs),
    ...deviceCommits(sql),
  }
}

function insertion(sql: Sql): Pick<MessageStore, 'insert'> {
  const known = sql.query(
    `SELECT 1 WHERE EXISTS (SELECT 1 FROM messages WHERE message_id = ?)
       OR EXISTS (SELECT 1 FROM tombstones WHERE message_id = ?)`,
  )
  const chatRow = sql.query('SELECT row_id FROM chats WHERE chat_id = ?')
  const authorRow = sql.query('SELECT row_id FROM contacts WHERE contact_id = ?')
  const insert = sql.command(
    `INSERT INTO messages (message_id, chat, author, ${messageTable.names}) VALUES (?, ?, ?, ${messageTable.marks})`,
  )
  return {
    insert: (message) => {
      const messageId = id.encode(message.messageId)
      if (known.get(messageId, messageId) !== null) return false
      const chat = integer.decode(chatRow.get(id.encode(message.chatId))?.[0])
      const author = message.authorId === null ? null : integer.decode(authorRow.get(id.encode(message.authorId))?.[0])
      insert.run(messageId, chat, author, ...messageTable.values({ ...message, ...flattenBody(message.body) }))
      return true
    },
  }
}

/** Everything that hangs on a message goes with it; the tombstone alone stays. */
function deletion(sql: Sql, nowMs: () => number): Pick<MessageStore, 'delete' | 'deleteChat'> {
  const blobs = (rows: readonly SqlRow[]) => rows.map((row) => shortId<BlobId>().decode(row[0]))
  const perMessage = (where: string) => ({
    blobs: sql.query(`SELECT blob_id FROM attachments WHERE message_id ${where}`),
    bury: sql.command(
      `INSERT INTO tombstones (message_id, deleted_at_ms) SELECT message_id, ? FROM messages WHERE message_id ${where}
         ON CONFLICT DO NOTHING`,
    ),
    remove: ['attachments', 'outbox', 'commits', 'deposits', 'messages'].map((table) =>
      sql.command(`DELETE FROM ${table} WHERE message_id ${where}`),
    ),
  })
  const one = perMessage('= ?')
  const ofChat = perMessage(
    'IN (SELECT message_id FROM messages WHERE chat = (SELECT row_id FROM chats WHERE chat_id = ?))',
  )
  const remove = (statements: ReturnType<typeof perMessage>, key: MessageId | string): readonly BlobId[] =>
    sql.transaction(() => {
      const gone = blobs(statements.blobs.all(id.encode(key)))
      statements.bury.run(nowMs(), id.encode(key))
      for (const statement of statements.remove) statement.run(id.encode(key))
      return gone
    })
  return {
    delete: (messageId) => remove(one, messageId),
    deleteChat: (chatId) => remove(ofChat, chatId),
  }
}

function deviceCommits(sql: Sql): Pick<MessageStore, 'recordCommit' | 'commits'> {
  // The first commit counts: a device that is asked again answers again.
  const record = sql.command(
    'INSERT INTO commits (message_id, device_id, committed_at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const list = sql.query('SELECT device_id, committed_at_ms FROM commits WHERE message_id = ? ORDER BY committed_at_ms')
  return {
    recordCommit: (messageId, deviceId, atMs) => {
      record.run(id.encode(messageId), id.encode(deviceId), atMs)
    },
    commits: (messageId) =>
      list.all(id.encode(messageId)).map((row) => ({
        deviceId: shortId<Parameters<MessageStore['recordCommit']>[1]>().decode(row[0]),
        committedAtMs: integer.decode(row[1]),
      })),
  }
}
