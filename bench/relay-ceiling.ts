/**
 * What SQLite alone does with a relay's deposits: the same database, rows, batches and durability as the relay's, with no
 * network, no token, no receipt. Lines `{"messages":20000,…}` are answered with `{"seconds":…}`. `--data DIR`.
 */
import { createHash, randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Database from 'better-sqlite3'
import { RELAY_MIGRATIONS } from '../relay/storage/migrations.ts'
import { SqliteDatabase } from '../relay/storage/sqlite-database.ts'
import { messageOf } from './relay-work.ts'
import type { Work } from './relay-work.ts'

const LIFE_MS = 30 * 24 * 60 * 60 * 1000

const { values } = parseArgs({ options: { data: { type: 'string' } } })
const path = join(values.data ?? '', 'ceiling.db')
// The relay's own schema.
new SqliteDatabase(path, RELAY_MIGRATIONS).close()
const database = new Database(path)
database.pragma('synchronous = FULL')
database.pragma('secure_delete = ON')
database.pragma('cache_size = -65536')
database.pragma('wal_autocheckpoint = 4000')
const begin = database.prepare('begin immediate')
const commit = database.prepare('commit')
const insertMark = database.prepare('insert into mark values (?, ?)')
const insertEnvelope = database.prepare(
  'insert into envelope (sequence, mailbox, mark, envelope_id, handle, stored_ms, expires_ms, bytes) values (?, ?, ?, ?, ?, ?, ?, ?)',
)
const insertWaiting = database.prepare('insert into waiting values (?, ?, ?, ?, 0)')
const handle = new Uint8Array(4)

interface Row {
  readonly mailbox: number
  readonly mark: Uint8Array
  readonly envelopeId: Uint8Array
  readonly bytes: Uint8Array
}

const rowsOf = (work: Work): readonly Row[] =>
  Array.from({ length: work.messages }, (_, index) => {
    const mailbox = index % work.mailboxes
    const bytes = messageOf(work.round, mailbox, Math.floor(index / work.mailboxes))
    const envelopeId = new Uint8Array(createHash('sha256').update(bytes).digest().subarray(0, 16))
    return { mailbox, bytes, envelopeId, mark: new Uint8Array(randomBytes(16)) }
  })

let sequence = 0
const depositAll = (work: Work, rows: readonly Row[]): number => {
  // As many as the relay can have waiting for one flush.
  const group = work.connections * work.outstanding
  const startedMs = performance.now()
  for (let at = 0; at < rows.length; at += group) {
    const nowMs = Date.now()
    begin.run()
    for (const { mailbox, mark, envelopeId, bytes } of rows.slice(at, at + group)) {
      sequence += 1
      insertMark.run(mark, sequence)
      insertEnvelope.run(sequence, mailbox, mark, envelopeId, handle, nowMs, nowMs + LIFE_MS, bytes)
      insertWaiting.run(mailbox, sequence, bytes.length, nowMs + LIFE_MS)
    }
    commit.run()
  }
  return (performance.now() - startedMs) / 1000
}

console.log(JSON.stringify({ ready: true }))
for await (const line of createInterface({ input: process.stdin })) {
  const work = JSON.parse(line) as Work
  const seconds = depositAll(work, rowsOf(work))
  // The relay's mailboxes are empty before each round too.
  for (const table of ['envelope', 'waiting', 'mark']) database.exec(`delete from ${table}`)
  database.pragma('wal_checkpoint(TRUNCATE)')
  console.log(JSON.stringify({ seconds }))
}
