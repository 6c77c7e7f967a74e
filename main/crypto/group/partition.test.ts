/**
 * Two admins change a group apart from each other, members speak under old epochs, one who was removed listens to all.
 * Chains travel in real sessions. fast-check prints the seed of a failure.
 */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { MessageId } from '../../../shared/model/ids.ts'
import { isParleyError } from '../../../shared/errors.ts'
import { selectBackend } from '../backend/select-backend.ts'
import { createCrypto } from '../index.ts'
import type { Crypto } from '../index.ts'
import { TestDevice } from '../testing/devices.ts'
import { add, addAdmin, Directory, TestMember } from '../testing/group-members.ts'
import type { Posted } from '../testing/group-members.ts'
import { repeatableRandom } from '../testing/repeatable-random.ts'

/** More by a flag: PARLEY_SEEDS=2000. */
const RUNS = Math.ceil(Number(process.env['PARLEY_SEEDS'] || 100) / 4)
const TIME_LIMIT_MS = 30_000 + 1_500 * RUNS
const backend = await selectBackend()
const NAMES = ['alice', 'bob', 'carol', 'dave', 'eve', 'frank'] as const

type Name = (typeof NAMES)[number]

interface Parcel {
  readonly from: Name
  readonly to: Name
  /** Sealed in the session of the two; null when the chain was not owed. */
  readonly sealedChain: Uint8Array | null
  readonly posted: Posted
}

/** Alice, Bob and Carol are admins of a group with Dave and Eve; Frank stands by. */
class Network {
  readonly #members: ReadonlyMap<Name, TestMember>
  readonly #sessions = new Map<string, TestDevice>()
  /** Everything that was ever under way: what the one who was removed listens to. */
  readonly overheard: Posted[] = []
  readonly epochs = new Map<Posted, string>()
  readonly texts = new Map<MessageId, { readonly from: Name; readonly text: string }>()
  #parcels: Parcel[] = []
  #changes: Uint8Array[] = []

  constructor(seed: string) {
    const c = createCrypto(backend, repeatableRandom(seed))
    const directory = new Directory()
    this.#members = new Map(NAMES.map((name) => [name, new TestMember(c, directory)]))
    for (const one of NAMES) for (const other of NAMES) if (one !== other) this.#meet(c, one, other)
    const alice = this.member('alice')
    alice.create([
      ...addAdmin(this.member('bob'), this.member('carol')),
      ...add(this.member('dave'), this.member('eve')),
    ])
    for (const name of NAMES) if (name !== 'alice') this.member(name).join(alice)
  }

  member(name: Name): TestMember {
    const member = this.#members.get(name)
    if (member === undefined) throw new Error('nobody of this name')
    return member
  }

  #meet(c: Crypto, one: Name, other: Name): void {
    this.#sessions.set(`${one} ${other}`, new TestDevice(c, this.member(one).party, this.member(other).party))
  }

  #session(one: Name, other: Name): TestDevice {
    const session = this.#sessions.get(`${one} ${other}`)
    if (session === undefined) throw new Error('no session')
    return session
  }

  /** Names of the devices that know of each change as yet: its author alone. */
  change(by: Name, kind: 'add' | 'remove' | 'promote', whom: Name): void {
    const { account } = this.member(whom)
    const operation = kind === 'promote' ? ({ kind: 'make-admin', account } as const) : { kind, account }
    try {
      this.#changes.push(this.member(by).change([operation]))
    } catch (error) {
      if (!isParleyError(error, 'blocked')) throw error
    }
  }

  hearChanges(name: Name, share: number): void {
    this.member(name).take(this.#changes.slice(0, Math.ceil(this.#changes.length * share)))
  }

  send(from: Name, text: string, messageId?: MessageId): void {
    const sender = this.member(from)
    if (!sender.group.history.members.has(sender.account)) return
    const posted = sender.send(text, messageId)
    this.texts.set(posted.messageId, { from, text })
    this.overheard.push(posted)
    this.epochs.set(posted, sender.epoch)
    for (const to of NAMES) {
      if (to === from || !sender.group.history.members.has(this.member(to).account)) continue
      const isOwed = posted.owedTo.some(({ account }) => account === this.member(to).account)
      const sealedChain = isOwed ? this.#session(from, to).send(posted.distribution) : null
      this.#parcels.push({ from, to, sealedChain, posted })
    }
  }

  /** What arrives is taken, given back to be sent again, kept, or refused as a member's who is none. */
  deliver(pick: number): void {
    const [parcel] = this.#parcels.splice(pick % Math.max(1, this.#parcels.length), 1)
    if (parcel === undefined) return
    const { from, to, sealedChain, posted } = parcel
    const receiver = this.member(to)
    if (sealedChain !== null) {
      this.#chains.push({ from, to, chain: this.#session(to, from).receive(sealedChain) })
    }
    this.#offerChains(to)
    const known = receiver.accepted.get(posted.messageId)
    const outcome = receiver.outcome(posted.message)
    if (outcome === 'stale') this.#again.add(posted.messageId)
    if (outcome === 'unknown-epoch' || outcome === 'unknown-chain') this.#parked.push({ ...parcel, sealedChain: null })
    if (outcome === 'message' && known === undefined) this.takenCount += 1
    if (outcome === 'message') expect(receiver.outcome(posted.message)).toBe('cannot-decrypt')
    expect(['message', 'stale', 'unknown-epoch', 'unknown-chain', 'not-a-member']).toContain(outcome)
  }

  takenCount = 0
  readonly #again = new Set<MessageId>()
  #parked: Parcel[] = []
  #chains: { readonly from: Name; readonly to: Name; readonly chain: Uint8Array }[] = []

  /** Chains of epochs that have become known meanwhile. */
  #offerChains(to: Name): void {
    this.#chains = this.#chains.filter((item) => {
      if (item.to !== to) return true
      return this.member(to).takeDistribution(item.chain, this.member(item.from).self) === 'unknown-epoch'
    })
  }

  /** All changes reach all; then what is under way, was kept or given back, until nothing is left. */
  heal(): void {
    for (const name of NAMES) this.hearChanges(name, 1)
    for (let round = 0; round < 4; round++) {
      this.#parcels.push(...this.#parked.splice(0))
      while (this.#parcels.length > 0) this.deliver(0)
      const again = [...this.#again]
      this.#again.clear()
      for (const messageId of again) {
        const sent = this.texts.get(messageId)
        if (sent !== undefined) this.send(sent.from, sent.text, messageId)
      }
    }
    expect(this.#parcels).toEqual([])
  }

  membersNow(): Name[] {
    const { members } = this.member('alice').group.history
    return NAMES.filter((name) => members.has(this.member(name).account))
  }
}

interface Event {
  readonly kind: 'send' | 'deliver' | 'hear' | 'change'
  readonly name: Name
  readonly whom: Name
  readonly how: 'add' | 'remove' | 'promote'
  readonly pick: number
  readonly share: number
}

const events: fc.Arbitrary<readonly Event[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('send', 'send', 'deliver', 'deliver', 'deliver', 'hear', 'change'),
    name: fc.constantFrom(...NAMES),
    whom: fc.constantFrom(...NAMES),
    how: fc.constantFrom('add', 'remove', 'promote'),
    pick: fc.nat(),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { maxLength: 40, size: 'max' },
)

function happen(network: Network, { kind, name, whom, how, pick, share }: Event, at: number): void {
  switch (kind) {
    case 'send':
      return network.send(name, `${name} ${at}`)
    case 'deliver':
      return network.deliver(pick)
    case 'hear':
      return network.hearChanges(name, share)
    case 'change':
      return network.change(name, how, whom)
  }
}

test(
  'after healing all agree, every accepted text was sent, and who is out reads nothing new',
  () => {
    let taken = 0
    fc.assert(
      fc.property(events, (happened) => {
        const network = new Network('partition')
        happened.forEach((event, at) => {
          happen(network, event, at)
        })
        network.heal()
        const alice = network.member('alice')
        for (const name of NAMES) {
          const member = network.member(name)
          expect(member.epoch).toBe(alice.epoch)
          for (const [messageId, text] of member.accepted) {
            expect(network.texts.get(messageId)?.text).toBe(text)
            expect(network.texts.get(messageId)?.from).not.toBe(name)
          }
        }
        const inside = network.membersNow()
        for (const [posted, epoch] of network.epochs) {
          if (epoch !== alice.epoch) continue
          const readers = inside.filter((name) => network.member(name) !== posted.from)
          for (const name of readers) expect(network.member(name).accepted.get(posted.messageId)).toBe(posted.text)
        }
        // What members say from now on is for members alone, though the others hear all of it.
        const since = network.overheard.length
        for (const name of inside) network.send(name, `${name} at last`)
        network.heal()
        const fresh = network.overheard.slice(since)
        for (const name of NAMES) {
          const heard = [...network.member(name).accepted.values()].filter((text) => text.endsWith('at last'))
          expect(heard).toHaveLength(inside.includes(name) ? inside.length - 1 : 0)
          if (inside.includes(name)) continue
          for (const { message } of fresh) expect(network.member(name).outcome(message)).toBe('unknown-chain')
        }
        taken += network.takenCount
      }),
      { numRuns: RUNS },
    )
    expect(taken).toBeGreaterThan(RUNS)
  },
  TIME_LIMIT_MS,
)

test('two admins apart, texts under old epochs, and one who was removed and listens', () => {
  const network = new Network('two admins')
  const [alice, bob, carol, eve] = (['alice', 'bob', 'carol', 'eve'] as const).map((name) => network.member(name))
  if (alice === undefined || bob === undefined || carol === undefined || eve === undefined) throw new Error('four')
  for (const name of ['alice', 'bob', 'carol', 'dave', 'eve'] as const) network.send(name, `${name} early`)
  network.heal()
  expect(eve.accepted.size).toBe(4)

  network.change('alice', 'remove', 'eve')
  network.change('bob', 'add', 'frank')
  network.change('bob', 'promote', 'dave')
  network.send('alice', 'without Eve')
  network.send('bob', 'with Frank')
  network.send('carol', 'of neither')
  expect([alice.epoch, bob.epoch, carol.epoch]).toHaveLength(new Set([alice.epoch, bob.epoch, carol.epoch]).size)
  network.heal()

  expect(network.membersNow()).toEqual(['alice', 'bob', 'carol', 'dave', 'frank'])
  for (const name of network.membersNow()) {
    const texts = [...network.member(name).accepted.values()].filter((text) => !text.endsWith('early'))
    const others = ['without Eve', 'with Frank', 'of neither'].filter(
      (_, at) => name !== (['alice', 'bob', 'carol'] as const)[at],
    )
    expect(texts.sort()).toEqual(others.sort())
  }
  // She hears everything again, with all that she ever held.
  for (const { message } of network.overheard) eve.outcome(message)
  expect([...eve.accepted.values()]).not.toContain('without Eve')
  network.send('bob', 'after all')
  const [last] = network.overheard.slice(-1)
  const before = eve.image
  expect(eve.outcome(last?.message ?? new Uint8Array())).toBe('unknown-chain')
  expect(eve.image).toBe(before)
})
