/** Attacks on sessions, one test each; those that need a store are in `services/session-attacks.test.ts`. docs/threat-model.md, "Attacks". */

import { describe, expect, test } from 'vitest'
import {
  HANDSHAKE_BYTES,
  HANDSHAKE_INNER_BYTES,
  KEM_CIPHERTEXT_BYTES,
  NONCE_BYTES,
  PREFIX_BYTES,
  SEALED_HEADER_BYTES,
  SUITE,
  TAG_BYTES,
} from '../../shared/wire/envelope.ts'
import { concatBytes } from '../../shared/wire/bytes.ts'
import { selectBackend } from './backend/select-backend.ts'
import {
  ATTACHMENT_SEGMENT_BYTES,
  attachmentDecryptor,
  attachmentEncryptor,
  createCrypto,
  decodePrekeyBundle,
  decodeSession,
  encodePrekeyBundle,
  encodeSession,
  encryptMessage,
  generateAccount,
  openDeviceList,
  openEphemeral,
  openHandshake,
  sealEphemeral,
  sign,
  signDeviceList,
  startSession,
  verifyPrekeyBundle,
} from './index.ts'
import type { Crypto } from './index.ts'
import { stepChain } from './key-schedule.ts'
import {
  begin,
  bytes,
  makeParty,
  meet,
  NOW_MS,
  outcomeOf,
  sealingOtherwise,
  SessionEnd,
  TestDevice,
  text,
  withBitFlipped,
} from './testing/devices.ts'
import type { TestParty } from './testing/devices.ts'
import { repeatableRandom } from './testing/repeatable-random.ts'
import { beforeTheAnswer, beforeTheOffer, talking } from './testing/talking.ts'

const backend = await selectBackend()
const seeded = (seed: string): Crypto => createCrypto(backend, repeatableRandom(seed))
/** Mutation runs leave bits out; an odd step meets each place in a byte. */
const BIT_STEP = Number(process.env['PARLEY_BIT_STEP'] ?? 1)
const REFUSED = ['cannot-decrypt', 'malformed', 'unsupported-version']

function firstEnvelope(c: Crypto, from: TestParty, to: TestParty): Uint8Array {
  return encryptMessage(c, begin(c, from, to), bytes('hello')).envelope
}

function expectRefused(end: SessionEnd | TestDevice, envelope: Uint8Array, message = ''): void {
  const before = end.image
  expect(REFUSED, message).toContain(outcomeOf(() => end.receive(envelope)))
  expect(end.image, message).toBe(before)
}

/** Each bit of the first `sizeBytes`. */
function expectBitsRefused(end: SessionEnd, envelope: Uint8Array, sizeBytes: number): void {
  const before = end.image
  for (let bit = 0; bit < sizeBytes * 8; bit += BIT_STEP) {
    expect(REFUSED, `bit ${bit}`).toContain(outcomeOf(() => end.receive(withBitFlipped(envelope, bit))))
  }
  expect(end.image).toBe(before)
}

describe('replay', () => {
  test('of a handshake with one-time prekeys: by the session, and when that is gone by the spent prekeys', () => {
    const c = seeded('replay handshake')
    const [a, b] = [makeParty(c), makeParty(c)]
    const bob = new TestDevice(c, b, a)
    const envelope = firstEnvelope(c, a, b)
    expect(text(bob.receive(envelope))).toBe('hello')
    expectRefused(bob, envelope)
    for (const gone of ['signed', 'oneTime', 'kem'] as const) {
      const lookup = { ...b.lookup, [gone]: () => undefined }
      expect(outcomeOf(() => openHandshake(c, b.local, envelope, lookup, NOW_MS))).toBe('cannot-decrypt')
    }
  })

  test('of a message of the running chain', () => {
    const { alice, bob } = talking(seeded('replay in chain'))
    const envelope = alice.send(bytes('once'))
    expect(text(bob.receive(envelope))).toBe('once')
    expectRefused(bob, envelope)
  })

  test('of a message that came late, by a key that was kept', () => {
    const { alice, bob } = talking(seeded('replay late'))
    const late = alice.send(bytes('late'))
    bob.receive(alice.send(bytes('before it')))
    expect(bob.skippedCount).toBe(1)
    expect(text(bob.receive(late))).toBe('late')
    expect(bob.skippedCount).toBe(0)
    expectRefused(bob, late)
  })

  test('of a message of a chain that was left', () => {
    const { alice, bob } = talking(seeded('replay left chain'))
    const [missing, seen] = [alice.send(bytes('missing')), alice.send(bytes('seen'))]
    bob.receive(seen)
    alice.receive(bob.send(bytes('turn')))
    bob.receive(alice.send(bytes('new chain')))
    expectRefused(bob, seen)
    expect(text(bob.receive(missing))).toBe('missing')
    expectRefused(bob, missing)
  })

  test('of a message that offers an ML-KEM key, and of one that answers with a ciphertext', () => {
    const { alice, bob } = beforeTheOffer(seeded('replay step'))
    const offer = bob.send(bytes('offer'))
    alice.receive(offer)
    expectRefused(alice, offer)
    const answer = alice.send(bytes('answer'))
    bob.receive(answer)
    expectRefused(bob, answer)
    alice.receive(bob.send(bytes('after')))
    expectRefused(alice, offer)
  })

  test('of an ephemeral envelope opens again, so its content must bear that; it moves no session', () => {
    const c = seeded('replay ephemeral')
    const { alice, bob } = talking(c)
    const typing = sealEphemeral(c, alice.session, bytes('typing'))
    const before = bob.image
    for (let time = 0; time < 3; time++) expect(text(openEphemeral(c, bob.session, typing))).toBe('typing')
    expect(bob.image).toBe(before)
  })

  test('of an attachment’s segment in the place of another', () => {
    const key = new Uint8Array(32).fill(9)
    const c = seeded('replay segment')
    const encryptor = attachmentEncryptor(c, key)
    const full = new Uint8Array(ATTACHMENT_SEGMENT_BYTES).fill(1)
    const [first, second] = [encryptor.seal(full, false), encryptor.seal(full, false)]
    const decryptor = attachmentDecryptor(c, key)
    expect(outcomeOf(() => decryptor.open(1, false, first))).toBe('cannot-decrypt')
    expect(outcomeOf(() => decryptor.open(0, false, second))).toBe('cannot-decrypt')
    expect(outcomeOf(() => decryptor.open(0, false, first))).toBe('accepted')
  })
})

describe('changed on its way', () => {
  test('any bit of a message’s prefix, header and nonce', () => {
    const { alice, bob } = talking(seeded('bits of a message'))
    const envelope = alice.send(bytes('secret'))
    expectBitsRefused(bob, envelope, PREFIX_BYTES + SEALED_HEADER_BYTES + NONCE_BYTES)
    expect(text(bob.receive(envelope))).toBe('secret')
  })

  test.each([
    ['an ML-KEM key', beforeTheOffer, 'bob', 1_184],
    ['an ML-KEM ciphertext', beforeTheAnswer, 'alice', KEM_CIPHERTEXT_BYTES],
  ] as const)('any bit of a message that carries %s, before its body', (_what, before, from, kemBytes) => {
    const ends = before(seeded('bits of a step'))
    const to = ends[from === 'bob' ? 'alice' : 'bob']
    const envelope = ends[from].send(bytes('step'))
    const end = PREFIX_BYTES + SEALED_HEADER_BYTES + NONCE_BYTES + kemBytes + TAG_BYTES + NONCE_BYTES
    expectBitsRefused(to, envelope, end)
    expect(text(to.receive(envelope))).toBe('step')
  })

  test('any bit of a handshake, its header and its nonce', { timeout: 60_000 }, () => {
    const c = seeded('bits of a handshake')
    const [a, b] = [makeParty(c), makeParty(c)]
    const envelope = firstEnvelope(c, a, b)
    for (let bit = 0; bit < (PREFIX_BYTES + HANDSHAKE_BYTES + SEALED_HEADER_BYTES + NONCE_BYTES) * 8; bit += BIT_STEP) {
      const changed = withBitFlipped(envelope, bit)
      const outcome = outcomeOf(() => openHandshake(c, b.local, changed, b.lookup, NOW_MS))
      expect(REFUSED, `bit ${bit}`).toContain(outcome)
    }
    expect(outcomeOf(() => openHandshake(c, b.local, envelope, b.lookup, NOW_MS))).toBe('accepted')
  })

  test('any byte of a body', () => {
    const { alice, bob } = talking(seeded('bytes of a body'))
    const envelope = alice.send(bytes('secret'))
    const before = bob.image
    for (let at = PREFIX_BYTES + SEALED_HEADER_BYTES + NONCE_BYTES; at < envelope.length; at++) {
      expect(outcomeOf(() => bob.receive(withBitFlipped(envelope, at * 8 + (at % 8))))).toBe('cannot-decrypt')
    }
    expect(bob.image).toBe(before)
  })
})

describe('a flood of numbers', () => {
  /** As if `count` messages had been sealed and lost. */
  function sendUnseen(c: Crypto, end: SessionEnd, count: number): SessionEnd {
    const { session } = end
    let sendingChain = session.sendingChain ?? new Uint8Array()
    for (let sent = 0; sent < count; sent++) sendingChain = stepChain(c, sendingChain).chainKey
    return new SessionEnd(c, { ...session, sendingChain, sendingNumber: session.sendingNumber + count })
  }

  test('a jump over 10,001 messages is refused, one over 10,000 opens and leaves 10,000 keys', () => {
    const c = seeded('jump')
    const { alice, bob } = talking(c)
    const ahead = sendUnseen(c, alice, 10_000)
    const [last, tooFar] = [ahead.send(bytes('last')), ahead.send(bytes('too far'))]
    expectRefused(bob, tooFar)
    expect(text(bob.receive(last))).toBe('last')
    expect(bob.skippedCount).toBe(10_000)
  })

  test('a jump counts the chain that it ends and its own together', () => {
    const c = seeded('two chains')
    const { alice, bob } = talking(c)
    bob.receive(alice.send(bytes('the chain that ends')))
    const ahead = sendUnseen(c, alice, 6_000)
    ahead.receive(bob.send(bytes('answer')))
    expectRefused(bob, sendUnseen(c, ahead, 4_001).send(bytes('10,001 in all')))
    expect(text(bob.receive(sendUnseen(c, ahead, 4_000).send(bytes('10,000 in all'))))).toBe('10,000 in all')
  })
})

describe('another identity', () => {
  test('unknown key share: an account that lists another’s device receives nothing for it', () => {
    const c = seeded('unknown key share')
    const [a, b, mallory] = [makeParty(c), makeParty(c), makeParty(c)]
    const meant = { account: mallory.local.account, device: b.entry }
    const { envelope } = encryptMessage(c, startSession(c, a.local, meant, b.bundle, NOW_MS), bytes('for mallory'))
    expect(outcomeOf(() => openHandshake(c, b.local, envelope, b.lookup, NOW_MS))).toBe('cannot-decrypt')
  })

  test('misbinding: a responder that believes itself another account or device opens nothing', () => {
    const c = seeded('responder')
    const [a, b, other] = [makeParty(c), makeParty(c), makeParty(c)]
    const envelope = firstEnvelope(c, a, b)
    const { device } = b.local
    for (const local of [
      { ...b.local, account: other.local.account },
      { ...b.local, device: { ...device, deviceId: other.entry.deviceId } },
    ]) {
      expect(outcomeOf(() => openHandshake(c, local, envelope, b.lookup, NOW_MS))).toBe('cannot-decrypt')
    }
  })

  test('misbinding: an initiator’s account, device or identity key that is swapped under the seal opens nothing', () => {
    const c = seeded('initiator')
    const [a, b, other] = [makeParty(c), makeParty(c), makeParty(c)]
    for (const [at, value] of [
      [0, other.entry.identityKey],
      [32, other.local.account],
      [64, new Uint8Array(16).fill(7)],
    ] as const) {
      const swapping = sealingOtherwise(c, HANDSHAKE_INNER_BYTES, (inner) => {
        inner.set(value, at)
      })
      const envelope = firstEnvelope(swapping, a, b)
      expect(
        outcomeOf(() => openHandshake(c, b.local, envelope, b.lookup, NOW_MS)),
        `at ${at}`,
      ).toBe('cannot-decrypt')
    }
  })

  test('misbinding: who claims another’s account is known by an identity key that this account never listed', () => {
    const c = seeded('claim')
    const [a, b, other] = [makeParty(c), makeParty(c), makeParty(c)]
    const victim = generateAccount(c)
    const claimed = { ...a.local, account: victim.publicKey }
    const { sender } = openHandshake(c, b.local, firstEnvelope(c, { ...a, local: claimed }, b), b.lookup, NOW_MS)
    const list = signDeviceList(c, victim, { version: 1, createdAtMs: NOW_MS, devices: [other.entry] })
    const listed = openDeviceList(c, list, sender.account).devices.map(({ identityKey }) => identityKey)
    expect(listed).toEqual([other.entry.identityKey])
    expect(sender.identityKey).toEqual(a.entry.identityKey)
    expect(listed).not.toContainEqual(sender.identityKey)
  })

  test('key compromise impersonation: a stolen identity key impersonates nobody to its owner', () => {
    const c = seeded('stolen identity key')
    const [a, b] = [makeParty(c), makeParty(c)]
    // The thief knows all of b's identity, a's public keys, and everything that a prekey directory hands out.
    const identity = { publicKey: a.entry.identityKey, secretKey: b.local.device.identity.secretKey }
    const thief = { ...a.local, device: { ...a.local.device, identity } }
    const envelope = firstEnvelope(c, { ...a, local: thief }, b)
    expect(outcomeOf(() => openHandshake(c, b.local, envelope, b.lookup, NOW_MS))).toBe('cannot-decrypt')
  })

  test('wrong recipient: a handshake opens on the device it was made for alone', () => {
    const c = seeded('recipient of a handshake')
    const [a, b, other] = [makeParty(c), makeParty(c), makeParty(c)]
    const envelope = firstEnvelope(c, a, b)
    expect(outcomeOf(() => openHandshake(c, other.local, envelope, other.lookup, NOW_MS))).toBe('cannot-decrypt')
    expect(outcomeOf(() => openHandshake(c, b.local, envelope, other.lookup, NOW_MS))).toBe('cannot-decrypt')
    expect(outcomeOf(() => openHandshake(c, other.local, envelope, b.lookup, NOW_MS))).toBe('cannot-decrypt')
  })

  test('wrong recipient: a message opens in its session alone, and not for who sent it', () => {
    const { alice, bob } = talking(seeded('recipient of a message'))
    const stranger = talking(seeded('stranger')).bob
    const envelope = alice.send(bytes('for bob'))
    expectRefused(stranger, envelope)
    expectRefused(alice, envelope)
    expect(text(bob.receive(envelope))).toBe('for bob')
  })
})

test('a restored snapshot never seals with a key and nonce that were used', () => {
  const seen = new Set<string>()
  const watching: typeof backend = {
    ...backend,
    seal: (key, nonce, ad, plaintext) => {
      const pair = Buffer.from(concatBytes(key, nonce)).toString('hex')
      expect(seen.has(pair)).toBe(false)
      seen.add(pair)
      return backend.seal(key, nonce, ad, plaintext)
    },
  }
  const c = createCrypto(watching, repeatableRandom('snapshot'))
  for (const snapshot of [talking(c).alice.session, beforeTheOffer(c).bob.session, meet(c).alice.session]) {
    const before = seen.size
    for (let time = 0; time < 20; time++) {
      new SessionEnd(c, snapshot).send(bytes('again'))
      sealEphemeral(c, snapshot, bytes('typing'))
    }
    // Header, body, ephemeral, and the ML-KEM key where there is one.
    expect(seen.size - before).toBe(20 * (snapshot.kem.kind === 'none' ? 3 : 4))
  }
})

describe('downgrade of the suite', () => {
  const earlier = [SUITE - 1, SUITE + 1]
  const withSuite = (envelope: Uint8Array, suite: number): Uint8Array =>
    envelope.map((byte, at) => (at === 1 ? suite : byte))

  test.each(earlier)('of an envelope of each kind, to %i', (suite) => {
    const c = seeded('downgraded envelope')
    const [a, b] = [makeParty(c), makeParty(c)]
    const handshake = withSuite(firstEnvelope(c, a, b), suite)
    expect(outcomeOf(() => openHandshake(c, b.local, handshake, b.lookup, NOW_MS))).toBe('unsupported-version')
    const { alice, bob } = talking(c)
    const before = bob.image
    expect(outcomeOf(() => bob.receive(withSuite(alice.send(bytes('x')), suite)))).toBe('unsupported-version')
    expect(bob.image).toBe(before)
    const typing = withSuite(sealEphemeral(c, alice.session, bytes('x')), suite)
    expect(outcomeOf(() => openEphemeral(c, bob.session, typing))).toBe('unsupported-version')
  })

  test.each(earlier)('of a prekey bundle and of what its signatures were made for, to %i', (suite) => {
    const c = seeded('downgraded bundle')
    const { bundle, entry, local } = makeParty(c)
    const encoded = encodePrekeyBundle(bundle)
    expect(outcomeOf(() => decodePrekeyBundle(withSuite(encoded, suite)))).toBe('unsupported-version')
    // u8 suite ‖ u8 kind ‖ u32 id ‖ public key, signed by the device itself when it spoke the other suite.
    const signed = ({ id, publicKey }: { id: number; publicKey: Uint8Array }, kind: number, of: number): Uint8Array => {
      const message = concatBytes(Uint8Array.of(of, kind, 0, 0, 0, id), publicKey)
      return sign(c, local.device.signing.secretKey, 'prekey', message)
    }
    const both = (ec: number, kem: number) => ({
      ...bundle,
      signed: { ...bundle.signed, signature: signed(bundle.signed, 1, ec) },
      kem: { ...bundle.kem, signature: signed(bundle.kem, 2, kem) },
    })
    const outcome = (ec: number, kem: number): string =>
      outcomeOf(() => {
        verifyPrekeyBundle(c, both(ec, kem), entry)
      })
    expect(outcome(SUITE, SUITE)).toBe('accepted')
    expect([outcome(suite, SUITE), outcome(SUITE, suite)]).toEqual(['signature-invalid', 'signature-invalid'])
  })

  test.each(earlier)('of a session’s record, to %i', (suite) => {
    const record = encodeSession(talking(seeded('downgraded record')).alice.session)
    expect(outcomeOf(() => decodeSession(withSuite(record, suite)))).toBe('unsupported-version')
    expect(outcomeOf(() => decodeSession(record))).toBe('accepted')
  })
})
