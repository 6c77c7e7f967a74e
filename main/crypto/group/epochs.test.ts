import { describe, expect, test } from 'vitest'
import type { ChangeHash, GroupHistory, GroupOperation } from '../index.ts'
import { emptyHistory, signChange, signCreation, takeChanges } from '../index.ts'
import { World } from '../testing/group-world.ts'
import { hashFromBytes } from './change.ts'
import { MAX_WAITING_OF_AUTHOR } from './epochs.ts'

describe('concurrent changes', () => {
  /** Both on the same parents; the group after both, whichever comes first. */
  function afterBoth(world: World, start: GroupHistory, changes: readonly Uint8Array[]): string {
    const one = world.take(start, changes)
    const other = changes.toReversed().reduce((history, change) => world.take(history, [change]), start)
    expect(other.epochId).toEqual(one.epochId)
    expect([...other.members].sort()).toEqual([...one.members].sort())
    return world.roles(one)
  }

  test('that have nothing to do with each other both count', () => {
    const world = new World('both', 5)
    const { history } = world.create(2, 3)
    const changes = [
      world.sign(history, 0, [world.operation('add', 3)]),
      world.sign(history, 1, [world.operation('make-admin', 2), world.operation('add', 4)]),
    ]
    expect(afterBoth(world, history, changes)).toBe('AAAmm')
  })

  test('removal against promotion, and against an addition of the same account', () => {
    const world = new World('wins', 4)
    const { history } = world.create(2, 3)
    const promoted = world.sign(history, 1, [world.operation('make-admin', 2)])
    const removed = world.sign(history, 0, [world.operation('remove', 2)])
    expect(afterBoth(world, history, [promoted, removed])).toBe('AA--')
    const without = world.take(history, [removed])
    const back = world.sign(without, 0, [world.operation('add', 2)])
    const removedAgain = world.sign(history, 1, [world.operation('remove', 2)])
    expect(afterBoth(world, history, [removed, back, removedAgain])).toBe('AA--')
    expect(world.roles(world.take(without, [back]))).toBe('AAm-')
  })

  test('of an admin who was removed or demoted come to nothing, and what others did on them', () => {
    for (const kind of ['remove', 'make-member'] as const) {
      const world = new World(`removed ${kind}`, 5)
      const { history } = world.create(2, 3)
      const lost = world.sign(history, 0, [world.operation(kind, 1)])
      const promoted = world.sign(history, 1, [world.operation('make-admin', 2), world.operation('add', 3)])
      const onTop = world.sign(world.take(history, [promoted]), 2, [world.operation('add', 4)])
      expect(world.roles(world.take(history, [promoted, onTop]))).toBe('AAAmm')
      expect(afterBoth(world, history, [promoted, onTop, lost])).toBe(kind === 'remove' ? 'A-m--' : 'Amm--')
    }
  })

  test('two admins that remove each other: the smaller hash wins', () => {
    const world = new World('each other', 3)
    const { history } = world.create(3, 3)
    const changes = [
      world.sign(history, 0, [world.operation('remove', 1)]),
      world.sign(history, 1, [world.operation('remove', 0)]),
    ]
    const [a, b] = changes.map((change) => world.hash(change))
    expect(afterBoth(world, history, changes)).toBe((a ?? '') < (b ?? '') ? 'A-A' : '-AA')
  })

  test('three admins in a circle: the largest hash loses, then the removals stand or fall by it', () => {
    for (const seed of ['one', 'two', 'three', 'four', 'five', 'six']) {
      const world = new World(`circle ${seed}`, 3)
      const { history } = world.create(3, 3)
      const changes = [0, 1, 2].map((by) => world.sign(history, by, [world.operation('remove', (by + 1) % 3)]))
      const hashes = changes.map((change) => world.hash(change))
      const largest = hashes.indexOf([...hashes].sort().at(-1) as ChangeHash)
      // Whom the void one would have removed stands, and his victim does not.
      const expected = ['A', 'A', 'A']
      expected[(largest + 2) % 3] = '-'
      expect(afterBoth(world, history, changes)).toBe(expected.join(''))
    }
  })

  test('a circle that hangs on another is judged after it', () => {
    for (let seed = 0; seed < 48; seed++) {
      const world = new World(`inner ${seed}`, 5)
      const { history } = world.create(4, 4)
      // 0 and 1 remove each other; 0 removes 2 as well, who is in a circle with 3.
      const changes = [
        world.sign(history, 0, [world.operation('remove', 1), world.operation('remove', 2)]),
        world.sign(history, 1, [world.operation('remove', 0)]),
        world.sign(history, 2, [world.operation('remove', 3)]),
        world.sign(history, 3, [world.operation('remove', 2), world.operation('add', 4)]),
      ]
      const [zero = '', one = '', two = '', three = ''] = changes.map((change) => world.hash(change))
      const outer = zero < one ? 'A-' : '-A'
      const inner = zero < one || three < two ? '-A' : 'A-'
      expect(afterBoth(world, history, changes)).toBe(outer + inner + (inner === '-A' ? 'm' : '-'))
    }
  })

  test('two promotions whose fruits remove each other’s root: the larger removal loses', () => {
    for (let seed = 0; seed < 12; seed++) {
      const world = new World(`roots ${seed}`, 4)
      const { history } = world.create(2, 4)
      const roots = [0, 1].map((by) => world.sign(history, by, [world.operation('make-admin', by + 2)]))
      const fruits = roots.map((root, by) =>
        world.sign(world.take(history, [root]), by + 2, [world.operation('remove', 1 - by)]),
      )
      const [a = '', b = ''] = fruits.map((change) => world.hash(change))
      expect(afterBoth(world, history, [...roots, ...fruits])).toBe(a < b ? 'A-Am' : '-AmA')
    }
  })

  test('that add too many together leave out the same ones everywhere', () => {
    const world = new World('surplus', 1_027)
    const { history } = world.create(2, 1_022)
    const changes = [
      world.sign(
        history,
        0,
        [1_022, 1_023].map((at) => world.operation('add', at)),
      ),
      world.sign(
        history,
        1,
        [1_024, 1_025].map((at) => world.operation('add', at)),
      ),
    ]
    const [a = '', b = ''] = changes.map((change) => world.hash(change))
    expect(afterBoth(world, history, changes).slice(1_022)).toBe(a < b ? 'mm---' : '--mm-')
    const full = world.take(history, changes)
    for (const by of [0, 1]) {
      const mixed = [
        world.sign(
          history,
          by,
          [1_022, 1_023].map((at) => world.operation('add', at)),
        ),
        world.sign(history, 1 - by, [world.operation('add-admin', 1_024)]),
      ]
      expect(afterBoth(world, history, mixed).slice(1_022)).toMatch(/^(m-|-m)A--$/)
    }
    expect(full.members.size).toBe(1_024)
    expect(world.outcome(full, world.sign(full, 0, [world.operation('add', 1_026)]))).toBe('blocked')
  })
})

describe('a change that does not count', () => {
  const world = new World('refused', 5)
  const { history, change: creation } = world.create(2, 4)
  const refused = (by: number, operations: readonly GroupOperation[]): string =>
    world.outcome(history, world.sign(history, by, operations))

  test('is of who is no admin, or no member', () => {
    expect(refused(2, [world.operation('add', 4)])).toBe('blocked')
    expect(refused(4, [world.operation('add', 4)])).toBe('blocked')
    expect(refused(2, [world.operation('remove', 2)])).toBe('blocked')
  })

  test('is about its author, or does nothing', () => {
    expect(refused(0, [world.operation('remove', 0)])).toBe('blocked')
    expect(refused(0, [world.operation('make-member', 0)])).toBe('blocked')
    expect(refused(0, [world.operation('add', 2)])).toBe('blocked')
    expect(refused(0, [world.operation('remove', 4)])).toBe('blocked')
    expect(refused(0, [world.operation('make-admin', 1)])).toBe('blocked')
    expect(refused(0, [world.operation('make-member', 2)])).toBe('blocked')
    expect(refused(0, [])).toBe('blocked')
  })

  test('has a forged signature, or one of another device or purpose', () => {
    const change = world.sign(history, 0, [world.operation('add', 4)])
    for (const at of [change.length - 1, change.length - 64]) {
      const forged = change.slice()
      forged[at] = (forged[at] ?? 0) ^ 1
      expect(world.outcome(history, forged)).toBe('signature-invalid')
    }
    const { author } = world.person(1)
    const inAnothersName = { ...world.person(0).author, signingSecret: author.signingSecret }
    const fields = { parents: history.heads, operations: [world.operation('add', 4)] }
    const impostor = signChange(world.c, inAnothersName, history.groupId, fields)
    expect(world.outcome(history, impostor)).toBe('signature-invalid')
    expect(world.outcome(history, change)).toBe('accepted')
  })

  test('is of a device that nobody vouched for', () => {
    const change = world.sign(history, 0, [world.operation('add', 4)])
    const { outcomes, history: after } = takeChanges(world.c, history, [change], () => undefined)
    expect(outcomes[0]).toMatchObject({ kind: 'unknown-signer', author: world.person(0).account })
    expect(after).toBe(history)
  })

  test('is of another group, or another creation of this one', () => {
    const other = new World('another group', 3).create(1, 1)
    expect(world.outcome(history, other.change)).toBe('malformed')
    const signedFor = signChange(world.c, world.person(0).author, other.history.groupId, {
      parents: history.heads,
      operations: [world.operation('add', 4)],
    })
    expect(world.outcome(history, signedFor)).toBe('malformed')
    const second = creation.slice()
    second[20] = (second[20] ?? 0) ^ 1
    expect(world.outcome(history, second)).toBe('malformed')
    const withoutCreator = signCreation(world.c, world.person(0).author, [world.operation('add-admin', 1)])
    expect(world.outcome(emptyHistory(world.c, withoutCreator.groupId), withoutCreator.bytes)).toBe('blocked')
  })

  test('takes what was built on it along', () => {
    const bad = world.sign(history, 2, [world.operation('add', 4)])
    const onTop = world.sign(history, 0, [world.operation('remove', 3)], [world.hash(bad)])
    const waiting = world.take(history, [onTop])
    expect(waiting.waiting.size).toBe(1)
    expect(waiting.epochId).toEqual(history.epochId)
    const after = world.take(waiting, [bad])
    expect(after.waiting.size).toBe(0)
    expect(after.epochId).toEqual(history.epochId)
    // The same when the one that does not count had to wait itself.
    const first = world.sign(history, 1, [world.operation('add', 4)])
    const late = world.sign(history, 2, [world.operation('remove', 4)], [world.hash(first)])
    const onLate = world.sign(history, 0, [world.operation('remove', 3)], [world.hash(late)])
    const both = world.take(history, [onLate, late])
    expect(both.waiting.size).toBe(2)
    const came = world.take(both, [first])
    expect(came.waiting.size).toBe(0)
    expect(came.heads).toEqual([world.hash(first)])
  })

  test('names a parent or an account twice', () => {
    const [head] = history.heads
    if (head === undefined) throw new Error('no head')
    expect(world.outcome(history, world.sign(history, 0, [world.operation('add', 4)], [head, head]))).toBe('malformed')
    expect(refused(0, [world.operation('add', 4), world.operation('add-admin', 4)])).toBe('malformed')
  })
})

test('changes whose parents are missing wait, so many and no more', () => {
  const world = new World('waiting', 2)
  const { history } = world.create(2, 2)
  const chain: Uint8Array[] = []
  let tip = history
  for (let n = 0; n <= MAX_WAITING_OF_AUTHOR + 1; n++) {
    const change = world.sign(tip, 0, [world.operation(n % 2 === 0 ? 'make-member' : 'make-admin', 1)])
    chain.push(change)
    tip = world.take(tip, [change])
  }
  const [first, ...others] = chain
  if (first === undefined) throw new Error('no change')
  const { outcomes, history: waiting } = takeChanges(world.c, history, others, world.signers)
  expect(outcomes.map(({ kind }) => kind)).toEqual([...Array<string>(64).fill('waiting'), 'refused'])
  expect(world.outcome(waiting, others[0] ?? first)).toBe('waiting')
  expect(world.roles(waiting)).toBe('AA')
  const caughtUp = world.take(waiting, [first])
  expect(caughtUp.waiting.size).toBe(0)
  expect(world.take(caughtUp, others).epochId).toEqual(tip.epochId)
})

test('of all authors together no more than 256 wait, and those that come are judged', () => {
  const world = new World('crowd', 6)
  const { history } = world.create(6, 6)
  const missing = world.sign(history, 0, [world.operation('make-member', 1)])
  const onTop = [0, 2, 3, 4, 5].flatMap((by) =>
    Array.from({ length: 60 }, (_, at) => world.sign(history, by, [], [world.hash(missing), fakeHash(by, at)])),
  )
  const { outcomes, history: waiting } = takeChanges(world.c, history, onTop, world.signers)
  expect(outcomes.filter(({ kind }) => kind === 'waiting')).toHaveLength(256)
  expect(outcomes.slice(256)).toEqual(Array(44).fill({ kind: 'refused', code: 'too-large' }))
  expect(world.outcome(waiting, missing)).toBe('accepted')
})

function fakeHash(by: number, at: number): ChangeHash {
  return hashFromBytes(new Uint8Array(32).fill(by).fill(at, 16))
}
