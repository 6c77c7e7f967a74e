/** Forward only: number n takes the database from version n - 1 to n. A landed one is never changed. */

export const RELAY_MIGRATIONS: readonly string[] = [
  `
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
  create table secret (name text primary key, value blob not null) without rowid;
  `,
  `
  alter table mailbox add column door_closed integer not null default 0;
  create index envelope_at_door on envelope (mailbox_id) where length(handle) = 0;
  `,
]
