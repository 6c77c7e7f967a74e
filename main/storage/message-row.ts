/** A message record laid flat: its body in three columns, its chat and author by row number. */

import { ParleyError } from '../../shared/errors.ts'
import type { BlobId } from '../../shared/model/ids.ts'
import type { MessageRecord, StoredBody } from '../ports/store/records.ts'
import { choice, flag, integer, nullable, orderKey, text } from './columns.ts'
import { failure, shortId } from './record-tables.ts'
import type { SqlRow } from './sql.ts'
import { Table } from './table.ts'

/** What of a message is its own, without the ids that say whose and where it is. */
export interface MessageColumns extends Pick<
  MessageRecord,
  'orderKey' | 'sentAtMs' | 'receivedAtMs' | 'late' | 'status' | 'failure' | 'readAtMs'
> {
  readonly kind: StoredBody['kind']
  /** Text, caption, JSON of the event or reason. */
  readonly content: string
  readonly blobId: BlobId | null
}

export const messageStatus = choice(['sending', 'held', 'delivered', 'read', 'failed'])

export const messageTable = new Table<MessageColumns>('messages', {
  orderKey,
  sentAtMs: integer,
  receivedAtMs: integer,
  late: flag,
  kind: choice(['text', 'file', 'event', 'unreadable']),
  content: text,
  blobId: nullable(shortId()),
  status: nullable(messageStatus),
  failure,
  readAtMs: nullable(integer),
})

const COLUMNS = `messages.message_id, chats.chat_id, contacts.contact_id, ${messageTable.list}`
const AUTHOR = 'LEFT JOIN contacts ON contacts.row_id = messages.author'

/** One message: its id is the parameter. */
export const MESSAGE_BY_ID = `SELECT ${COLUMNS} FROM messages JOIN chats ON chats.row_id = messages.chat ${AUTHOR}
  WHERE messages.message_id = ?`

/** To be narrowed and ordered; the chat's id is the first parameter. CROSS JOIN fixes the order: chat first, then its index. */
export const MESSAGES_OF_CHAT = `SELECT ${COLUMNS} FROM chats CROSS JOIN messages ON messages.chat = chats.row_id ${AUTHOR}
  WHERE chats.chat_id = ?`

/** The same, with the id of the contact. */
export const MESSAGES_WITH_CONTACT = `SELECT ${COLUMNS} FROM chats CROSS JOIN messages ON messages.chat = chats.row_id ${AUTHOR}
  WHERE chats.contact_id = ?`

const IDS = 3

export function decodeMessage(row: SqlRow): MessageRecord {
  const { kind, content, blobId, ...rest } = messageTable.decode(row.slice(IDS))
  return {
    messageId: shortId<MessageRecord['messageId']>().decode(row[0]),
    chatId: shortId<MessageRecord['chatId']>().decode(row[1]),
    authorId: nullable(shortId<NonNullable<MessageRecord['authorId']>>()).decode(row[2] ?? null),
    ...rest,
    body: joinBody(kind, content, blobId),
  }
}

export function flattenBody(body: StoredBody): Pick<MessageColumns, 'kind' | 'content' | 'blobId'> {
  switch (body.kind) {
    case 'text':
      return { kind: 'text', content: body.text, blobId: null }
    case 'file':
      return { kind: 'file', content: body.caption, blobId: body.blobId }
    case 'event':
      return { kind: 'event', content: body.json, blobId: null }
    case 'unreadable':
      return { kind: 'unreadable', content: body.reason, blobId: null }
  }
}

function joinBody(kind: StoredBody['kind'], content: string, blobId: BlobId | null): StoredBody {
  switch (kind) {
    case 'text':
      return { kind, text: content }
    case 'file':
      if (blobId === null) throw new ParleyError('store-damaged', 'a file message without its blob')
      return { kind, caption: content, blobId }
    case 'event':
      return { kind, json: content }
    case 'unreadable':
      return { kind, reason: content === 'newer-version' ? content : 'cannot-decrypt' }
  }
}
