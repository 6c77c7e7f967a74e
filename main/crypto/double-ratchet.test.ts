import { describe, expect, test } from 'vitest'
import { HEADER_BYTES, NONCE_BYTES, PREFIX_BYTES, SEALED_HEADER_BYTES } from '../../shared/wire/envelope.ts'
import { selectBackend } from './backend/select-backend.ts'
import {
  createCrypto,
  decodeSession,
  encodeSession,
  encryptMessage,
  MAX_UNANSWERED_MESSAGES,
  openEphemeral,
  openHandshake,
  sealEphemeral,
  unansweredMessages,
} from './index.ts'
import type { Crypto } from './index.ts'
import {
  begin,
  bytes,
  makeParty,
  NOW_MS,
  outcomeOf,
  sealingOtherwise,
  SessionEnd,
  text,
  withBitFlipped,
} from './testing/devices.ts'
import { repeatableRandom } from './testing/repeatable-random.ts'
import { talking } from './testing/talking.ts'

const backend = await selectBackend()
const seeded = (seed: string): Crypto => createCrypto(backend, repeatableRandom(seed))

describe('refused, and nothing is changed by it', () => {
  test('another version or kind, a cut or a longer envelope', () => {
    const c = seeded('sizes')
    const { alice, bob } = talking(c)
    const envelope = alice.send(bytes('secret'))
    const before = bob.image
    const with0 = (at: number, value: number) =>
      Uint8Array.from(envelope, (byte, index) => (index === at ? value : byte))
    expect(outcomeOf(() => bob.receive(with0(0, 2)))).toBe('unsupported-version')
    expect(outcomeOf(() => bob.receive(with0(2, 3)))).toBe('malformed')
    expect(outcomeOf(() => bob.receive(with0(2, 4)))).toBe('malformed')
    expect(outcomeOf(() => bob.receive(envelope.slice(0, -1)))).toBe('malformed')
    expect(outcomeOf(() => bob.receive(Uint8Array.of(...envelope, 0)))).toBe('malformed')
    expect(outcomeOf(() => bob.receive(new Uint8Array()))).toBe('malformed')
    expect(outcomeOf(() => bob.receive(new Uint8Array(200_001)))).toBe('too-large')
    expect(bob.image).toBe(before)
  })
})

describe('late messages', () => {
  test('of the running chain that have all come leave nothing missing of it', () => {
    const { alice, bob } = talking(seeded('complete'))
    const late = [alice.send(bytes('one')), alice.send(bytes('two'))]
    bob.receive(alice.send(bytes('three')))
    expect(bob.session.missing).toBe(2)
    for (const envelope of late) bob.receive(envelope)
    expect(bob.session.missing).toBe(0)
    alice.receive(bob.send(bytes('turn')))
    bob.receive(alice.send(bytes('new chain')))
    expect(bob.session.lateChains).toEqual([])
  })

  test('of a chain that was left open one after the other', () => {
    const { alice, bob } = talking(seeded('two of a left chain'))
    const late = [alice.send(bytes('one')), alice.send(bytes('two'))]
    bob.receive(alice.send(bytes('three')))
    alice.receive(bob.send(bytes('turn')))
    bob.receive(alice.send(bytes('new chain')))
    const [chain] = bob.session.lateChains
    expect(late.map((envelope) => text(bob.receive(envelope)))).toEqual(['one', 'two'])
    expect([chain?.missing, bob.session.lateChains]).toEqual([2, []])
  })

  test('are counted from where the chain stands, however far that is', () => {
    const c = seeded('far')
    const { alice, bob } = talking(c)
    bob.receive(alice.send(bytes('the chain')))
    const sender = new SessionEnd(c, { ...alice.session, sendingNumber: 20_000 })
    const receiver = new SessionEnd(c, { ...bob.session, receivingNumber: 20_000 })
    const late = [sender.send(bytes('one')), sender.send(bytes('two'))]
    expect(text(receiver.receive(sender.send(bytes('three'))))).toBe('three')
    expect(receiver.session.missing).toBe(2)
    expect(late.map((envelope) => text(receiver.receive(envelope)))).toEqual(['one', 'two'])
  })

  test('cost nothing when none is late: the likelier header key comes first', () => {
    const { alice, bob } = talking(seeded('likelier'))
    let opens = 0
    const counting: typeof backend = {
      ...backend,
      open: (...input) => {
        opens += 1
        return backend.open(...input)
      },
    }
    const opensFor = (envelope: Uint8Array): number => {
      opens = 0
      new SessionEnd(createCrypto(counting, repeatableRandom('counted')), bob.session).receive(envelope)
      return opens
    }
    // Header and body. Who has not spoken since expects more of the chain, who has the next one.
    bob.receive(alice.send(bytes('the chain')))
    expect(opensFor(alice.send(bytes('more of it')))).toBe(2)
    alice.receive(bob.send(bytes('turn')))
    expect(opensFor(alice.send(bytes('the next')))).toBe(2)
  })

  test('of the five newest chains that miss some open, of older ones not; a complete chain takes no place', () => {
    const c = seeded('late chains')
    const { alice, bob } = talking(c)
    const late: Uint8Array[] = []
    for (let round = 0; round < 12; round++) {
      // Every second chain is complete.
      if (round % 2 === 0) late.push(alice.send(bytes(`late ${round}`)))
      bob.receive(alice.send(bytes(`seen ${round}`)))
      alice.receive(bob.send(bytes('answer')))
    }
    bob.receive(alice.send(bytes('now')))
    expect(bob.session.lateChains).toHaveLength(5)
    expect(late.map((envelope) => outcomeOf(() => bob.receive(envelope)))).toEqual([
      'cannot-decrypt',
      ...Array<string>(5).fill('accepted'),
    ])
    expect(bob.session.lateChains).toEqual([])
  })

  test('at most seven header keys are tried', () => {
    const c = seeded('seven')
    const { alice, bob } = talking(c)
    for (let round = 0; round < 8; round++) {
      alice.send(bytes('lost'))
      bob.receive(alice.send(bytes('seen')))
      alice.receive(bob.send(bytes('answer')))
    }
    let tried = 0
    const counting: typeof backend = {
      ...backend,
      open: (...input) => {
        tried += 1
        return backend.open(...input)
      },
    }
    const counted = createCrypto(counting, c.random)
    const end = new SessionEnd(counted, bob.session)
    const foreign = talking(seeded('another')).alice.send(bytes('noise'))
    expect(outcomeOf(() => end.receive(foreign))).toBe('cannot-decrypt')
    expect(tried).toBe(7)
  })

  test('a header that opens under a forged body costs no key', () => {
    const c = seeded('forged body')
    const { alice, bob } = talking(c)
    alice.receive(bob.send(bytes('new chain')))
    alice.send(bytes('lost'))
    const envelope = alice.send(bytes('seen'))
    const before = bob.image
    expect(outcomeOf(() => bob.receive(withBitFlipped(envelope, envelope.length * 8 - 1)))).toBe('cannot-decrypt')
    expect(bob.image).toBe(before)
    expect(text(bob.receive(envelope))).toBe('seen')
  })
})

describe('a peer that does not keep to the format', () => {
  const withNumber = (c: Crypto, number: number) =>
    sealingOtherwise(c, HEADER_BYTES, (header) => {
      new DataView(header.buffer).setUint32(36, number)
    })

  test('cannot drive a chain’s number out of its field', () => {
    const c = seeded('numbers')
    const { alice, bob } = talking(c)
    bob.receive(alice.send(bytes('the chain')))
    const last = 0xffff_fffe
    const near = new SessionEnd(c, { ...bob.session, receivingNumber: last })
    const before = near.image
    const beyond = new SessionEnd(withNumber(c, last + 1), alice.session).send(bytes('beyond'))
    const full = new SessionEnd(c, { ...bob.session, receivingNumber: last + 1 })
    for (const end of [near, full]) expect(outcomeOf(() => end.receive(beyond))).toBe('cannot-decrypt')
    expect(near.image).toBe(before)
    const final = new SessionEnd(withNumber(c, last), alice.session).send(bytes('the last'))
    expect(text(near.receive(final))).toBe('the last')
    const ending = new SessionEnd(c, { ...alice.session, sendingNumber: last })
    ending.send(bytes('the last'))
    expect(ending.session.sendingNumber).toBe(last + 1)
    expect(() => new SessionEnd(c, { ...alice.session, sendingNumber: last + 1 }).send(bytes('x'))).toThrow('long')
  })

  test('cannot make a chain that ends go backwards, nor one that never began', () => {
    const c = seeded('previous count')
    const { alice, bob } = talking(c)
    const late = alice.send(bytes('late'))
    for (const content of ['one', 'two', 'three']) bob.receive(alice.send(bytes(content)))
    alice.receive(bob.send(bytes('turn')))
    const lying = new SessionEnd(c, { ...alice.session, previousCount: 0 })
    expect(text(bob.receive(lying.send(bytes('next'))))).toBe('next')
    expect(bob.session.lateChains.map((chain) => chain.missing)).toEqual([1])
    expect(text(bob.receive(late))).toBe('late')
    const [a, b] = [makeParty(c), makeParty(c)]
    const first = encryptMessage(c, { ...begin(c, a, b), previousCount: 7 }, bytes('first')).envelope
    const opened = openHandshake(c, b.local, first, b.lookup, NOW_MS)
    expect([text(opened.plaintext), opened.skipped]).toEqual(['first', []])
  })

  test('cannot have a length read that its body does not hold', () => {
    const c = seeded('lengths')
    const { alice, bob } = talking(c)
    const bodyBytes = 1_024 - PREFIX_BYTES - SEALED_HEADER_BYTES - NONCE_BYTES - 16
    const lying = sealingOtherwise(c, bodyBytes, (body) => {
      new DataView(body.buffer).setUint32(0, bodyBytes - 3)
    })
    const before = bob.image
    expect(outcomeOf(() => bob.receive(new SessionEnd(lying, alice.session).send(bytes('x'))))).toBe('cannot-decrypt')
    expect(bob.image).toBe(before)
  })

  test('cannot bring a degenerate ratchet key', () => {
    const c = seeded('ratchet key')
    const { alice, bob } = talking(c)
    alice.receive(bob.send(bytes('turn')))
    const degenerate = sealingOtherwise(c, HEADER_BYTES, (header) => {
      header.fill(0, 0, 32)
    })
    const before = bob.image
    expect(outcomeOf(() => bob.receive(new SessionEnd(degenerate, alice.session).send(bytes('x'))))).toBe(
      'cannot-decrypt',
    )
    expect(bob.image).toBe(before)
  })
})

describe('secrecy over time', () => {
  test('a stolen state opens nothing sent before it, and nothing two turns later', () => {
    const c = seeded('stolen state')
    const { alice, bob } = talking(c)
    const earlier = alice.send(bytes('earlier'))
    bob.receive(earlier)
    const thief = new SessionEnd(c, bob.session)
    expect(outcomeOf(() => thief.receive(earlier))).toBe('cannot-decrypt')
    alice.receive(bob.send(bytes('turn')))
    bob.receive(alice.send(bytes('turn')))
    alice.receive(bob.send(bytes('turn')))
    expect(outcomeOf(() => thief.receive(alice.send(bytes('healed'))))).toBe('cannot-decrypt')
  })
})

describe('what an observer sees', () => {
  test('one of few sizes, whatever the text', () => {
    const { alice } = talking(seeded('sizes'))
    const sizes = [0, 1, 500, 2_000, 10_000, 60_000].map((size) => alice.send(new Uint8Array(size)).length)
    expect(sizes).toEqual([1_024, 1_024, 1_024, 4_096, 16_384, 65_536])
    expect(outcomeOf(() => alice.send(new Uint8Array(200_000)))).toBe('too-large')
  })

  test('no counter and no key twice', () => {
    const { alice } = talking(seeded('header'))
    const headers = Array.from({ length: 3 }, () => alice.send(bytes('same')).slice(PREFIX_BYTES))
    expect(new Set(headers.map((header) => Buffer.from(header).toString('hex'))).size).toBe(3)
    const ratchetKey = Buffer.from(alice.session.ratchetKey.publicKey)
    for (const header of headers) expect(Buffer.from(header).includes(ratchetKey)).toBe(false)
  })
})

test('who was never spoken to has no chain to speak in', () => {
  const c = seeded('no chain')
  const { session } = talking(c).bob
  for (const without of [{ sendingChain: null }, { sendingHeaderKey: null }]) {
    expect(() => encryptMessage(c, { ...session, ...without }, bytes('x'))).toThrow('after it was spoken to')
  }
})

test('who began a session and was not answered refuses what is foreign', () => {
  const c = seeded('unanswered initiator')
  const alice = new SessionEnd(c, begin(c, makeParty(c), makeParty(c)))
  expect(outcomeOf(() => alice.receive(talking(c).bob.send(bytes('noise'))))).toBe('cannot-decrypt')
})

test('the count of unanswered messages says when a new session is due', () => {
  const { alice, bob } = talking(seeded('unanswered'))
  for (let sent = 0; sent < 3; sent++) alice.send(bytes('anyone?'))
  expect(unansweredMessages(alice.session)).toBe(3)
  const last = alice.send(bytes('?'))
  bob.receive(last)
  alice.receive(bob.send(bytes('yes')))
  expect(unansweredMessages(alice.session)).toBe(0)
  expect(MAX_UNANSWERED_MESSAGES).toBe(5_000)
})

describe('ephemeral content', () => {
  test('opens on the other side alone and leaves the chains as they are', () => {
    const c = seeded('ephemeral')
    const { alice, bob } = talking(c)
    const before = [alice.image, bob.image]
    const typing = sealEphemeral(c, alice.session, bytes('typing'))
    expect(text(openEphemeral(c, bob.session, typing))).toBe('typing')
    expect(outcomeOf(() => openEphemeral(c, alice.session, typing))).toBe('cannot-decrypt')
    expect(outcomeOf(() => openEphemeral(c, talking(seeded('else')).bob.session, typing))).toBe('cannot-decrypt')
    expect([alice.image, bob.image]).toEqual(before)
    expect(typing).toHaveLength(1_024)
  })

  test('opens in any order, and still after the session went on', () => {
    const c = seeded('later')
    const { alice, bob } = talking(c)
    const typing = [1, 2, 3].map((n) => sealEphemeral(c, bob.session, bytes(`${n}`)))
    bob.receive(alice.send(bytes('meanwhile')))
    alice.receive(bob.send(bytes('meanwhile')))
    expect(typing.reverse().map((envelope) => text(openEphemeral(c, alice.session, envelope)))).toEqual(['3', '2', '1'])
  })

  test('every byte of it is authenticated; it is no message, and a message is none', () => {
    const c = seeded('authentic')
    const { alice, bob } = talking(c)
    const typing = sealEphemeral(c, alice.session, bytes('typing'))
    for (let at = 0; at < typing.length; at++) {
      expect(outcomeOf(() => openEphemeral(c, bob.session, withBitFlipped(typing, at * 8)))).not.toBe('accepted')
    }
    expect(outcomeOf(() => bob.receive(typing))).toBe('malformed')
    expect(outcomeOf(() => openEphemeral(c, bob.session, alice.send(bytes('x'))))).toBe('malformed')
    expect(outcomeOf(() => sealEphemeral(c, alice.session, new Uint8Array(200_000)))).toBe('too-large')
  })
})

test('a session comes back from its record as it was, and a record of another version is named', () => {
  const { alice, bob } = talking(seeded('record'))
  for (const { session } of [alice, bob]) {
    const record = encodeSession(session)
    expect(decodeSession(record)).toEqual(session)
    expect(outcomeOf(() => decodeSession(withBitFlipped(record, 0)))).toBe('unsupported-version')
    expect(outcomeOf(() => decodeSession(withBitFlipped(record, 8)))).toBe('unsupported-version')
    expect(outcomeOf(() => decodeSession(record.slice(0, -1)))).toBe('malformed')
    const otherHandshake = { ...session, handshake: new Uint8Array(7) }
    expect(outcomeOf(() => decodeSession(encodeSession(otherHandshake)))).toBe('malformed')
    expect(outcomeOf(() => decodeSession(encodeSession({ ...session, sendingChain: new Uint8Array(31) })))).toBe(
      'malformed',
    )
    expect(outcomeOf(() => decodeSession(record.map((byte, at) => (at === 66 ? 3 : byte))))).toBe('malformed')
    expect(outcomeOf(() => decodeSession(Uint8Array.of(...record, 0)))).toBe('malformed')
  }
})
