import { describe, expect, test } from 'vitest'
import { MIGRATIONS } from './index.ts'
import { LANDED, everythingIn, migrationDigest, schemaOf } from '../testing/landed.ts'
import { codeOf, openIn, openSqlIn } from '../testing/store-files.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'

/** Bytes as hexadecimal digits, so that a snapshot can be read. */
function legible(value: unknown): unknown {
  const text = JSON.stringify(value, (_key, inner: unknown) =>
    inner instanceof Uint8Array ? `${inner.length} bytes ${shortened(inner)}` : inner,
  )
  return JSON.parse(text)
}

function shortened(bytes: Uint8Array): string {
  const digits = Buffer.from(bytes).toString('hex')
  return new Set(bytes).size === 1 ? `all ${digits.slice(0, 2)}` : digits
}

test('versions go up one by one, and each has its fixture', () => {
  const versions = MIGRATIONS.map((migration) => migration.version)
  expect(versions).toEqual(versions.map((_, index) => index + 1))
  expect(LANDED.map((landed) => landed.version)).toEqual(versions)
})

describe.each(LANDED)('from version $version', ({ version, sha256, rows }) => {
  test('its migration is the one that landed', () => {
    expect(migrationDigest(version)).toBe(sha256)
  })

  test('a store comes to the newest schema with everything in it', () => {
    const folder = temporaryFolder()
    const old = openSqlIn(folder, 'new', { migrations: MIGRATIONS.slice(0, version) })
    old.execute(rows)
    old.close()

    const migrated = openIn(folder, 'existing')
    expect(legible(everythingIn(migrated.store))).toMatchSnapshot()
    const fresh = openIn(temporaryFolder(), 'new')
    expect(schemaOf(migrated.sql)).toEqual(schemaOf(fresh.sql))
    expect(migrated.sql.pragma('user_version')).toBe(MIGRATIONS.length)
    migrated.store.close()
    fresh.store.close()
  })
})

test('suite 0 goes: what it sealed waits to be sealed anew, everything else stays', () => {
  const folder = temporaryFolder()
  const old = openSqlIn(folder, 'new', { migrations: MIGRATIONS.slice(0, 2) })
  // The rows that landed with version 3 are whole in the schema of version 2 too.
  old.execute(LANDED.find(({ version }) => version === 3)?.rows ?? '')
  old.execute(`
    INSERT INTO messages VALUES (2, x'${'b4'.repeat(16)}', 1, NULL, x'${'02'.repeat(28)}', 12, 12, 0, 0, 'delivered', NULL, 2, NULL, NULL);
    INSERT INTO deposits SELECT message_id, device_id, relay_id, 1, NULL, receipt, held_at_ms, expires_at_ms FROM deposits;
    INSERT INTO invites SELECT x'${'9c'.repeat(16)}', x'${'9d'.repeat(32)}', secret, label, link, bundle, delivery_secret, handle,
      created_at_ms, expires_at_ms, 3, NULL, NULL, relay_ids FROM invites;
    INSERT INTO pending_accepts VALUES (x'${'9e'.repeat(32)}', x'${'9f'.repeat(16)}', 17);
    INSERT INTO parked VALUES (1, x'${'e5'.repeat(16)}', x'${'c1'.repeat(16)}', x'${'e6'.repeat(1024)}', 18, NULL);`)
  old.close()

  const { store } = openIn(folder, 'existing')
  const [contact] = store.contacts.list()
  if (contact === undefined) throw new Error('no contact')
  expect(store.sessions.ofContact(contact.contactId)).toEqual([])
  expect(store.sessions.skippedKey(new Uint8Array(32).fill(0xe3), 9)).toBeNull()
  expect(store.prekeys.newest('signed')).toBeNull()
  expect(store.transaction(() => store.prekeys.reserveIds(1))).toBe(305)
  expect(store.relays.list()).toMatchObject([{ directoryFilled: false }])
  const [row] = store.outbox.all()
  expect(row).toMatchObject({ outboxId: 7, envelope: null, envelopeId: null, directCommitted: false })
  expect(row === undefined ? [] : store.outbox.deposits(row.messageId)).toMatchObject([{ what: 'blob' }])
  const [chat] = store.chats.list()
  const messages = chat === undefined ? [] : store.messages.page(chat.chatId, null, 10)
  expect(messages.map(({ status }) => status).sort()).toEqual(['delivered', 'sending'])
  const invites = store.invites.list().map(({ state, bundle, relayIds }) => [state, bundle.length, relayIds.length])
  expect(invites).toEqual(
    expect.arrayContaining([
      ['open', 0, 0],
      ['revoked', 300, 1],
    ]),
  )
  expect(store.invites.pendingAccept(new Uint8Array(32).fill(0x9e))).not.toBeNull()
  expect(store.inbox.allParked()).toHaveLength(1)
  store.close()
})

test('a migration that fails half-way leaves the old version whole', async () => {
  const folder = temporaryFolder()
  const old = openIn(folder, 'new')
  old.sql.execute(LANDED.at(-1)?.rows ?? '')
  const before = everythingIn(old.store)
  old.store.close()
  const next = MIGRATIONS.length + 1
  const broken = [
    ...MIGRATIONS,
    { version: next, sql: 'ALTER TABLE contacts ADD COLUMN nickname TEXT; DELETE FROM outbox;' },
    { version: next + 1, sql: 'INSERT INTO nowhere VALUES (1);' },
  ]
  await expect(async () => codeOf(() => openIn(folder, 'existing', { migrations: broken }))).rejects.toThrow('nowhere')
  const after = openIn(folder, 'existing')
  expect(after.sql.pragma('user_version')).toBe(MIGRATIONS.length)
  expect(everythingIn(after.store)).toEqual(before)
  after.store.close()
})
