/** Forward only: number n takes the database from version n - 1 to n. A landed one is never changed. */

import type { MigratingDatabase, Migration } from './sqlite-database.ts'
import { bytesOf, numberOf } from './sqlite-database.ts'
import { Marks, secretOf } from './tombstone-mark.ts'

const SLICE_ROWS = 1_000

const FIRST = `
  create table mailbox (mailbox_id blob primary key, public_key blob not null, created_ms integer not null) without rowid;
  create table token (
    mailbox_id blob not null references mailbox, hash blob not null, handle blob not null,
    primary key (mailbox_id, hash)
  ) without rowid;
  create table envelope (
    sequence integer primary key autoincrement, mailbox_id blob not null references mailbox,
    envelope_id blob not null, handle blob not null, bytes blob not null,
    stored_ms integer not null, expires_ms integer not null
  );
  create unique index envelope_by_id on envelope (mailbox_id, envelope_id);
  create index envelope_by_mailbox on envelope (mailbox_id, sequence);
  create index envelope_by_expiry on envelope (expires_ms);
  create table mailbox_usage (mailbox_id blob primary key, envelopes integer not null, bytes integer not null) without rowid;
  create table tombstone (mark blob primary key, collected_ms integer not null) without rowid;
  create index tombstone_by_time on tombstone (collected_ms);
  create table directory (lookup_id blob primary key, mailbox_id blob not null, last_resort blob not null) without rowid;
  create index directory_by_mailbox on directory (mailbox_id);
  create table directory_item (sequence integer primary key autoincrement, lookup_id blob not null references directory, item blob not null);
  create index directory_item_by_lookup on directory_item (lookup_id, sequence);
  create table invite (
    slot_id blob primary key, mailbox_id blob not null, item blob, taker_nonce blob, expires_ms integer not null
  ) without rowid;
  create index invite_by_mailbox on invite (mailbox_id);
  create index invite_by_expiry on invite (expires_ms);
  create table blob (
    mailbox_id blob not null, blob_id blob not null, size integer not null, sha256 blob not null,
    capability_hash blob not null, complete integer not null, stored_ms integer not null, expires_ms integer not null,
    primary key (mailbox_id, blob_id)
  ) without rowid;
  create index blob_by_capability on blob (blob_id, capability_hash);
  create index blob_by_expiry on blob (expires_ms);
  create table secret (name text primary key, value blob not null) without rowid;`

const DOORS = `
  alter table mailbox add column door_closed integer not null default 0;
  create index envelope_at_door on envelope (mailbox_id) where length(handle) = 0;`

/**
 * Envelopes are appended and found over one narrow table, `waiting`, that is clustered by mailbox. `mark` answers repeated
 * deposits, of held envelopes and of collected ones alike: an acknowledgement does not touch it, and leaves one row of
 * `collected` for all that it names. `due` holds at most one row a mailbox, when its first envelope expires.
 */
const CLUSTERED = `
  create table numbered (
    number integer primary key, mailbox_id blob not null unique, public_key blob not null, created_ms integer not null,
    door_closed integer not null
  );
  insert into numbered (mailbox_id, public_key, created_ms, door_closed)
    select mailbox_id, public_key, created_ms, door_closed from mailbox;
  create table permitted (
    mailbox_id blob not null, hash blob not null, handle blob not null, primary key (mailbox_id, hash)
  ) without rowid;
  insert into permitted select mailbox_id, hash, handle from token;
  create table held (
    sequence integer primary key, mailbox integer not null, mark blob not null, envelope_id blob not null,
    handle blob not null, stored_ms integer not null, expires_ms integer not null, bytes blob not null
  );
  insert into held select e.sequence, n.number, m.mark, e.envelope_id, e.handle, e.stored_ms, e.expires_ms, e.bytes
    from envelope e join numbered n using (mailbox_id) join named m using (sequence) order by e.sequence;
  drop table named;
  create table waiting (
    mailbox integer not null, sequence integer not null, size integer not null, expires_ms integer not null,
    at_door integer not null,
    primary key (mailbox, sequence)
  ) without rowid;
  insert into waiting select mailbox, sequence, length(bytes), expires_ms, length(handle) = 0 from held;
  create table mark (mark blob primary key, sequence integer not null) without rowid;
  insert or ignore into mark select mark, sequence from held;
  insert or ignore into mark select mark, 0 from tombstone;
  create table collected (number integer primary key autoincrement, collected_ms integer not null, marks blob not null);
  insert into collected (collected_ms, marks) select collected_ms, mark from tombstone order by collected_ms;
  create table due (mailbox integer primary key, due_ms integer not null);
  create index due_by_time on due (due_ms);
  insert into due select mailbox, min(expires_ms) from waiting group by mailbox;
  create table counter (name text primary key, value integer not null) without rowid;
  insert into counter select 'sequence', coalesce((select max(seq) from sqlite_sequence where name = 'envelope'), 0);
  insert into counter select 'mailboxes', count(*) from numbered;
  drop table envelope;
  drop table token;
  drop table mailbox;
  drop table mailbox_usage;
  drop table tombstone;
  alter table numbered rename to mailbox;
  alter table permitted rename to token;
  alter table held rename to envelope;
  `

/** Marks of the envelopes that are there; SQL has no HMAC. */
function markEnvelopes(database: MigratingDatabase): void {
  const marks = new Marks(secretOf(database, 'tombstone'))
  let last = 0
  for (;;) {
    const rows = database.all(
      `select sequence, mailbox_id, envelope_id from envelope where sequence > ? order by sequence limit ${SLICE_ROWS}`,
      last,
    )
    for (const row of rows) {
      last = numberOf(row, 'sequence')
      const mark = marks.of(bytesOf(row, 'mailbox_id'), bytesOf(row, 'envelope_id'))
      database.run('insert into named values (?, ?)', last, mark)
    }
    if (rows.length < SLICE_ROWS) return
  }
}

export const RELAY_MIGRATIONS: readonly Migration[] = [
  FIRST,
  DOORS,
  (database) => {
    database.script('create temp table named (sequence integer primary key, mark blob not null)')
    markEnvelopes(database)
    database.script(CLUSTERED)
  },
]
