import type { ChatStore } from '../ports/store/store.ts'
import { integer } from './columns.ts'
import { MESSAGES_OF_CHAT, decodeMessage } from './message-row.ts'
import { chatTable, shortId } from './record-tables.ts'
import type { Sql } from './sql.ts'

export function createChatStore(sql: Sql): ChatStore {
  const list = sql.query(`${chatTable.select} ORDER BY last_activity_at_ms DESC, row_id DESC`)
  const get = sql.query(`${chatTable.select} WHERE chat_id = ?`)
  const ofContact = sql.query(`${chatTable.select} WHERE contact_id = ?`)
  const insert = sql.command(chatTable.insert)
  const remove = sql.command('DELETE FROM chats WHERE chat_id = ?')
  const moveMessages = sql.command(
    `UPDATE messages SET chat = (SELECT row_id FROM chats WHERE chat_id = ?)
       WHERE chat = (SELECT row_id FROM chats WHERE chat_id = ?)`,
  )
  const unread = sql.query(
    `SELECT count(*) FROM messages WHERE chat = (SELECT row_id FROM chats WHERE chat_id = ?)
       AND author IS NOT NULL AND read_at_ms IS NULL`,
  )
  const lastMessage = sql.query(`${MESSAGES_OF_CHAT} ORDER BY messages.order_key DESC LIMIT 1`)
  const unreadChats = sql.query(
    `SELECT count(*) FROM chats WHERE EXISTS (SELECT 1 FROM messages
       WHERE messages.chat = chats.row_id AND author IS NOT NULL AND read_at_ms IS NULL)`,
  )
  const id = shortId()
  return {
    list: () => list.all().map((row) => chatTable.decode(row)),
    get: (chatId) => chatTable.decodeOne(get.get(id.encode(chatId))),
    ofContact: (contactId) => chatTable.decodeOne(ofContact.get(id.encode(contactId))),
    insert: (chat) => {
      insert.run(...chatTable.values(chat))
    },
    update: (chatId, patch) => {
      chatTable.update(sql, patch, 'chat_id = ?', id.encode(chatId))
    },
    join: (from, into) => {
      const left = chatTable.decodeOne(get.get(id.encode(from)))
      const joined = chatTable.decodeOne(get.get(id.encode(into)))
      if (left === null || joined === null) throw new Error('a chat that is not there is joined')
      moveMessages.run(id.encode(into), id.encode(from))
      // A contact has one chat: the row makes way while the other takes its contact.
      remove.run(id.encode(from))
      chatTable.update(sql, { contactId: left.contactId }, 'chat_id = ?', id.encode(into))
      insert.run(...chatTable.values({ ...left, contactId: joined.contactId }))
    },
    unreadCount: (chatId) => integer.decode(unread.get(id.encode(chatId))?.[0]),
    lastMessage: (chatId) => {
      const row = lastMessage.get(id.encode(chatId))
      return row === null ? null : decodeMessage(row)
    },
    unreadChatCount: () => integer.decode(unreadChats.get()?.[0]),
  }
}
