import { afterAll, beforeAll } from 'vitest'
import { configSchema } from '../config.ts'
import { LocalPostgres } from '../testing/local-postgres.ts'
import { operatorInvitesContract } from './contract-tests/operator-invites.ts'
import { connectInvites, invitesIn } from './postgres-operator-invites.ts'
import { openPostgresStore } from './postgres-relay-store.ts'
import type { PostgresStore } from './postgres-relay-store.ts'
import type { PostgresConfig } from './store-config.ts'

let postgres: LocalPostgres
let database: PostgresConfig
let store: PostgresStore

beforeAll(async () => {
  postgres = await LocalPostgres.start()
  database = await postgres.newDatabase()
  store = await openPostgresStore({
    ...{ config: database, limits: configSchema.parse({}), frontEndId: 'one' },
    onEvent: () => undefined,
    onWentBack: () => undefined,
  })
})

afterAll(async () => {
  store.close()
  await store.ended()
  await postgres.remove()
})

operatorInvitesContract('PostgreSQL', async () => {
  await store.database.write(async (transaction) => {
    await transaction.all('delete from operator_claim')
    await transaction.all('delete from operator_invite')
  })
  return {
    invites: invitesIn(store.database),
    second: () => connectInvites(database),
    remove: async () => undefined,
  }
})
