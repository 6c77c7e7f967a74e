/**
 * Every version of the schema that landed, with rows as that version wrote them. The migration test builds
 * each, opens it with today's code and reads it back. A new migration adds an entry and changes none.
 */

import { createHash } from 'node:crypto'
import { MIGRATIONS } from '../migrations/index.ts'
import type { Store } from '../../ports/store/store.ts'
import type { Sql } from '../sql.ts'

export interface LandedVersion {
  readonly version: number
  /** SHA-256 of the migration's SQL: what has landed is not edited. */
  readonly sha256: string
  /** Rows in the words of that version, so that it does not change with the repositories. */
  readonly rows: string
}

/** `x'…'` of `size` bytes. */
const hex = (byte: string, size: number): string => `x'${byte.repeat(size)}'`

export const LANDED: readonly LandedVersion[] = [
  {
    version: 1,
    sha256: 'ed0c116ba6e99c15f3c7ee1be09cd3bf09632320f2f9636e8e0542b94b1ba228',
    rows: `
INSERT INTO account VALUES (1, ${hex('a1', 32)}, ${hex('a2', 32)}, 'Ada', ${hex('a3', 90)}, 3, ${hex('a4', 32)},
  ${hex('a5', 32)}, ${hex('a6', 32)}, ${hex('a7', 32)}, ${hex('a8', 32)}, ${hex('a9', 32)}, ${hex('aa', 32)},
  ${hex('ab', 32)}, 1, 4, 1700000000000);
UPDATE profile_state SET settings = '{"theme":"dark"}', clock_ms = 1700000000001, clock_counter = 2, next_prekey_id = 205;
INSERT INTO contacts VALUES (1, ${hex('c1', 16)}, ${hex('c2', 32)}, 'Grace', 'Amazing', 0, 5, NULL, ${hex('c3', 90)}, 1,
  ${hex('c4', 200)}, 2, ${hex('c5', 32)}, ${hex('c6', 4)}, 4, 17);
INSERT INTO contact_devices VALUES (1, ${hex('c1', 16)}, ${hex('d1', 16)}, ${hex('d2', 32)}, ${hex('d3', 32)}, ${hex('d4', 32)}, 6);
INSERT INTO sessions VALUES (1, ${hex('e1', 32)}, ${hex('c1', 16)}, ${hex('d1', 16)}, ${hex('e2', 400)}, 1, 7);
INSERT INTO skipped_keys VALUES (${hex('e3', 32)}, 9, 1, ${hex('e4', 32)}, 8);
INSERT INTO prekeys VALUES (0, 204, ${hex('f1', 32)}, ${hex('f2', 32)}, ${hex('f3', 64)}, 9);
INSERT INTO chats VALUES (1, ${hex('b1', 16)}, ${hex('c1', 16)}, 'half a sent', 10, 0);
INSERT INTO messages VALUES (1, ${hex('b2', 16)}, 1, NULL, ${hex('01', 28)}, 11, 11, 0, 0, 'sent text', NULL, 1, NULL, NULL);
INSERT INTO messages VALUES (2, ${hex('b3', 16)}, 1, 1, ${hex('02', 28)}, 12, 13, 1, 1, 'a caption', ${hex('b4', 16)}, NULL, NULL, NULL);
INSERT INTO attachments VALUES (${hex('b4', 16)}, ${hex('b3', 16)}, 'a.jpg', 'image/jpeg', 5, 6, ${hex('b5', 32)}, ${hex('b6', 32)},
  1, 2, 'LEHV', 1, 3, NULL, 0, 0);
INSERT INTO outbox VALUES (7, ${hex('c1', 16)}, ${hex('d1', 16)}, ${hex('b2', 16)}, ${hex('b7', 60)}, ${hex('b8', 1024)},
  ${hex('b9', 16)}, 1, NULL, 14, 0);
INSERT INTO invites VALUES (${hex('91', 16)}, ${hex('92', 32)}, ${hex('93', 32)}, 'For Grace', 'parley://invite#x', ${hex('94', 300)},
  ${hex('95', 32)}, ${hex('96', 4)}, 15, 16, 1, ${hex('c1', 16)}, NULL, ${hex('97', 64)});
INSERT INTO own_relays VALUES (1, ${hex('98', 32)}, '["/ip4/127.0.0.1/tcp/1"]', ${hex('99', 32)}, ${hex('9a', 32)}, 0, 17, NULL, 1);
`,
  },
  {
    version: 2,
    sha256: '64603e369ac886689a93d497ca40587e9176e842aef425fd9f63ad12f1b22582',
    rows: `
INSERT INTO account VALUES (1, ${hex('a1', 32)}, ${hex('a2', 32)}, 'Ada', ${hex('a3', 90)}, 3, ${hex('a4', 32)},
  ${hex('a5', 32)}, ${hex('a6', 32)}, ${hex('a7', 32)}, ${hex('a8', 32)}, ${hex('a9', 32)}, ${hex('aa', 32)},
  ${hex('ab', 32)}, 1, 4, 1700000000000);
INSERT INTO contacts VALUES (1, ${hex('c1', 16)}, ${hex('c2', 32)}, 'Grace', 'Amazing', 1, 5, NULL, ${hex('c3', 90)}, 1,
  ${hex('c4', 200)}, 2, ${hex('c5', 32)}, ${hex('c6', 4)}, 4, 17, ${hex('c2', 32)}, 18, ${hex('c7', 16)}, NULL);
INSERT INTO contacts VALUES (2, ${hex('c7', 16)}, ${hex('c8', 32)}, 'Grace', '', 0, 20, 21, ${hex('c9', 90)}, 4,
  ${hex('ca', 200)}, 2, ${hex('cb', 32)}, ${hex('cc', 4)}, 0, 3, ${hex('c2', 32)}, 18, NULL, 2);
INSERT INTO chats VALUES (1, ${hex('b1', 16)}, ${hex('c7', 16)}, 'half a sent', 10, 0);
INSERT INTO chats VALUES (2, ${hex('bb', 16)}, ${hex('c1', 16)}, '', 11, 1);
INSERT INTO messages VALUES (1, ${hex('b2', 16)}, 1, 1, ${hex('01', 28)}, 11, 11, 0, 0, 'from before', NULL, NULL, NULL, 12);
INSERT INTO messages VALUES (2, ${hex('b3', 16)}, 1, NULL, ${hex('02', 28)}, 13, 13, 0, 2, '{"type":"key-changed"}', NULL, NULL, NULL, 13);
INSERT INTO outbox VALUES (7, ${hex('c7', 16)}, ${hex('d1', 16)}, ${hex('b4', 16)}, ${hex('b7', 60)}, NULL, NULL, 1, NULL, 14, 0);
`,
  },
  {
    version: 3,
    sha256: '5c923e035b810494f59f7baa58028330a9e9724c6588b172539cd8c599132814',
    rows: `
INSERT INTO account VALUES (1, ${hex('a1', 32)}, ${hex('a2', 32)}, 'Ada', ${hex('a3', 90)}, 3, ${hex('a4', 32)},
  ${hex('a5', 32)}, ${hex('a6', 32)}, ${hex('a7', 32)}, ${hex('a8', 32)}, ${hex('a9', 32)}, ${hex('aa', 32)},
  ${hex('ab', 32)}, 1, 4, 1700000000000);
UPDATE profile_state SET next_prekey_id = 305;
INSERT INTO contacts VALUES (1, ${hex('c1', 16)}, ${hex('c2', 32)}, 'Grace', '', 0, 5, NULL, ${hex('c3', 90)}, 1,
  ${hex('c4', 200)}, 2, ${hex('c5', 32)}, ${hex('c6', 4)}, 4, 17, NULL, NULL, NULL, NULL);
INSERT INTO contact_devices VALUES (1, ${hex('c1', 16)}, ${hex('d1', 16)}, ${hex('d2', 32)}, ${hex('d3', 32)}, ${hex('d4', 32)}, 6);
INSERT INTO sessions VALUES (1, ${hex('e1', 32)}, ${hex('c1', 16)}, ${hex('d1', 16)}, ${hex('e2', 400)}, 1, 7);
INSERT INTO skipped_keys VALUES (${hex('e3', 32)}, 9, 1, ${hex('e4', 32)}, 8);
INSERT INTO prekeys VALUES (0, 304, ${hex('f1', 32)}, ${hex('f2', 32)}, ${hex('f3', 64)}, 9);
INSERT INTO chats VALUES (1, ${hex('b1', 16)}, ${hex('c1', 16)}, '', 10, 0);
INSERT INTO messages VALUES (1, ${hex('b2', 16)}, 1, NULL, ${hex('01', 28)}, 11, 11, 0, 0, 'sent text', NULL, 1, NULL, NULL);
INSERT INTO outbox VALUES (7, ${hex('c1', 16)}, ${hex('d1', 16)}, ${hex('b2', 16)}, ${hex('b7', 60)}, ${hex('b8', 1024)},
  ${hex('b9', 16)}, 1, NULL, 14, 1);
INSERT INTO deposits VALUES (${hex('b2', 16)}, ${hex('d1', 16)}, ${hex('98', 32)}, 0, ${hex('b9', 16)}, ${hex('9b', 64)}, 15, 16);
INSERT INTO invites VALUES (${hex('91', 16)}, ${hex('92', 32)}, ${hex('93', 32)}, 'For Grace', 'parley://invite#x', ${hex('94', 300)},
  ${hex('95', 32)}, ${hex('96', 4)}, 15, 16, 0, NULL, NULL, ${hex('98', 32)});
INSERT INTO own_relays VALUES (1, ${hex('98', 32)}, '["/ip4/127.0.0.1/tcp/1"]', ${hex('99', 32)}, ${hex('9a', 32)}, 0, 17, NULL, 1);
`,
  },
]

export function migrationDigest(version: number): string {
  const migration = MIGRATIONS.find((candidate) => candidate.version === version)
  return createHash('sha256')
    .update(migration?.sql ?? '')
    .digest('hex')
}

/** Everything that a store answers: what two stores with the same rows have in common. */
export function everythingIn(store: Store): unknown {
  const chats = store.chats.list()
  const contacts = store.contacts.list()
  return {
    account: store.account.get(),
    settings: store.settings.get(),
    clock: store.settings.clock(),
    contacts,
    devices: contacts.map(({ contactId }) => store.contacts.devices(contactId)),
    sessions: contacts.map(({ contactId }) =>
      store.sessions
        .ofContact(contactId)
        .map((session) => [session, store.sessions.skippedHeaderKeys(session.sessionId)]),
    ),
    signedPrekey: store.prekeys.newest('signed'),
    chats,
    messages: chats.map(({ chatId }) => store.messages.page(chatId, null, 1_000)),
    attachments: store.attachments.wanted(),
    outbox: store.outbox.all(),
    invites: store.invites.list(),
    relays: store.relays.list(),
  }
}

/** Names and definitions of all tables and indexes. */
export function schemaOf(sql: Sql): readonly unknown[] {
  return sql.query("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name").all()
}
