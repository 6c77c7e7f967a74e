/** What bounds the relay's memory, each by itself. */

import { expect, test, vi } from 'vitest'
import { AddressLimits } from './address-limits.ts'
import type { BeginningConnection } from './address-limits.ts'
import { prefixesOf } from './address-prefixes.ts'
import { AskLimits } from './ask-limits.ts'
import { ByteBudget } from './byte-budget.ts'
import { configSchema } from './config.ts'
import { DailyQuota } from './daily-quota.ts'
import { DecayingCounts } from './decaying-counts.ts'
import { HalfFrames } from './half-frames.ts'

test('bytes under way: who comes when they are used up waits in turn; what is larger than all goes alone', async () => {
  const budget = new ByteBudget(100)
  const admitted: string[] = []
  const take = async (name: string, bytes: number): Promise<void> => {
    await budget.take(bytes)
    admitted.push(name)
  }
  await take('first', 60)
  const waiting = [take('second', 50), take('third', 10), take('huge', 500), take('last', 1)]
  await Promise.resolve()
  expect(admitted).toEqual(['first'])
  budget.giveBack(60)
  await Promise.all(waiting.slice(0, 2))
  expect(admitted).toEqual(['first', 'second', 'third'])
  budget.giveBack(50)
  budget.giveBack(10)
  await waiting[2]
  expect(budget.used).toBe(500)
  budget.giveBack(500)
  await waiting[3]
  expect(admitted.at(-1)).toBe('last')
})

test('frames that do not end: the one that began first is let go when they hold too much', () => {
  const halves = new HalfFrames(100, 1_000)
  const ended: string[] = []
  const watch = (name: string) =>
    halves.watch(() => {
      ended.push(name)
    })
  const [first, second, third] = [watch('first'), watch('second'), watch('third')]
  first(40)
  second(40)
  first(50)
  expect([halves.bytes, ended]).toEqual([90, []])
  third(30)
  expect([halves.bytes, ended]).toEqual([70, ['first']])
  first(0)
  second(0)
  third(0)
  expect(halves.bytes).toBe(0)
})

test('frames that do not end: each has its time', () => {
  vi.useFakeTimers()
  const halves = new HalfFrames(1_000, 1_000)
  let ended = 0
  const tell = halves.watch(() => {
    ended += 1
  })
  tell(10)
  vi.advanceTimersByTime(999)
  tell(0)
  tell(10)
  vi.advanceTimersByTime(999)
  expect([ended, halves.bytes]).toEqual([0, 10])
  vi.advanceTimersByTime(1)
  expect([ended, halves.bytes]).toEqual([1, 0])
  vi.useRealTimers()
})

test('what happened lately fades by halves, and who counts least goes first', () => {
  const counts = new DecayingCounts(1_000, 20)
  for (let count = 0; count < 8; count++) counts.add('often', 0)
  expect([counts.of('often', 0), counts.of('often', 1_000), counts.of('often', 3_000)]).toEqual([8, 4, 1])
  counts.add('often', 2_000)
  expect(counts.of('often', 2_000)).toBe(3)
  // A clock that was set back.
  expect(counts.of('often', 0)).toBe(3)
  for (let count = 0; count < 300; count++) counts.add(`once ${count}`, 2_000)
  expect(counts.size).toBe(20)
  expect(counts.of('often', 2_000)).toBe(3)
})

test('a day of senders: the one that used least of the longest silent goes, heavy ones stay', () => {
  const quota = new DailyQuota({ envelopes: 10, bytes: 1_000 }, 20)
  for (let count = 0; count < 10; count++) quota.charge('heavy', { envelopes: 1, bytes: 1 }, 0)
  for (let count = 0; count < 500; count++) quota.charge(`light ${count}`, { envelopes: 1, bytes: 1 }, 0)
  expect(quota.size).toBe(20)
  expect(quota.charge('heavy', { envelopes: 1, bytes: 1 }, 0)).toBe(false)
})

test('directories that are not there leave nothing in memory', () => {
  const limits = new AskLimits(configSchema.parse({}), () => 0)
  const from = prefixesOf('/ip4/192.0.2.1/tcp/1')
  for (let count = 0; count < 100; count++) limits.oneTimeItem(Uint8Array.of(count), from).giveBack()
  expect(limits.rememberedDirectories).toBe(0)
  const taken = Array.from({ length: 9 }, () => limits.oneTimeItem(Uint8Array.of(1), from))
  expect(taken.filter(({ allowed }) => allowed)).toHaveLength(8)
  taken.at(-1)?.giveBack()
  expect(limits.oneTimeItem(Uint8Array.of(1), from).allowed).toBe(false)
})

class Dialled implements BeginningConnection {
  readonly remoteAddr: string
  #onClose: () => void = () => undefined

  constructor(host: string) {
    this.remoteAddr = `/ip4/${host}/tcp/1`
  }

  addEventListener(_type: 'close', listener: () => void): void {
    this.#onClose = listener
  }

  close(): void {
    this.#onClose()
  }
}

const LIMITS = { connectionsPerAddress: 8, handshakesPerAddress: 4, newConnectionsPerSecondPerAddress: 50 }

test('an address: half-open ones, open ones, its neighbours, and what closed again', () => {
  const limits = new AddressLimits(LIMITS, () => 0)
  const dial = (host: string): Dialled | null => {
    const connection = new Dialled(host)
    return limits.begins(connection) ? connection : null
  }
  const some = (host: string, count: number) =>
    Array.from({ length: count }, () => dial(host)).filter((connection) => connection !== null)
  const halfOpen = some('192.0.2.1', 10)
  expect(halfOpen).toHaveLength(4)
  expect(some('192.0.2.2', 10)).toHaveLength(4)
  for (const connection of halfOpen) limits.stands(connection)
  const more = some('192.0.2.1', 10)
  expect(more).toHaveLength(4)
  for (const connection of more) limits.stands(connection)
  expect(dial('192.0.2.1')).toBeNull()
  halfOpen[0]?.close()
  const again = dial('192.0.2.1')
  expect(again).not.toBeNull()
  // A whole /24 holds four times what one host may.
  for (const last of [3, 4, 5, 6]) for (const connection of some(`192.0.2.${last}`, 4)) limits.stands(connection)
  const last = some('192.0.2.200', 4)
  expect(last).toHaveLength(4)
  expect(dial('192.0.2.201')).toBeNull()
  expect(dial('192.0.3.201')).not.toBeNull()
  for (const connection of [...halfOpen, ...more]) connection.close()
  again?.close()
  expect(some('192.0.2.1', 8)).toHaveLength(4)
})

test('an address: connections that begin in a second', () => {
  let nowMs = 0
  const limits = new AddressLimits({ ...LIMITS, newConnectionsPerSecondPerAddress: 2 }, () => nowMs)
  const begun = (): number => {
    let count = 0
    for (let tries = 0; tries < 20; tries++) {
      const connection = new Dialled('192.0.2.1')
      if (!limits.begins(connection)) continue
      count += 1
      connection.close()
    }
    return count
  }
  expect(begun()).toBe(4)
  nowMs += 1_000
  expect(begun()).toBe(2)
})
