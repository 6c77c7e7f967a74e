import type { Migration } from './migration.ts'

/**
 * The first schema (docs/protocol/store.md). Ids, keys and order keys are bytes; times are milliseconds
 * since the epoch. What there are many of (messages, seen envelopes) names its chat and contact by row number.
 */
export const first: Migration = {
  version: 1,
  sql: `
CREATE TABLE account (
  one INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
  account_id BLOB NOT NULL,
  account_secret BLOB NOT NULL,
  name TEXT NOT NULL,
  device_list_bytes BLOB NOT NULL,
  device_list_version INTEGER NOT NULL,
  peer_secret BLOB NOT NULL,
  peer_public BLOB NOT NULL,
  identity_secret BLOB NOT NULL,
  identity_public BLOB NOT NULL,
  signing_secret BLOB NOT NULL,
  signing_public BLOB NOT NULL,
  directory_key BLOB NOT NULL,
  recovery_key BLOB NOT NULL,
  recovery_saved INTEGER NOT NULL,
  profile_version INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE profile_state (
  one INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
  settings TEXT NOT NULL DEFAULT '{}',
  clock_ms INTEGER NOT NULL DEFAULT 0,
  clock_counter INTEGER NOT NULL DEFAULT 0,
  next_prekey_id INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO profile_state DEFAULT VALUES;

CREATE TABLE contacts (
  row_id INTEGER PRIMARY KEY,
  contact_id BLOB NOT NULL UNIQUE,
  account_id BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL,
  alias TEXT NOT NULL,
  blocked INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  last_seen_at_ms INTEGER,
  device_list_bytes BLOB NOT NULL,
  device_list_version INTEGER NOT NULL,
  profile_bytes BLOB NOT NULL,
  profile_version INTEGER NOT NULL,
  own_delivery_secret BLOB NOT NULL,
  own_handle BLOB NOT NULL,
  confirmed_profile_version INTEGER NOT NULL,
  send_counter INTEGER NOT NULL
) STRICT;
CREATE INDEX contacts_by_handle ON contacts (own_handle);

CREATE TABLE contact_devices (
  row_id INTEGER PRIMARY KEY,
  contact_id BLOB NOT NULL REFERENCES contacts (contact_id) ON DELETE CASCADE,
  device_id BLOB NOT NULL,
  peer_key BLOB NOT NULL,
  identity_key BLOB NOT NULL,
  signing_key BLOB NOT NULL,
  added_at_ms INTEGER NOT NULL,
  UNIQUE (contact_id, device_id)
) STRICT;
CREATE INDEX contact_devices_by_peer_key ON contact_devices (peer_key);

CREATE TABLE sessions (
  row_id INTEGER PRIMARY KEY,
  session_id BLOB NOT NULL UNIQUE,
  contact_id BLOB NOT NULL REFERENCES contacts (contact_id) ON DELETE CASCADE,
  device_id BLOB NOT NULL,
  state BLOB NOT NULL,
  current INTEGER NOT NULL,
  used_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_of_contact ON sessions (contact_id, device_id);
CREATE INDEX sessions_of_device ON sessions (device_id);

CREATE TABLE skipped_keys (
  header_key_id BLOB NOT NULL,
  message_number INTEGER NOT NULL,
  session INTEGER NOT NULL REFERENCES sessions (row_id) ON DELETE CASCADE,
  key BLOB NOT NULL,
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (header_key_id, message_number)
) STRICT, WITHOUT ROWID;
CREATE INDEX skipped_keys_of_session ON skipped_keys (session, header_key_id);
CREATE INDEX skipped_keys_by_age ON skipped_keys (created_at_ms);

CREATE TABLE base_keys (
  hash BLOB PRIMARY KEY NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE prekeys (
  kind INTEGER NOT NULL,
  prekey_id INTEGER NOT NULL,
  secret BLOB NOT NULL,
  public_key BLOB NOT NULL,
  signature BLOB NOT NULL,
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (kind, prekey_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE chats (
  row_id INTEGER PRIMARY KEY,
  chat_id BLOB NOT NULL UNIQUE,
  contact_id BLOB NOT NULL UNIQUE REFERENCES contacts (contact_id),
  draft TEXT NOT NULL,
  last_activity_at_ms INTEGER NOT NULL,
  hidden INTEGER NOT NULL
) STRICT;

CREATE TABLE messages (
  row_id INTEGER PRIMARY KEY,
  message_id BLOB NOT NULL UNIQUE,
  chat INTEGER NOT NULL REFERENCES chats (row_id),
  author INTEGER REFERENCES contacts (row_id),
  order_key BLOB NOT NULL,
  sent_at_ms INTEGER NOT NULL,
  received_at_ms INTEGER NOT NULL,
  late INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  content TEXT NOT NULL,
  blob_id BLOB,
  status INTEGER,
  failure TEXT,
  read_at_ms INTEGER
) STRICT;
CREATE INDEX messages_in_order ON messages (chat, order_key);
CREATE INDEX messages_unread ON messages (chat, order_key) WHERE author IS NOT NULL AND read_at_ms IS NULL;
CREATE INDEX messages_undelivered ON messages (chat, order_key) WHERE status < 2;

CREATE TABLE tombstones (
  message_id BLOB PRIMARY KEY NOT NULL,
  deleted_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_by_age ON tombstones (deleted_at_ms);

CREATE TABLE commits (
  message_id BLOB NOT NULL,
  device_id BLOB NOT NULL,
  committed_at_ms INTEGER NOT NULL,
  PRIMARY KEY (message_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE attachments (
  blob_id BLOB PRIMARY KEY NOT NULL,
  message_id BLOB NOT NULL,
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  ciphertext_bytes INTEGER NOT NULL,
  key BLOB NOT NULL,
  sha256 BLOB NOT NULL,
  photo_width INTEGER,
  photo_height INTEGER,
  photo_blurhash TEXT,
  state INTEGER NOT NULL,
  done_bytes INTEGER NOT NULL,
  failure TEXT,
  outgoing INTEGER NOT NULL,
  collected INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_of_message ON attachments (message_id);
CREATE INDEX attachments_wanted ON attachments (state) WHERE outgoing = 0 AND state < 2;

CREATE TABLE outbox (
  outbox_id INTEGER PRIMARY KEY AUTOINCREMENT,
  contact_id BLOB NOT NULL REFERENCES contacts (contact_id) ON DELETE CASCADE,
  device_id BLOB NOT NULL,
  message_id BLOB NOT NULL,
  content BLOB NOT NULL,
  envelope BLOB,
  envelope_id BLOB,
  needs_receipt INTEGER NOT NULL,
  blob_id BLOB,
  created_at_ms INTEGER NOT NULL,
  direct_committed INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_of_device ON outbox (device_id, outbox_id);
CREATE INDEX outbox_of_contact ON outbox (contact_id, device_id);
CREATE INDEX outbox_of_message ON outbox (message_id, outbox_id);
CREATE INDEX outbox_by_envelope ON outbox (envelope_id) WHERE envelope_id IS NOT NULL;

CREATE TABLE deposits (
  message_id BLOB NOT NULL,
  device_id BLOB NOT NULL,
  relay_id BLOB NOT NULL,
  what INTEGER NOT NULL,
  envelope_id BLOB,
  receipt BLOB NOT NULL,
  held_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  PRIMARY KEY (message_id, device_id, relay_id, what)
) STRICT, WITHOUT ROWID;
CREATE INDEX deposits_by_age ON deposits (held_at_ms);

CREATE TABLE seen (
  envelope_id BLOB PRIMARY KEY NOT NULL,
  contact INTEGER REFERENCES contacts (row_id),
  message_id BLOB,
  at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_by_age ON seen (at_ms);

CREATE TABLE parked (
  row_id INTEGER PRIMARY KEY,
  envelope_id BLOB NOT NULL UNIQUE,
  contact_id BLOB NOT NULL REFERENCES contacts (contact_id) ON DELETE CASCADE,
  envelope BLOB NOT NULL,
  parked_at_ms INTEGER NOT NULL,
  resend_at_ms INTEGER
) STRICT;
CREATE INDEX parked_of_contact ON parked (contact_id, parked_at_ms);

CREATE TABLE invites (
  invite_id BLOB PRIMARY KEY NOT NULL,
  slot_id BLOB NOT NULL UNIQUE,
  secret BLOB NOT NULL,
  label TEXT NOT NULL,
  link TEXT NOT NULL,
  bundle BLOB NOT NULL,
  delivery_secret BLOB NOT NULL,
  handle BLOB NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  state INTEGER NOT NULL,
  used_by_contact_id BLOB,
  taker_nonce BLOB,
  relay_ids BLOB NOT NULL
) STRICT;
CREATE INDEX invites_by_handle ON invites (handle);

CREATE TABLE pending_accepts (
  slot_id BLOB PRIMARY KEY NOT NULL,
  taker_nonce BLOB NOT NULL,
  started_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE own_relays (
  row_id INTEGER PRIMARY KEY,
  relay_id BLOB NOT NULL UNIQUE,
  addresses TEXT NOT NULL,
  mailbox_public BLOB NOT NULL,
  mailbox_secret BLOB NOT NULL,
  state INTEGER NOT NULL,
  added_at_ms INTEGER NOT NULL,
  left_at_ms INTEGER,
  directory_filled INTEGER NOT NULL
) STRICT;
`,
}
