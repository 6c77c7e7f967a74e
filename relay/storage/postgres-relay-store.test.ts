import { afterAll, beforeAll } from 'vitest'
import { configSchema } from '../config.ts'
import { LocalPostgres } from '../testing/local-postgres.ts'
import { relayStoreContract } from './contract-tests/relay-store.ts'
import { openPostgresStore } from './postgres-relay-store.ts'
import type { PostgresStore } from './postgres-relay-store.ts'
import type { RelayStore } from './relay-store.ts'
import type { PostgresConfig } from './store-config.ts'

let postgres: LocalPostgres
let database: PostgresConfig
/** Emptied for each test; opening one takes longer than most tests do. By their limits. */
const opened = new Map<string, PostgresStore>()

beforeAll(async () => {
  postgres = await LocalPostgres.start()
  database = await postgres.newDatabase()
})

afterAll(async () => {
  for (const store of opened.values()) await close(store)
  await postgres.remove()
})

async function close(store: PostgresStore): Promise<void> {
  store.close()
  await store.ended()
}

relayStoreContract('PostgreSQL', async (limits = {}) => {
  const name = JSON.stringify(limits)
  const open = async (): Promise<RelayStore> => {
    const store = await openPostgresStore({
      ...{ config: database, limits: configSchema.parse(limits), frontEndId: name },
      onEvent: () => undefined,
      onWentBack: () => undefined,
    })
    opened.set(name, store)
    return store
  }
  await postgres.empty(database)
  return {
    store: opened.get(name) ?? (await open()),
    reopen: async () => {
      const before = opened.get(name)
      if (before !== undefined) await close(before)
      return open()
    },
    remove: async () => undefined,
  }
})
