import type { AttachmentStore } from '../ports/store/store.ts'
import type { AttachmentRecord } from '../ports/store/records.ts'
import { bytes, choice, flag, integer, nullable, text } from './columns.ts'
import { failure, shortId } from './record-tables.ts'
import type { Sql, SqlRow } from './sql.ts'
import { Table } from './table.ts'

interface AttachmentRow extends Omit<AttachmentRecord, 'photo'> {
  readonly photoWidth: number | null
  readonly photoHeight: number | null
  readonly photoBlurhash: string | null
}

const attachmentTable = new Table<AttachmentRow>('attachments', {
  blobId: shortId(),
  messageId: shortId(),
  name: text,
  mediaType: text,
  sizeBytes: integer,
  ciphertextBytes: integer,
  key: bytes,
  sha256: bytes,
  photoWidth: nullable(integer),
  photoHeight: nullable(integer),
  photoBlurhash: nullable(text),
  state: choice(['remote', 'partial', 'here', 'failed']),
  doneBytes: integer,
  failure,
  outgoing: flag,
  collected: flag,
})

function flattenPhoto(
  photo: AttachmentRecord['photo'],
): Pick<AttachmentRow, 'photoWidth' | 'photoHeight' | 'photoBlurhash'> {
  return {
    photoWidth: photo?.width ?? null,
    photoHeight: photo?.height ?? null,
    photoBlurhash: photo?.blurhash ?? null,
  }
}

function decode(row: SqlRow): AttachmentRecord {
  const { photoWidth: width, photoHeight: height, photoBlurhash: blurhash, ...rest } = attachmentTable.decode(row)
  const photo = width === null || height === null || blurhash === null ? null : { width, height, blurhash }
  return { ...rest, photo }
}

export function createAttachmentStore(sql: Sql): AttachmentStore {
  const get = sql.query(`${attachmentTable.select} WHERE blob_id = ?`)
  const ofMessage = sql.query(`${attachmentTable.select} WHERE message_id = ? LIMIT 1`)
  const wanted = sql.query(`${attachmentTable.select} WHERE outgoing = 0 AND state < 2`)
  const insert = sql.command(attachmentTable.insert)
  const id = shortId()
  const one = (row: SqlRow | null) => (row === null ? null : decode(row))
  return {
    get: (blobId) => one(get.get(id.encode(blobId))),
    ofMessage: (messageId) => one(ofMessage.get(id.encode(messageId))),
    insert: ({ photo, ...attachment }) => {
      insert.run(...attachmentTable.values({ ...attachment, ...flattenPhoto(photo) }))
    },
    update: (blobId, { photo, ...patch }) => {
      const flat = photo === undefined ? patch : { ...patch, ...flattenPhoto(photo) }
      attachmentTable.update(sql, flat, 'blob_id = ?', id.encode(blobId))
    },
    wanted: () => wanted.all().map(decode),
  }
}
