/** Deposits and acknowledgements of a moment share a transaction: those of one mailbox always in the same lane, one after the other. */

import type { MailboxId } from '../../shared/model/ids.ts'
import { idToBytes } from '../../shared/model/ids.ts'
import { Refused } from '../refused.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import type { CollectItem, PostgresEnvelopes } from './postgres-envelopes.ts'
import type { DepositItem, DepositResult } from './relay-store.ts'

/** Of one transaction: bounds how long the first of them waits. */
const MAX_GROUP_ITEMS = 1_024
const MAX_GROUP_BYTES = 4 * 1024 * 1024
/** What may wait in memory while the store does not answer. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024
const ITEM_BYTES = 200
const RETRY_AFTER_SECONDS = 5

interface Work {
  readonly deposits: readonly DepositItem[]
  readonly collects: readonly CollectItem[]
  readonly bytes: number
  readonly resolve: (results: readonly DepositResult[]) => void
  readonly reject: (error: unknown) => void
}

type Share<T> = readonly { readonly item: T; readonly index: number }[]

interface Lane {
  readonly queue: Work[]
  running: boolean
}

export class PostgresGroups {
  readonly #database: PostgresDatabase
  readonly #envelopes: PostgresEnvelopes
  readonly #lanes: readonly Lane[]
  #waitingBytes = 0

  constructor(database: PostgresDatabase, envelopes: PostgresEnvelopes) {
    this.#database = database
    this.#envelopes = envelopes
    this.#lanes = Array.from({ length: database.lanes }, () => ({ queue: [], running: false }))
  }

  /** @throws unreachable | relay-full; what was stored before that is found there when it is deposited again */
  async deposit(items: readonly DepositItem[]): Promise<readonly DepositResult[]> {
    const results = new Map<number, DepositResult>()
    const shares = [...this.#byLane(items)].map(async ([lane, share]) => {
      const answered = await this.#enqueue(
        lane,
        share.map(({ item }) => item),
        [],
      )
      for (const [at, { index }] of share.entries()) {
        const result = answered[at]
        if (result !== undefined) results.set(index, result)
      }
    })
    await allOrFirstError(shares)
    return items.map((_item, index) => {
      const result = results.get(index)
      if (result === undefined) throw new Error('a deposit without a result')
      return result
    })
  }

  /** @throws unreachable | relay-full */
  async collect(items: readonly CollectItem[]): Promise<void> {
    await allOrFirstError(
      [...this.#byLane(items)].map(([lane, share]) =>
        this.#enqueue(
          lane,
          [],
          share.map(({ item }) => item),
        ),
      ),
    )
  }

  #byLane<T extends { readonly mailboxId: MailboxId }>(items: readonly T[]): ReadonlyMap<number, Share<T>> {
    const shares = new Map<number, { item: T; index: number }[]>()
    for (const [index, item] of items.entries()) {
      const lane = (idToBytes(item.mailboxId)[0] ?? 0) % this.#lanes.length
      const share = shares.get(lane) ?? []
      share.push({ item, index })
      shares.set(lane, share)
    }
    return shares
  }

  #enqueue(
    number: number,
    deposits: readonly DepositItem[],
    collects: readonly CollectItem[],
  ): Promise<readonly DepositResult[]> {
    const lane = this.#lanes[number]
    if (lane === undefined) throw new Error('no such lane')
    const bytes = deposits.reduce(
      (sum, { envelope }) => sum + envelope.length + ITEM_BYTES,
      collects.length * ITEM_BYTES,
    )
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      return Promise.reject(new Refused('unreachable', 'store is behind', RETRY_AFTER_SECONDS))
    }
    this.#waitingBytes += bytes
    return new Promise((resolve, reject) => {
      lane.queue.push({ deposits, collects, bytes, resolve, reject })
      if (lane.running) return
      lane.running = true
      // Whatever arrives in this turn of the event loop goes along.
      setImmediate(() => void this.#run(lane, number))
    })
  }

  async #run(lane: Lane, number: number): Promise<void> {
    while (lane.queue.length > 0) await this.#carryOut(number, lane.queue.splice(0, groupLength(lane.queue)))
    lane.running = false
  }

  async #carryOut(number: number, group: readonly Work[]): Promise<void> {
    const deposits = group.flatMap((work) => work.deposits)
    const collects = group.flatMap((work) => work.collects)
    try {
      const results = await this.#database.inLane(number, (transaction) =>
        this.#envelopes.carryOut(transaction, deposits, collects),
      )
      let next = 0
      for (const work of group) work.resolve(results.slice(next, (next += work.deposits.length)))
    } catch (error) {
      for (const work of group) work.reject(error)
    } finally {
      for (const { bytes } of group) this.#waitingBytes -= bytes
    }
  }
}

/** At least one. */
function groupLength(queue: readonly Work[]): number {
  let items = 0
  let bytes = 0
  const end = queue.findIndex((work, index) => {
    items += work.deposits.length + work.collects.length
    bytes += work.bytes
    return index > 0 && (items > MAX_GROUP_ITEMS || bytes > MAX_GROUP_BYTES)
  })
  return end === -1 ? queue.length : end
}

/** Waits for all, so that nothing is under way when it throws. */
async function allOrFirstError(promises: readonly Promise<unknown>[]): Promise<void> {
  const settled = await Promise.allSettled(promises)
  for (const result of settled) if (result.status === 'rejected') throw result.reason
}
