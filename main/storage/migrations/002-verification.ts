import type { Migration } from './migration.ts'

/**
 * Compared keys and people who came back (docs/protocol/store.md, "Rows"). A contact from before was never compared,
 * was replaced by nobody, and showed no older device list.
 */
export const verification: Migration = {
  version: 2,
  sql: `
ALTER TABLE contacts ADD COLUMN verified_key BLOB;
ALTER TABLE contacts ADD COLUMN verified_at_ms INTEGER;
ALTER TABLE contacts ADD COLUMN replaced_by BLOB;
ALTER TABLE contacts ADD COLUMN older_list_version INTEGER;
`,
}
