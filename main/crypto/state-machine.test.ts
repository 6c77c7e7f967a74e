/** Whatever the network does, and whoever goes back to a backup. fast-check prints the seed and the events of a failure. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { selectBackend } from './backend/select-backend.ts'
import { createCrypto, generateAccount } from './index.ts'
import { LossyNetwork } from './testing/lossy-network.ts'
import { repeatableRandom } from './testing/repeatable-random.ts'
import { makeSesameParty } from './testing/sesame-device.ts'
import type { SesameParty } from './testing/sesame-device.ts'

/** More by a flag: PARLEY_SEEDS=20000. */
const RUNS = Number(process.env['PARLEY_SEEDS'] || 2_000)
const HOUR_MS = 60 * 60 * 1000
/** More than the 50 after which the post-quantum ratchet is due. */
const BURST_MESSAGES = 52

const backend = await selectBackend()

/** Two accounts with two devices each, whose keys serve every run of a test. */
function makeParties(): Parties {
  const c = createCrypto(backend, repeatableRandom('long-lived keys'))
  return [generateAccount(c), generateAccount(c)].map((account) => [
    makeSesameParty(c, account),
    makeSesameParty(c, account),
  ])
}

type Parties = readonly (readonly SesameParty[])[]

const KINDS = {
  send: 20,
  receive: 20,
  duplicate: 4,
  corrupt: 4,
  drop: 3,
  shuffle: 2,
  misdeliver: 2,
  archive: 2,
  wait: 2,
  snapshot: 2,
  restore: 1,
  burst: 1,
} as const

type Kind = keyof typeof KINDS

interface Event {
  readonly kind: Kind
  readonly from: number
  readonly to: number
  readonly pick: number
  readonly bit: number
}

const kind: fc.Arbitrary<Kind> = fc.constantFrom(
  ...(Object.keys(KINDS) as Kind[]).flatMap((name) => Array.from({ length: KINDS[name] }, () => name)),
)

const scenario = fc.record({
  seed: fc.nat(),
  devices: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
  events: fc.array(fc.record<Event>({ kind, from: fc.nat(3), to: fc.nat(3), pick: fc.nat(1_000), bit: fc.nat() }), {
    maxLength: 80,
    size: 'max',
  }),
})

function pickOf<T>(list: readonly T[], pick: number): T {
  const item = list[pick % list.length]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}

function networkOf(parties: Parties, seed: string, devices: readonly number[]): LossyNetwork {
  return new LossyNetwork(
    backend,
    seed,
    parties.map((ofAccount, account) => ofAccount.slice(0, devices[account])),
  )
}

function happen(network: LossyNetwork, event: Event): void {
  const from = pickOf(network.members, event.from)
  const to = pickOf(network.peersOf(from), event.to)
  switch (event.kind) {
    case 'send':
      network.send(from, to)
      return
    case 'archive':
      network.archive(from, to)
      return
    case 'wait':
      network.wait((event.pick % 30) * HOUR_MS)
      return
    case 'shuffle':
      network.shuffle(event.pick)
      return
    case 'snapshot':
      from.backup = network.snapshot(from)
      return
    case 'restore':
      if (from.backup !== null) network.restore(from, from.backup)
      return
    case 'burst':
      burst(network, event)
      return
    default:
      if (network.inFlight.length > 0) happenToEnvelope(network, event)
  }
}

function happenToEnvelope(network: LossyNetwork, event: Event): void {
  const sent = pickOf(network.inFlight, event.pick)
  switch (event.kind) {
    case 'duplicate':
      network.arrive(sent)
      return
    case 'corrupt':
      network.arriveDamaged(sent, event.bit)
      return
    case 'misdeliver':
      network.arriveAtWrong(sent, pickOf(network.members, event.to))
      return
    case 'receive':
      network.arrive(sent)
      network.drop(sent)
      return
    default:
      network.drop(sent)
  }
}

/** Many messages, of which each tenth stays on its way, and an answer. */
function burst(network: LossyNetwork, event: Event): void {
  const from = pickOf(network.members, event.from)
  const to = pickOf(network.peersOf(from), event.to)
  for (let number = 0; number < BURST_MESSAGES; number++) {
    const sent = network.send(from, to)
    if (number % 10 === 5) continue
    network.arrive(sent)
    network.drop(sent)
  }
  const answer = network.send(to, from)
  network.arrive(answer)
  network.drop(answer)
}

test(
  'what is accepted was sent, comes once, and after healing everybody has everything in one session',
  () => {
    const parties = makeParties()
    fc.assert(
      fc.property(scenario, ({ seed, devices, events }) => {
        const network = networkOf(parties, `state machine ${seed}`, devices)
        for (const event of events) happen(network, event)
        network.heal()
      }),
      { numRuns: RUNS },
    )
  },
  Math.max(300_000, RUNS * 150),
)

test('after a day the next turns of a talk take a post-quantum step, whatever was before', () => {
  const network = networkOf(makeParties(), 'a day', [2, 2])
  network.heal()
  for (const [a, b] of network.pairs()) {
    const before = network.kemSteps
    network.wait(24 * HOUR_MS)
    for (let round = 0; round < 3; round++) network.talk(a, b)
    expect(network.kemSteps).toBe(before + 1)
  }
})

test('all may speak first at once', () => {
  const network = networkOf(makeParties(), 'at once', [2, 2])
  for (const from of network.members) for (const to of network.peersOf(from)) network.send(from, to)
  for (const sent of network.inFlight) expect(network.arrive(sent)).toBe(true)
  for (const [a, b] of network.pairs()) expect(a.device.sessionIds(b.device.id)).toHaveLength(2)
  network.converge()
})
