/** Who has the same changes has the same group. fast-check prints the seed of a failure. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptyHistory, restoreHistory } from '../index.ts'
import type { ChangeHash, GroupChange, GroupHistory } from '../index.ts'
import { World } from '../testing/group-world.ts'
import { mergeChanges, standingChanges } from './merge.ts'

/** More by a flag: PARLEY_SEEDS=2000. */
const RUNS = Number(process.env['PARLEY_SEEDS'] || 100)
const TIME_LIMIT_MS = 30_000 + 200 * RUNS
const KINDS = ['add', 'add-admin', 'remove', 'make-admin', 'make-member'] as const
const PEOPLE = 6

const nobody: fc.Arbitrary<number[]> = fc.constant([])

const events = fc.array(
  fc.record({
    by: fc.constantFrom(0, 1, 2, 0, 1, 2, 3, 4, 5),
    kinds: fc.array(fc.tuple(fc.constantFrom(...KINDS), fc.nat({ max: PEOPLE - 1 })), { minLength: 1, maxLength: 3 }),
    /** Empty: all heads. Else changes that it claims to be made on, as one who lies about the time does. */
    onto: fc.oneof({ weight: 3, arbitrary: nobody }, fc.array(fc.nat(), { minLength: 1, maxLength: 3 })),
    /** How many of the others' changes the author hears of beforehand, from the oldest on. */
    hears: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { minLength: 8, maxLength: 30, size: 'max' },
)

type Event = typeof events extends fc.Arbitrary<readonly (infer E)[]> ? E : never

/** What the people made of it, each with what he had heard. */
function live(world: World, start: GroupHistory, happened: readonly Event[]): Uint8Array[] {
  const made: Uint8Array[] = []
  const known = world.people.map(() => start)
  for (const { by, kinds, onto, hears } of happened) {
    const own = world.take(known[by] ?? start, made.slice(0, Math.floor(made.length * hears)))
    const hashes = [...own.changes.keys()]
    const chosen = [...new Set(onto.flatMap((pick) => hashes.slice(pick % hashes.length).slice(0, 1)))]
    const operations = new Map(kinds.map(([kind, at]) => [at, world.operation(kind, at)]))
    const change = world.sign(own, by, [...operations.values()], chosen.length === 0 ? own.heads : chosen)
    known[by] = world.take(own, [change])
    if (known[by] !== own) made.push(change)
  }
  return made
}

function ancestorsOf(history: GroupHistory, change: GroupChange): Set<ChangeHash> {
  const found = new Set<ChangeHash>()
  const ahead = [...change.parents]
  for (let hash = ahead.pop(); hash !== undefined; hash = ahead.pop()) {
    if (found.has(hash)) continue
    found.add(hash)
    ahead.push(...(history.changes.get(hash)?.parents ?? []))
  }
  return found
}

/** Rule 1, told another way: no change that stands takes power from the author of one beside it that stands. */
function expectPeace(history: GroupHistory, standing: readonly GroupChange[]): void {
  const earlier = new Map(standing.map((change) => [change.hash, ancestorsOf(history, change)]))
  for (const a of standing) {
    for (const b of standing) {
      const isBeside = a !== b && earlier.get(a.hash)?.has(b.hash) !== true && earlier.get(b.hash)?.has(a.hash) !== true
      const attacks = a.operations.some(
        ({ kind, account }) => (kind === 'remove' || kind === 'make-member') && account === b.author,
      )
      expect(isBeside && attacks).toBe(false)
    }
  }
}

test(
  'any order of delivery, any duplication: the same members, admins and epoch',
  () => {
    let merged = 0
    let voided = 0
    fc.assert(
      fc.property(events, fc.infiniteStream(fc.nat()), (happened, picks) => {
        const world = new World('converge', PEOPLE)
        const { history: start, change: creation } = world.create(3, 4)
        const all = [creation, ...live(world, start, happened)]
        const inOrder = world.take(emptyHistory(world.c, start.groupId), all)
        expect(inOrder.changes.size).toBe(all.length)

        const deck = [...all, ...all]
        let shuffled = emptyHistory(world.c, start.groupId)
        while (deck.length > 0) {
          const at = (picks.next().value ?? 0) % deck.length
          shuffled = world.take(shuffled, deck.splice(at, 1))
        }
        expect(shuffled.waiting.size).toBe(0)
        expect(shuffled.heads).toEqual(inOrder.heads)
        expect(shuffled.epochId).toEqual(inOrder.epochId)
        expect(world.roles(shuffled)).toBe(world.roles(inOrder))
        expect(world.roles(inOrder)).toContain('A')
        const restored = restoreHistory(
          world.c,
          start.groupId,
          [...shuffled.changes.values()].map(({ bytes }) => bytes),
        )
        expect(world.roles(restored)).toBe(world.roles(inOrder))

        // Worked out from the very beginning it is what it is from the last common change on.
        const since = [...inOrder.changes.values()].slice(1)
        const members = mergeChanges(since, start.members)
        expect(world.roles({ ...inOrder, members })).toBe(world.roles(inOrder))
        const verdicts = standingChanges(since, start.members)
        expectPeace(
          inOrder,
          since.filter((_, at) => verdicts[at] === true),
        )
        if (inOrder.heads.length > 1) merged += 1
        if (verdicts.includes(false)) voided += 1
      }),
      { numRuns: RUNS },
    )
    // The people did get into each other's way.
    expect(merged).toBeGreaterThan(RUNS / 10)
    expect(voided).toBeGreaterThan(RUNS / 25)
  },
  TIME_LIMIT_MS,
)
