import { afterEach, beforeEach, expect, test } from 'vitest'
import { random } from '../../ports/contract-tests/relay-owner.ts'
import type { Clock } from '../../ports/runtime.ts'
import { systemClock } from '../../runtime/system-clock.ts'
import { isParleyError } from '../../../shared/errors.ts'
import type { RelayId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import { FrontEndLists } from './front-end-lists.ts'
import { Senders } from './senders.ts'
import { deferred } from './testing/deferred.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const relayOf = () => ({ relayId: idFromBytes<RelayId>(random(32)), addresses: ['/ip4/127.0.0.1/tcp/1'] })

let nowMs: number
let senders: Senders

beforeEach(() => {
  nowMs = 20_000 * DAY_MS
  const clock: Clock = { ...systemClock, nowMs: () => nowMs }
  senders = new Senders(clock, new FrontEndLists())
})

afterEach(() => senders.stop())

test('one PeerId for a relay and a day; another for another relay, and for the next day', async () => {
  const [first, second] = [relayOf(), relayOf()]
  const peerAt = (relay: typeof first): Promise<string> => senders.use(relay, (links) => links.peerName())
  const today = await peerAt(first)
  nowMs += DAY_MS - 1
  expect(await peerAt(first)).toBe(today)
  expect(await peerAt(second)).not.toBe(today)
  nowMs += 1
  expect(await peerAt(first)).not.toBe(today)
})

test("yesterday's node lives until its last work is done", async () => {
  const relay = relayOf()
  const begun = deferred()
  const release = deferred()
  const working = senders.use(relay, async (links) => {
    const before = await links.peerName()
    begun.resolve()
    await release.promise
    return [before, await links.peerName()]
  })
  await begun.promise
  nowMs += DAY_MS
  const today = await senders.use(relay, (links) => links.peerName())
  release.resolve()
  const [before, after] = await working
  expect(after).toBe(before)
  expect(today).not.toBe(before)
})

test('after `stop` nothing starts', async () => {
  await senders.stop()
  await expect(senders.use(relayOf(), (links) => links.peerName())).rejects.toSatisfy((error) =>
    isParleyError(error, 'cancelled'),
  )
})
