/** Bytes that nobody made: every decoder answers with a closed code and changes nothing. fast-check prints the seed of a failure. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { equalBytes } from '../../../shared/wire/bytes.ts'
import { selectBackend } from '../backend/select-backend.ts'
import {
  createCrypto,
  decodeChange,
  decodeDistribution,
  decodeGroupRecord,
  decodeReceiverChain,
  decodeSenderChain,
  encodeDistribution,
  encodeGroupRecord,
  encodeReceiverChain,
  encodeSenderChain,
  receiverChain,
  restoreGroup,
} from '../index.ts'
import { outcomeOf, withBitFlipped } from '../testing/devices.ts'
import { add, addAdmin, Directory, TestMember } from '../testing/group-members.ts'
import { repeatableRandom } from '../testing/repeatable-random.ts'

const RUNS = Number(process.env['PARLEY_FUZZ_RUNS'] ?? 300)
const REFUSED = ['cannot-decrypt', 'malformed', 'unsupported-version', 'too-large']

const c = createCrypto(await selectBackend(), repeatableRandom('group decoders'))
const directory = new Directory()
const alice = new TestMember(c, directory)
const bob = new TestMember(c, directory)
const carol = new TestMember(c, directory)
alice.create([...addAdmin(bob), ...add(carol)])
bob.join(alice)
const posted = alice.send('hello')
bob.hear(posted)
const own = alice.group.own
if (own === null) throw new Error('she spoke')
const distribution = decodeDistribution(posted.distribution)
const received = receiverChain(c, distribution, { groupId: distribution.groupId, ...alice.self })
const change = alice.change([{ kind: 'make-admin', account: carol.account }])

interface Target {
  readonly name: string
  /** A good input, which is cut, extended and overwritten. */
  readonly sample: Uint8Array
  readonly run: (input: Uint8Array) => unknown
  /** What it decodes to, written back. */
  readonly again?: (input: Uint8Array) => Uint8Array
}

const targets: readonly Target[] = [
  { name: 'message', sample: alice.send('fuzz').message, run: (input) => bob.receive(input) },
  { name: 'change', sample: change, run: (input) => decodeChange(c, input) },
  {
    name: 'distribution',
    sample: posted.distribution,
    run: decodeDistribution,
    again: (input) => encodeDistribution(decodeDistribution(input)),
  },
  {
    name: 'own chain',
    sample: encodeSenderChain(own.chain),
    run: decodeSenderChain,
    again: (input) => encodeSenderChain(decodeSenderChain(input)),
  },
  {
    name: 'chain of another',
    sample: encodeReceiverChain(received),
    run: decodeReceiverChain,
    again: (input) => encodeReceiverChain(decodeReceiverChain(input)),
  },
  {
    name: 'group record',
    sample: encodeGroupRecord(alice.group),
    run: decodeGroupRecord,
    again: (input) => {
      const record = decodeGroupRecord(input)
      const { history } = restoreGroup(c, alice.self, { ...record, changes: [] })
      return encodeGroupRecord({ self: alice.self, history, own: record.own })
    },
  },
]

/** Noise, noise behind a good start, and a good input with a piece overwritten. */
function inputs(sample: Uint8Array): fc.Arbitrary<Uint8Array> {
  const noise = fc.uint8Array({ maxLength: 1_500 })
  return fc.oneof(
    noise,
    fc.tuple(fc.nat({ max: sample.length }), noise).map(([at, rest]) => Uint8Array.of(...sample.slice(0, at), ...rest)),
    fc.tuple(fc.nat({ max: sample.length }), fc.uint8Array({ minLength: 1, maxLength: 40 })).map(([at, piece]) => {
      const input = sample.slice()
      input.set(piece.slice(0, input.length - at), at)
      return input
    }),
  )
}

describe.each(targets)('$name', ({ sample, run, again }) => {
  test('is refused with a closed code, or taken as it stands', () => {
    const before = bob.image
    let refused = 0
    fc.assert(
      fc.property(inputs(sample), (input) => {
        fc.pre(!equalBytes(input, sample))
        const outcome = outcomeOf(() => run(input))
        if (outcome === 'accepted') {
          if (again !== undefined) expect(again(input)).toEqual(input)
          return
        }
        refused += 1
        expect(REFUSED).toContain(outcome)
      }),
      { numRuns: RUNS },
    )
    expect(refused).toBeGreaterThan(RUNS / 3)
    expect(bob.image).toBe(before)
  })
})

test('a change or message with any bit flipped is not taken, and nothing changes', () => {
  const before = bob.image
  for (let bit = 0; bit < change.length * 8; bit++) {
    expect(bob.take([withBitFlipped(change, bit)])[0]?.kind).toMatch(/^(refused|unknown-signer)$/)
  }
  const { message } = alice.send('flipped')
  for (let bit = 0; bit < message.length * 8; bit += 7) {
    expect(bob.outcome(withBitFlipped(message, bit))).not.toBe('message')
  }
  expect(bob.image).toBe(before)
  expect(bob.take([change])[0]?.kind).toBe('accepted')
})

test('a chain of another group, or other keys under a known id, are refused', () => {
  const before = bob.image
  const groupId = new Uint8Array(16)
  const elsewhere = encodeDistribution({ ...distribution, groupId })
  const otherKeys = encodeDistribution({ ...distribution, publicKey: new Uint8Array(32).fill(1) })
  expect(outcomeOf(() => bob.takeDistribution(elsewhere, alice.self))).toBe('malformed')
  expect(outcomeOf(() => bob.takeDistribution(otherKeys, alice.self))).toBe('malformed')
  expect(bob.takeDistribution(posted.distribution, alice.self)).toBe('known')
  expect(bob.image).toBe(before)
})

test('lists out of order or too long are malformed', () => {
  const heads = [...distribution.heads, ...distribution.heads]
  expect(outcomeOf(() => decodeDistribution(encodeDistribution({ ...distribution, heads })))).toBe('malformed')
  expect(outcomeOf(() => decodeDistribution(encodeDistribution({ ...distribution, heads: [] })))).toBe('malformed')
  const many = Array.from({ length: 257 }, () => distribution.heads[0] ?? heads[0])
  const tooMany = { ...distribution, heads: many.filter((hash) => hash !== undefined) }
  expect(outcomeOf(() => decodeDistribution(encodeDistribution(tooMany)))).toBe('malformed')
})
