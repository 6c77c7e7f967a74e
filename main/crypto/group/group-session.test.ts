import { describe, expect, test } from 'vitest'
import type { AccountId } from '../../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../../shared/model/ids.ts'
import { concatBytes } from '../../../shared/wire/bytes.ts'
import { selectBackend } from '../backend/select-backend.ts'
import {
  changeGroup,
  createCrypto,
  createGroup,
  encryptGroupMessage,
  joinGroup,
  oweAgain,
  sendToGroup,
} from '../index.ts'
import { outcomeOf } from '../testing/devices.ts'
import { add, addAdmin, Directory, remove, TestMember } from '../testing/group-members.ts'
import { repeatableRandom } from '../testing/repeatable-random.ts'
import { hashFromBytes } from './change.ts'
import { encodeHeads } from './sender-key.ts'

const backend = await selectBackend()

/** Alice and Bob are admins, Carol a plain member; Dave stands by. */
function scene(seed: string) {
  const c = createCrypto(backend, repeatableRandom(seed))
  const directory = new Directory()
  const [alice, bob, carol, dave] = [0, 1, 2, 3].map(() => new TestMember(c, directory))
  if (alice === undefined || bob === undefined || carol === undefined || dave === undefined) throw new Error('four')
  alice.create([...addAdmin(bob), ...add(carol)])
  for (const member of [bob, carol]) member.join(alice)
  return { c, directory, alice, bob, carol, dave }
}

describe('a text to a group', () => {
  test('is read by every other device, once', () => {
    const { alice, bob, carol } = scene('text')
    const posted = alice.send('hello')
    expect(posted.owedTo).toHaveLength(2)
    for (const member of [bob, carol]) {
      expect(member.hear(posted)).toBe('message')
      expect([...member.accepted.values()]).toEqual(['hello'])
      expect(member.outcome(posted.message)).toBe('cannot-decrypt')
    }
    const next = alice.send('again')
    expect(next.owedTo).toEqual([])
    expect(bob.hear(next)).toBe('message')
  })

  test('reaches the own account’s other devices', () => {
    const { c, directory, alice, bob } = scene('devices')
    const [party, own] = [new TestMember(c, new Directory()).party, bob.party.local]
    const laptop = new TestMember(c, directory, {
      party: { ...party, local: { ...party.local, account: own.account } },
    })
    laptop.join(alice)
    const posted = bob.send('from my phone')
    expect(posted.owedTo.map(({ deviceId }) => deviceId)).toContain(laptop.self.deviceId)
    expect(laptop.hear(posted)).toBe('message')
  })

  test('goes by without its chain, which comes again when it was lost', () => {
    const { c, directory, alice, bob, carol } = scene('lost')
    const posted = alice.send('hello')
    const before = bob.image
    expect(bob.outcome(posted.message)).toBe('unknown-chain')
    expect(bob.image).toBe(before)
    const owing = oweAgain(alice.group, bob.self)
    const content = { messageId: posted.messageId, text: new Uint8Array() }
    expect(sendToGroup(c, owing, content, directory.devicesOf).owedTo).toEqual([bob.self])
    expect(carol.hear(posted)).toBe('message')
  })

  test('is not sealed by who is no member', () => {
    const { alice, bob, carol } = scene('no member')
    const change = alice.change(remove(carol))
    for (const member of [bob, carol]) member.take([change])
    expect(outcomeOf(() => carol.send('still here?'))).toBe('blocked')
  })
})

describe('a removal', () => {
  test('makes each sender leave its chain and hand the next to nobody who was removed', () => {
    const { alice, bob, carol } = scene('rotation')
    for (const sender of [alice, bob]) {
      const posted = sender.send('before')
      for (const member of [alice, bob, carol]) if (member !== sender) expect(member.hear(posted)).toBe('message')
    }
    const change = alice.change(remove(carol))
    bob.take([change])
    for (const sender of [alice, bob]) {
      const posted = sender.send('after')
      expect(posted.owedTo.map(({ account }) => account)).toEqual([sender === alice ? bob.account : alice.account])
      // She holds all that she ever got, and even the distribution were she to get it opens nothing of hers.
      expect(carol.outcome(posted.message)).toBe('unknown-chain')
      expect((sender === alice ? bob : alice).hear(posted)).toBe('message')
    }
  })

  test('of one device of a member rotates as well', () => {
    const { c, directory, alice, bob } = scene('one device')
    const party = new TestMember(c, new Directory()).party
    const laptop = new TestMember(c, directory, {
      party: { ...party, local: { ...party.local, account: bob.party.local.account } },
    })
    const before = alice.send('one')
    expect(before.owedTo).toHaveLength(3)
    directory.takeOff(laptop.self)
    const after = alice.send('two')
    expect(after.owedTo.map(({ deviceId }) => deviceId)).not.toContain(laptop.self.deviceId)
    expect(after.owedTo).toHaveLength(2)
  })

  test('and an addition of the same account rotate, with nothing said in between', () => {
    const { alice, bob, carol } = scene('in and out')
    bob.send('before')
    bob.take([alice.change(remove(carol)), alice.change(add(carol))])
    expect(bob.send('after').owedTo).toHaveLength(2)
  })

  test('of who was added by one without the right to, when that comes to light, rotates', () => {
    const { alice, bob, carol, dave } = scene('no right')
    const added = bob.change(add(dave))
    const demoted = alice.change([{ kind: 'make-member', account: bob.account }])
    carol.take([added])
    expect(carol.send('with Dave').owedTo).toHaveLength(3)
    carol.take([demoted])
    expect(carol.group.history.members.has(dave.account)).toBe(false)
    alice.take([added])
    carol.take([alice.change(add(dave))])
    expect(carol.send('with Dave again').owedTo).toHaveLength(3)
  })
})

describe('an addition', () => {
  test('hands over the chain from its present number on, to the new device alone', () => {
    const { alice, bob, carol, dave } = scene('addition')
    const early = alice.send('early')
    expect(bob.hear(early)).toBe('message')
    const change = alice.change(add(dave))
    for (const member of [bob, carol]) member.take([change])
    dave.join(alice)
    const late = alice.send('late')
    expect(late.owedTo).toEqual([dave.self])
    expect(dave.hear(late)).toBe('message')
    expect(dave.outcome(early.message)).toBe('cannot-decrypt')
    expect(bob.hear(late)).toBe('message')
  })
})

describe('epochs', () => {
  test('a text under an old one comes back with the newer heads, and is taken when sent again', () => {
    const { alice, bob, carol, dave } = scene('stale')
    const old = bob.send('hello')
    const change = alice.change(add(dave))
    const before = alice.image
    alice.takeDistribution(old.distribution, bob.self)
    const received = alice.receive(old.message)
    expect(received).toMatchObject({ kind: 'stale', messageId: old.messageId, heads: alice.group.history.heads })
    expect(alice.accepted.size).toBe(0)
    expect(alice.image).not.toBe(before)
    // Carol knows of nothing newer.
    expect(carol.hear(old)).toBe('message')
    bob.take([change])
    const again = bob.send(old.text, old.messageId)
    for (const member of [alice, carol]) {
      member.take([change])
      expect(member.hear(again)).toBe('message')
      expect([...member.accepted]).toEqual([[old.messageId, 'hello']])
    }
  })

  test('a text or chain under one that is not known yet waits', () => {
    const { alice, bob, dave } = scene('ahead')
    const change = alice.change(add(dave))
    const posted = alice.send('hello')
    expect(bob.takeDistribution(posted.distribution, alice.self)).toBe('unknown-epoch')
    bob.take([change])
    expect(bob.hear(posted)).toBe('message')
    const second = alice.change(remove(dave))
    const text = alice.send('he left')
    expect(bob.hear(text)).toBe('unknown-chain')
    bob.take([second])
    expect(bob.hear(text)).toBe('message')
    alice.take([bob.change(add(dave))])
    const third = alice.send('he came')
    expect(bob.hear(third)).toBe('message')
  })

  test('a text of who was removed is refused by who knows it', () => {
    const { alice, bob, carol } = scene('removed speaks')
    const first = carol.send('one')
    expect(bob.hear(first)).toBe('message')
    bob.take([alice.change(remove(carol))])
    const before = bob.image
    expect(bob.outcome(carol.send('two').message)).toBe('not-a-member')
    expect(bob.takeDistribution(carol.send('three').distribution, carol.self)).toBe('not-a-member')
    expect(bob.image).toBe(before)
  })
})

test('a chain that is used up is left', () => {
  const { c, directory, alice } = scene('used up')
  const posted = alice.send('one')
  const { own } = alice.group
  if (own === null) throw new Error('she spoke')
  const worn = { ...alice.group, own: { ...own, chain: { ...own.chain, number: 10_000 } } }
  const sent = sendToGroup(c, worn, { messageId: posted.messageId, text: new Uint8Array() }, directory.devicesOf)
  expect(sent.owedTo).toHaveLength(2)
  expect(sent.group.own?.chain.number).toBe(1)
})

test('a sender cannot name other heads than those of his epoch', () => {
  const { c, alice, bob } = scene('liar')
  const posted = alice.send('one')
  bob.hear(posted)
  const { own, history } = alice.group
  if (own === null) throw new Error('she spoke')
  const before = bob.image
  const saying = (heads: Uint8Array): string => {
    const content = concatBytes(heads, idToBytes(posted.messageId))
    return bob.outcome(encryptGroupMessage(c, own.chain, history.epochId, content).message)
  }
  expect(saying(encodeHeads([hashFromBytes(new Uint8Array(32))]))).toBe('cannot-decrypt')
  expect(saying(new Uint8Array(2))).toBe('cannot-decrypt')
  expect(bob.image).toBe(before)
  expect(saying(encodeHeads(history.heads))).toBe('message')
})

describe('what is kept', () => {
  test('of a device’s chains: the three newest', () => {
    const { alice, bob, carol } = scene('chains')
    const posted = [0, 1, 2, 3].map((at) => {
      bob.take([alice.change(remove(carol)), alice.change(add(carol))])
      return alice.send(`under chain ${at}`)
    })
    const [oldest, second, third, newest] = posted
    if (oldest === undefined || second === undefined || third === undefined || newest === undefined)
      throw new Error('four')
    for (const { distribution } of posted) expect(bob.takeDistribution(distribution, alice.self)).toBe('accepted')
    expect(bob.outcome(oldest.message)).toBe('unknown-chain')
    expect([second, third].map(({ message }) => bob.outcome(message))).toEqual(['stale', 'stale'])
    expect(bob.outcome(newest.message)).toBe('message')
  })

  test('of heads: whoever has more than 256 cannot speak until an admin merges them', () => {
    const { c, alice, bob } = scene('heads')
    const start = alice.group
    const others = Array.from({ length: 257 }, () => idFromBytes<AccountId>(c.random(32)))
    const apart = others.map((account) => changeGroup(c, start, alice.author, [{ kind: 'add', account }]).change)
    bob.take(apart)
    expect(bob.group.history.heads).toHaveLength(257)
    expect(outcomeOf(() => bob.send('too many'))).toBe('too-large')
    bob.change([])
    expect(bob.group.history.heads).toHaveLength(250)
    expect(bob.group.history.members.size).toBe(260)
    const posted = bob.send('well')
    alice.take([...apart, ...bob.changes])
    expect(alice.hear(posted)).toBe('message')
  })
})

test('a change by who is no admin is not even signed', () => {
  const { c, alice, bob, carol, dave } = scene('not signed')
  const before = carol.image
  expect(outcomeOf(() => carol.change(add(dave)))).toBe('blocked')
  expect(outcomeOf(() => bob.change(remove(bob)))).toBe('blocked')
  expect(outcomeOf(() => bob.change([...add(dave), ...remove(dave)]))).toBe('blocked')
  expect(outcomeOf(() => changeGroup(c, joinGroup(c, dave.self, new Uint8Array(16)), dave.author, []))).toBe('blocked')
  expect(outcomeOf(() => createGroup(c, alice.author, [...remove(bob)]))).toBe('blocked')
  expect(carol.image).toBe(before)
})
