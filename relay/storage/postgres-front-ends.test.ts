import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { MailboxId } from '../../shared/model/ids.ts'
import { configSchema } from '../config.ts'
import { LocalPostgres } from '../testing/local-postgres.ts'
import { envelope, filled, mailboxOf, openWithToken } from './contract-tests/store-factory.ts'
import { openPostgresStore } from './postgres-relay-store.ts'
import type { PostgresStore } from './postgres-relay-store.ts'
import type { PostgresConfig } from './store-config.ts'

let postgres: LocalPostgres
let config: PostgresConfig
let one: Joined
let two: Joined

beforeAll(async () => {
  postgres = await LocalPostgres.start()
  config = await postgres.newDatabase()
})

beforeEach(async () => {
  await postgres.empty(config)
  await postgres.query('delete from front_end', config.database).catch(() => undefined)
  one = await Joined.start('one')
  two = await Joined.start('two')
})

afterEach(async () => {
  await one.stop()
  await two.stop()
})

afterAll(async () => {
  await postgres.remove()
})

class Joined {
  readonly store: PostgresStore
  readonly deposited = new Set<MailboxId>()
  readonly stock: MailboxId[] = []
  readonly elsewhere: MailboxId[] = []
  #wake: () => void = () => undefined

  private constructor(store: PostgresStore) {
    this.store = store
  }

  static async start(name: string): Promise<Joined> {
    const store = await openPostgresStore({
      ...{ config, limits: configSchema.parse({}), frontEndId: name },
      onEvent: () => undefined,
      onWentBack: () => undefined,
      times: { listEveryMs: 50, pollEveryMs: 50 },
    })
    const joined = new Joined(store)
    await store.frontEnds.join(
      store.database,
      { peer: `peer-${name}`, addresses: [`/dns4/${name}/tcp/1`] },
      {
        onDeposited: (mailboxIds) => {
          for (const mailboxId of mailboxIds) joined.deposited.add(mailboxId)
          joined.#wake()
        },
        onStock: (mailboxIds) => {
          joined.stock.push(...mailboxIds)
          joined.#wake()
        },
        onOwnedElsewhere: (mailboxId) => {
          joined.elsewhere.push(mailboxId)
          joined.#wake()
        },
      },
    )
    return joined
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async stop(): Promise<void> {
    this.store.close()
    await this.store.ended()
  }
}

async function untilListed(joined: Joined, peers: readonly string[]): Promise<number> {
  for (;;) {
    const { list } = joined.store.frontEnds
    if (list?.peers.join() === peers.join()) return list.version
    await new Promise(setImmediate)
  }
}

test('both come to the same list, whose version grows when one joins and when one leaves', async () => {
  const both = await untilListed(one, ['peer-one', 'peer-two'])
  expect(await untilListed(two, ['peer-one', 'peer-two'])).toBe(both)
  expect(one.store.frontEnds.list?.addresses).toEqual(['/dns4/one/tcp/1', '/dns4/two/tcp/1'])
  await two.stop()
  const alone = await untilListed(one, ['peer-one'])
  expect(alone).toBeGreaterThan(both)
  two = await Joined.start('two')
  expect(await untilListed(one, ['peer-one', 'peer-two'])).toBeGreaterThan(alone)
})

test('what one tells the other one hears: deposits, low stock', async () => {
  one.store.frontEnds.deposited(new Set([mailboxOf(1), mailboxOf(2)]))
  await two.until(() => two.deposited.size === 2)
  one.store.frontEnds.stockFell(mailboxOf(3))
  await two.until(() => two.stock.length === 1)
  expect(one.deposited.size).toBe(0)
})

test('of two that have the same owner the one where it came last keeps it', async () => {
  await one.store.frontEnds.owned(mailboxOf(1))
  await two.store.frontEnds.owned(mailboxOf(1))
  await one.until(() => one.elsewhere.length === 1)
  await one.store.frontEnds.owned(mailboxOf(1))
  await two.until(() => two.elsewhere.length === 1)
  expect(one.elsewhere).toEqual([mailboxOf(1)])
})

test('what was deposited by one that ended before it told is found by looking', async () => {
  await openWithToken(one.store)
  await one.store.frontEnds.owned(mailboxOf(1))
  await one.until(() => one.deposited.has(mailboxOf(1)))
  one.deposited.clear()
  // Past everything that tells.
  await two.store.deposit([envelope(1)])
  await one.until(() => one.deposited.has(mailboxOf(1)))
  one.store.frontEnds.released(mailboxOf(1))
  one.deposited.clear()
  await two.store.deposit([envelope(2)])
  await two.store.agree('anything', filled(1, 1))
  expect(one.deposited.size).toBe(0)
})
