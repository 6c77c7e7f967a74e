import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../config-file.ts'

const load = (store: unknown) => loadConfig(null, { PARLEY_RELAY_STORE: JSON.stringify(store) }).store

test('without a word the store is embedded', () => {
  expect(loadConfig(null, {}).store).toEqual({ kind: 'sqlite' })
})

test('a cluster wants its hosts; everything else has a value that is safe', () => {
  expect(load({ kind: 'postgres', hosts: ['10.0.0.1', 'db2:5433', '/run/postgresql'] })).toMatchObject({
    ...{ hosts: ['10.0.0.1', 'db2:5433', '/run/postgresql'], tls: 'verify', requireReplica: true },
  })
  expect(() => load({ kind: 'postgres' })).toThrow('store.hosts')
  expect(() => load({ kind: 'postgres', hosts: [] })).toThrow('store.hosts')
})

test('a word that it does not know is refused, in the file and in the variable', () => {
  expect(() => load({ kind: 'postgres', hosts: ['a'], requiresReplica: false })).toThrow('requiresReplica')
  expect(() => load({ kind: 'mysql' })).toThrow('store')
  expect(() => loadConfig(null, { PARLEY_RELAY_STORE: 'postgres' })).toThrow('store')
  const dir = mkdtempSync(join(tmpdir(), 'parley-store-config-'))
  const file = join(dir, 'config.json')
  writeFileSync(file, JSON.stringify({ store: { kind: 'sqlite', hosts: ['a'] } }))
  expect(() => loadConfig(file, {})).toThrow('hosts')
  rmSync(dir, { recursive: true })
})
