/** Two devices over a network that loses, shuffles, doubles and damages. fast-check prints the seed of a failure. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isParleyError } from '../../shared/errors.ts'
import { selectBackend } from './backend/select-backend.ts'
import { createCrypto } from './index.ts'
import { bytes, makeParty, TestDevice, text, withBitFlipped } from './testing/devices.ts'
import { repeatableRandom } from './testing/repeatable-random.ts'

/** More by a flag: PARLEY_SEEDS=2000. */
const RUNS = Number(process.env['PARLEY_SEEDS'] ?? 100)
const backend = await selectBackend()

type Name = 'alice' | 'bob'

interface Sent {
  readonly from: Name
  readonly plaintext: string
  readonly envelope: Uint8Array
}

function other(name: Name): Name {
  return name === 'alice' ? 'bob' : 'alice'
}

class Network {
  readonly #devices: Readonly<Record<Name, TestDevice>>
  readonly #sent = new Map<string, Sent>()
  readonly #accepted = new Set<string>()
  #inFlight: Sent[] = []

  constructor(seed: string) {
    const c = createCrypto(backend, repeatableRandom(seed))
    const [alice, bob] = [makeParty(c), makeParty(c)]
    this.#devices = { alice: new TestDevice(c, alice, bob), bob: new TestDevice(c, bob, alice) }
  }

  send(from: Name): Sent {
    const plaintext = `${from} ${this.#sent.size}`
    const sent = { from, plaintext, envelope: this.#devices[from].send(bytes(plaintext)) }
    this.#sent.set(plaintext, sent)
    this.#inFlight.push(sent)
    return sent
  }

  pick(pick: number): Sent | undefined {
    return this.#inFlight[pick % Math.max(1, this.#inFlight.length)]
  }

  drop(sent: Sent): void {
    this.#inFlight = this.#inFlight.filter((item) => item !== sent)
  }

  /** Whether it was accepted. What is accepted was sent by the other one, and comes once; what is refused changes nothing. */
  deliver(envelope: Uint8Array, to: Name): boolean {
    const device = this.#devices[to]
    const before = device.image
    const plaintext = attempt(() => text(device.receive(envelope)))
    if (plaintext === null) {
      expect(device.image).toBe(before)
      return false
    }
    const sent = this.#sent.get(plaintext)
    expect(sent?.from).toBe(other(to))
    expect(sent?.envelope).toEqual(envelope)
    expect(this.#accepted.has(plaintext)).toBe(false)
    this.#accepted.add(plaintext)
    return true
  }

  /** All that was not dropped arrives, the newest first. */
  heal(): void {
    for (const { envelope, from } of [...this.#inFlight].reverse()) this.deliver(envelope, other(from))
    const gaveUpChains = Object.values(this.#devices).some((device) => device.isFullOfLateChains)
    const missing = this.#inFlight.filter(({ plaintext }) => !this.#accepted.has(plaintext))
    if (!gaveUpChains) expect(missing.map(({ plaintext }) => plaintext)).toEqual([])
  }

  /** Both hear each other, in each direction. */
  talk(): void {
    for (const from of ['alice', 'bob', 'alice', 'bob'] as const) {
      expect(this.deliver(this.send(from).envelope, other(from))).toBe(true)
    }
  }
}

/** Null: refused. */
function attempt(open: () => string): string | null {
  try {
    return open()
  } catch (error) {
    if (!isParleyError(error)) throw error
    return null
  }
}

interface Event {
  readonly kind: 'send' | 'deliver' | 'duplicate' | 'drop' | 'reflect' | 'corrupt'
  readonly from: Name
  readonly pick: number
  readonly bit: number
}

const events: fc.Arbitrary<readonly Event[]> = fc.array(
  fc.record({
    kind: fc.oneof(
      { weight: 5, arbitrary: fc.constant('send' as const) },
      { weight: 5, arbitrary: fc.constant('deliver' as const) },
      { weight: 3, arbitrary: fc.constantFrom('duplicate', 'drop', 'reflect', 'corrupt') },
    ),
    from: fc.constantFrom('alice', 'bob'),
    pick: fc.nat(),
    bit: fc.nat(),
  }),
  { maxLength: 60, size: 'max' },
)

function happen(network: Network, { kind, from, pick, bit }: Event): void {
  if (kind === 'send') {
    network.send(from)
    return
  }
  const item = network.pick(pick)
  if (item === undefined) return
  const to = other(item.from)
  switch (kind) {
    case 'deliver':
      network.deliver(item.envelope, to)
      network.drop(item)
      return
    case 'duplicate':
      network.deliver(item.envelope, to)
      return
    case 'drop':
      network.drop(item)
      return
    case 'reflect':
      expect(network.deliver(item.envelope, item.from)).toBe(false)
      return
    case 'corrupt':
      expect(network.deliver(withBitFlipped(item.envelope, bit % (item.envelope.length * 8)), to)).toBe(false)
  }
}

test('whatever the network does: what is accepted was sent, comes once, and the rest arrives in the end', () => {
  fc.assert(
    fc.property(events, fc.nat(), (list, seed) => {
      const network = new Network(`conversation ${seed}`)
      for (const event of list) happen(network, event)
      network.heal()
      network.talk()
    }),
    { numRuns: RUNS },
  )
}, 120_000)

test('both may speak first at once', () => {
  const network = new Network('at once')
  const [first, second] = [network.send('alice'), network.send('bob')]
  expect(network.deliver(first.envelope, 'bob')).toBe(true)
  expect(network.deliver(second.envelope, 'alice')).toBe(true)
  network.talk()
})
