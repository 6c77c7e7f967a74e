/**
 * Forward only: number n takes the database from version n - 1 to n. A landed one is never changed. Nothing here but tables
 * and indexes: no functions, triggers or types, so that other databases of the same protocol take it too.
 */

/** The keys name what the rows are cut by: a mailbox's rows lie together. */
export function postgresMigrations(partitions: number): readonly string[] {
  const table = (name: string, key: string, columns: string, storage = ''): string =>
    partitioned({ name, key, columns, storage, partitions })
  return [
    [
      table(
        'mailbox',
        'mailbox_id',
        'mailbox_id bytea primary key, public_key bytea not null, created_ms bigint not null, door_closed boolean not null',
      ),
      table(
        'mailbox_usage',
        'mailbox_id',
        `mailbox_id bytea primary key, envelopes bigint not null, bytes bigint not null, next_sequence bigint not null`,
        // Room on each page for the next version of a row, so that the index is left alone.
        'fillfactor = 50',
      ),
      'create table mailbox_count (slot bigint primary key, mailboxes bigint not null);',
      table(
        'token',
        'mailbox_id',
        'mailbox_id bytea not null, hash bytea not null, handle bytea not null, primary key (mailbox_id, hash)',
      ),
      table(
        'envelope',
        'mailbox_id',
        `mailbox_id bytea not null, sequence bigint not null, envelope_id bytea not null, handle bytea not null,
         size bigint not null, bytes bytea not null, stored_ms bigint not null, expires_ms bigint not null,
         primary key (mailbox_id, sequence), unique (mailbox_id, envelope_id)`,
      ),
      'create index envelope_by_expiry on envelope (expires_ms);',
      'create index envelope_at_door on envelope (mailbox_id) where length(handle) = 0;',
      table('tombstone', 'mark', 'mark bytea primary key, collected_ms bigint not null'),
      'create index tombstone_by_time on tombstone (collected_ms);',
      table(
        'directory',
        'lookup_id',
        `lookup_id bytea primary key, mailbox_id bytea not null, last_resort bytea not null, next_item bigint not null`,
      ),
      'create index directory_by_mailbox on directory (mailbox_id);',
      table(
        'directory_item',
        'lookup_id',
        'lookup_id bytea not null, sequence bigint not null, item bytea not null, primary key (lookup_id, sequence)',
      ),
      table(
        'invite',
        'slot_id',
        `slot_id bytea primary key, mailbox_id bytea not null, item bytea, taker_nonce bytea, expires_ms bigint not null`,
      ),
      'create index invite_by_mailbox on invite (mailbox_id);',
      'create index invite_by_expiry on invite (expires_ms);',
      table(
        'blob',
        'mailbox_id',
        `mailbox_id bytea not null, blob_id bytea not null, size bigint not null, sha256 bytea not null,
         capability_hash bytea not null, complete boolean not null, stored_ms bigint not null, expires_ms bigint not null,
         primary key (mailbox_id, blob_id)`,
      ),
      'create index blob_by_capability on blob (blob_id, capability_hash);',
      'create index blob_by_expiry on blob (expires_ms);',
      'create table secret (name text primary key, value bytea not null);',
      `create table front_end (
         front_end_id text primary key, peer text not null, addresses text not null, beats bigint not null,
         seen_ms bigint not null, incarnation bytea
       );`,
      'create table front_end_list (one bigint primary key, version bigint not null, digest bytea not null);',
      "insert into front_end_list values (1, 0, decode('', 'hex'));",
      'create sequence owner_claim;',
    ].join('\n'),
    [
      `create table operator_invite (
         hash bytea primary key, name text not null, uses bigint not null, max_uses bigint not null,
         created_ms bigint not null, expires_ms bigint not null
       );`,
      'create table operator_claim (hash bytea not null, mark bytea not null, primary key (hash, mark));',
    ].join('\n'),
  ]
}

interface Table {
  readonly name: string
  readonly key: string
  readonly columns: string
  readonly storage: string
  readonly partitions: number
}

function partitioned({ name, key, columns, storage, partitions }: Table): string {
  const options = storage === '' ? '' : ` with (${storage})`
  if (partitions === 1) return `create table ${name} (${columns})${options};`
  const parts = Array.from(
    { length: partitions },
    (_, part) =>
      `create table ${name}_${part} partition of ${name} for values with (modulus ${partitions}, remainder ${part})${options};`,
  )
  return [`create table ${name} (${columns}) partition by hash (${key});`, ...parts].join('\n')
}
