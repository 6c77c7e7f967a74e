import type { Migration } from './migration.ts'

/**
 * Away from suite 0 (docs/protocol/store.md, "Migrations"): its sessions and prekeys open nothing any more, so they go, and
 * what was sealed for them is sealed anew. Content, contacts and what they know of this account stay as they are.
 * `next_prekey_id` stays too: a prekey's number is never used twice.
 */
export const suiteOne: Migration = {
  version: 3,
  sql: `
DELETE FROM skipped_keys;
DELETE FROM sessions;
DELETE FROM prekeys;
UPDATE own_relays SET directory_filled = 0;
UPDATE messages SET status = 0 WHERE status = 1 AND message_id IN (SELECT message_id FROM outbox);
DELETE FROM deposits WHERE what = 0;
UPDATE outbox SET envelope = NULL, envelope_id = NULL, direct_committed = 0;
UPDATE invites SET bundle = x'', relay_ids = x'' WHERE state = 0;
`,
}
