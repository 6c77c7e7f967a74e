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
