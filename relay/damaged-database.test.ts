/** A disk that gives back other bytes than it was given: noticed, reported, and no matter of other mailboxes. */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRelayClient } from '../main/net/relay-client/index.ts'
import { digestOf, Owner } from '../main/ports/contract-tests/relay-owner.ts'
import type { RelayPort } from '../main/ports/relay.ts'
import { systemClock } from '../main/runtime/system-clock.ts'
import { checkDatabase } from './storage/sqlite-check.ts'
import { breakPageOf, flipBitOf } from './testing/damage-page.ts'
import { LocalRelay } from './testing/local-relay.ts'
import { runRelayCommand } from './testing/relay-process.ts'

const HOUR_MS = 60 * 60 * 1000
/** Those that run the program as well. */
const WITHIN = { timeout: 90_000 }
const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))

let skippedMs: number
let relay: LocalRelay
let port: RelayPort

beforeEach(async () => {
  skippedMs = 0
  relay = await LocalRelay.start({ now: () => Date.now() + skippedMs })
  port = createRelayClient({ clock: systemClock })
})

afterEach(async () => {
  await port.stop()
  await relay.remove()
})

const database = (): string => join(relay.dataDir, 'relay.db')

async function awayOwner(): Promise<Owner> {
  const owner = new Owner()
  await owner.connect(port, relay.contact)
  await owner.connection.close()
  return owner
}

async function depositAll(owner: Owner, envelopes: readonly Uint8Array[]): Promise<readonly string[]> {
  const outcomes = await port.deposit(
    relay.contact,
    envelopes.map((envelope) => owner.deposit(envelope)),
  )
  return outcomes.map(({ kind }) => kind)
}

/** While the relay is down. */
async function damaging(damage: () => void): Promise<void> {
  const addresses = relay.running.addresses()
  await relay.stop()
  damage()
  await relay.start(addresses)
}

/** What an owner is given that comes back. */
async function collect(owner: Owner, count: number): Promise<readonly string[]> {
  const again = new Owner(owner.key)
  again.acknowledges = false
  await again.connect(port, relay.contact)
  await again.until(() => again.received.length >= count)
  await again.connection.close()
  return again.envelopes.map(digestOf)
}

const reported = (what: string): number =>
  relay.log.filter(({ event, fields }) => event === 'database-damaged' && fields['what'] === what).length

/** Envelopes of one owner on pages of their own, with others' around them. */
async function spread(owner: Owner, other: Owner): Promise<readonly Uint8Array[]> {
  const envelopes = Array.from({ length: 40 }, () => random(1_500))
  for (const envelope of envelopes) {
    await depositAll(owner, [envelope])
    await depositAll(other, [random(1_500)])
  }
  return envelopes
}

test(
  'a flipped bit in an envelope: it is not pushed as if it were fine, the others are, and it is reported',
  WITHIN,
  async () => {
    const owner = await awayOwner()
    const envelopes = [random(1_000), random(1_000), random(1_000)]
    const [first, damaged, last] = envelopes
    if (first === undefined || damaged === undefined || last === undefined) throw new Error('three envelopes')
    await depositAll(owner, envelopes)
    await damaging(() => {
      flipBitOf(database(), damaged.slice(100, 200))
    })
    expect(await collect(owner, 2)).toEqual([first, last].map(digestOf))
    expect(reported('envelope')).toBe(1)
    await relay.stop()
    expect(checkDatabase(database())).toEqual({ problems: [], damagedEnvelopes: 1 })
    expect((await runRelayCommand(['check', '--data', relay.dataDir])).stdout).toContain('One envelope is damaged')
    await relay.start()
  },
)

test('the sender that deposits it again gets a receipt for the whole one, which is then delivered', async () => {
  const owner = await awayOwner()
  const envelope = random(1_000)
  await depositAll(owner, [envelope])
  await damaging(() => {
    flipBitOf(database(), envelope.slice(100, 200))
  })
  expect(await depositAll(owner, [envelope])).toEqual(['held'])
  expect(await collect(owner, 1)).toEqual([digestOf(envelope)])
})

test('a page that cannot be read: the rest of its mailbox and every other mailbox go on', WITHIN, async () => {
  const [owner, other] = [await awayOwner(), await awayOwner()]
  const envelopes = await spread(owner, other)
  const broken = envelopes[20]
  if (broken === undefined) throw new Error('forty envelopes')
  await damaging(() => {
    breakPageOf(database(), broken.slice(0, 100))
  })
  const readable = await collect(owner, 30)
  expect(readable).toEqual(envelopes.map(digestOf).filter((digest) => readable.includes(digest)))
  expect(readable).not.toContain(digestOf(broken))
  expect(reported('page')).toBe(1)
  const bystander = await awayOwner()
  const fine = random(1_000)
  expect(await depositAll(bystander, [fine])).toEqual(['held'])
  expect(await collect(bystander, 1)).toEqual([digestOf(fine)])
  await relay.stop()
  expect(checkDatabase(database()).problems).not.toEqual([])
  const check = await runRelayCommand(['check', '--data', relay.dataDir])
  expect([check.code, check.stdout]).toEqual([1, expect.stringContaining('The database is damaged')])
  await relay.start()
})

test('one request of a batch that meets it fails alone', async () => {
  const [owner, other] = [await awayOwner(), await awayOwner()]
  const envelopes = await spread(owner, other)
  const broken = envelopes[20]
  if (broken === undefined) throw new Error('forty envelopes')
  await damaging(() => {
    breakPageOf(database(), broken.slice(0, 100))
  })
  const outcomes = await port.deposit(relay.contact, [
    owner.deposit(broken),
    other.deposit(random(1_000)),
    owner.deposit(random(1_000)),
  ])
  expect(outcomes.map(({ kind }) => kind)).toEqual(['refused', 'held', 'held'])
  expect(outcomes[0]).toMatchObject({ code: 'relay-full' })
})

test('what can be read still expires', async () => {
  const [owner, other] = [await awayOwner(), await awayOwner()]
  const envelopes = await spread(owner, other)
  const broken = envelopes[20]
  if (broken === undefined) throw new Error('forty envelopes')
  await damaging(() => {
    breakPageOf(database(), broken.slice(0, 100))
  })
  skippedMs = 25 * HOUR_MS
  await relay.running.sweep()
  const again = new Owner(owner.key)
  await again.connect(port, relay.contact)
  expect((await again.connection.usage()).envelopeCount).toBeLessThan(5)
})
