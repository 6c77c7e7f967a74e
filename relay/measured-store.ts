/** Any store, with its work counted: what was deposited, pushed and collected, and how long durable writes take. */

import type { RelayMetrics } from './metrics.ts'
import type { DepositResult, RelayStore } from './storage/relay-store.ts'

/** Behaves as `store` does; what is not measured goes straight through. */
export function measuredStore(store: RelayStore, metrics: RelayMetrics): RelayStore {
  const measured = measuredMethods(store, metrics)
  const straight = new Map<string | symbol, unknown>()
  return new Proxy(store, {
    get: (target, name): unknown => {
      if (name in measured) return Reflect.get(measured, name)
      if (!straight.has(name)) straight.set(name, bound(target, name))
      return straight.get(name)
    },
  })
}

/** A method that may use private fields wants its own object as `this`. */
function bound(store: RelayStore, name: string | symbol): unknown {
  const member: unknown = Reflect.get(store, name)
  if (typeof member !== 'function') return member
  return (...values: readonly unknown[]): unknown => Reflect.apply(member, store, values)
}

function measuredMethods(store: RelayStore, metrics: RelayMetrics): Partial<RelayStore> {
  const timed = async <T>(write: Promise<T>, done = metrics.writing()): Promise<T> => {
    try {
      return await write
    } finally {
      done()
    }
  }
  return {
    deposit: async (items) => {
      const results = await timed(store.deposit(items))
      countDeposits(metrics, items, results)
      return results
    },
    depositAtDoor: async (item, maxPending) => {
      const result = await timed(store.depositAtDoor(item, maxPending))
      countDeposits(metrics, [item], [result])
      return result
    },
    collect: async (mailboxId, envelopeIds, nowMs) => {
      await timed(store.collect(mailboxId, envelopeIds, nowMs))
      metrics.add('drains', envelopeIds.length)
    },
    collectPushed: async (mailboxId, pushed, nowMs) => {
      await timed(store.collectPushed(mailboxId, pushed, nowMs))
      metrics.add('drains', pushed.length)
    },
    envelopesAfter: async (...wanted) => {
      const envelopes = await store.envelopesAfter(...wanted)
      metrics.add('pushes', envelopes.length)
      metrics.add('pushBytes', bytesOf(envelopes))
      return envelopes
    },
    takeDirectory: async (...wanted) => {
      const taken = await timed(store.takeDirectory(...wanted))
      if (taken !== null) metrics.add('prekeysTaken')
      return taken
    },
    takeInvite: async (...wanted) => {
      const taken = await timed(store.takeInvite(...wanted))
      if (taken.kind === 'item') metrics.add('invitesTaken')
      return taken
    },
  }
}

interface Envelope {
  readonly envelope: Uint8Array
}

/** A deposit that was repeated is none. */
function countDeposits(metrics: RelayMetrics, items: readonly Envelope[], results: readonly DepositResult[]): void {
  const fresh = items.filter((_item, index) => {
    const result = results[index]
    return result?.kind === 'held' && result.isNew
  })
  metrics.add('deposits', fresh.length)
  metrics.add('depositBytes', bytesOf(fresh))
}

function bytesOf(items: readonly Envelope[]): number {
  return items.reduce((sum, { envelope }) => sum + envelope.length, 0)
}
