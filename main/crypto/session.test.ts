import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isParleyError } from '../../shared/errors.ts'
import { nobleBackend } from './backend/noble-backend.ts'
import { selectBackend } from './backend/node-backend.ts'
import {
  createCrypto,
  decodePrekeyBundle,
  decodeSession,
  decryptMessage,
  encodePrekeyBundle,
  encodeSession,
  encryptMessage,
  generateAccount,
  generateDevice,
  generatePrekeys,
  handshakeSessionId,
  openEphemeral,
  openHandshake,
  sealEphemeral,
  startSession,
  verifyPrekeyBundle,
} from './index.ts'
import type { Crypto, LocalParty, PrekeyBundle, PrekeySecret, SessionState, SkippedKey } from './index.ts'

/** Repeatable randomness: SHA-256 in counter mode. */
function seeded(seed: number): Crypto {
  let counter = 0
  const backend = selectBackend()
  return createCrypto({
    backend,
    random: (size) =>
      backend.hkdf(
        Uint8Array.of(seed >> 8, seed & 255),
        new Uint8Array(32),
        Uint8Array.of(counter >> 8, counter++ & 255),
        size,
      ),
  })
}

interface Person {
  readonly party: LocalParty
  readonly prekeys: readonly PrekeySecret[]
  readonly bundle: PrekeyBundle
}

function person(c: Crypto, options: { readonly lastResort?: boolean } = {}): Person {
  const account = generateAccount(c)
  const device = generateDevice(c)
  const kemKind = options.lastResort === true ? 'kem-last-resort' : 'kem-one-time'
  const prekeys = [
    ...generatePrekeys(c, device, 'signed', 1, 1),
    ...generatePrekeys(c, device, 'one-time', 2, 1),
    ...generatePrekeys(c, device, kemKind, 3, 1),
  ]
  const [signed, oneTime, kem] = prekeys
  if (signed === undefined || oneTime === undefined || kem === undefined) throw new Error('prekeys')
  return {
    party: { account: account.publicKey, deviceListVersion: 1, device },
    prekeys,
    bundle: {
      deviceId: device.deviceId,
      identityKey: device.identity.publicKey,
      signed,
      kem,
      oneTime: options.lastResort === true ? null : { id: oneTime.id, publicKey: oneTime.publicKey },
    },
  }
}

const entryOf = ({ party: { device } }: Person) => ({
  deviceId: device.deviceId,
  peerKey: device.peer.publicKey,
  identityKey: device.identity.publicKey,
  signingKey: device.signing.publicKey,
})

const lookup = (of: Person) => ({
  signed: (id: number) => of.prekeys.find((prekey) => prekey.kind === 'signed' && prekey.id === id),
  oneTime: (id: number) => of.prekeys.find((prekey) => prekey.kind === 'one-time' && prekey.id === id),
  kem: (id: number) => of.prekeys.find((prekey) => prekey.kind.startsWith('kem') && prekey.id === id),
})

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const read = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function begin(c: Crypto, alice: Person, bob: Person): SessionState {
  verifyPrekeyBundle(c, decodePrekeyBundle(encodePrekeyBundle(bob.bundle)), entryOf(bob))
  return startSession(c, alice.party, { account: bob.party.account, device: entryOf(bob) }, bob.bundle)
}

/** One end with its store of skipped keys. */
class End {
  session: SessionState
  readonly #crypto: Crypto
  readonly #skipped = new Map<string, SkippedKey>()

  constructor(crypto: Crypto, session: SessionState) {
    this.#crypto = crypto
    this.session = session
  }

  send(plaintext: Uint8Array): Uint8Array {
    const sealed = encryptMessage(this.#crypto, decodeSession(encodeSession(this.session)), plaintext)
    this.session = sealed.session
    return sealed.envelope
  }

  receive(envelope: Uint8Array): Uint8Array {
    const name = (key: Pick<SkippedKey, 'headerKeyId' | 'messageNumber'>): string =>
      `${Buffer.from(key.headerKeyId).toString('hex')} ${key.messageNumber}`
    const opened = decryptMessage(this.#crypto, this.session, envelope, {
      headerKeys: () => [...this.#skipped.values()].map((key) => key.headerKeyId),
      find: (headerKeyId, messageNumber) => this.#skipped.get(name({ headerKeyId, messageNumber }))?.key,
    })
    this.session = opened.session
    for (const key of opened.newSkipped) this.#skipped.set(name(key), key)
    if (opened.consumedSkipped !== undefined) this.#skipped.delete(name(opened.consumedSkipped))
    return opened.plaintext
  }
}

function pair(c: Crypto): { readonly alice: End; readonly bob: End } {
  const [a, b] = [person(c), person(c)]
  const alice = new End(c, begin(c, a, b))
  const opened = openHandshake(c, b.party, alice.send(text('hello')), lookup(b))
  return { alice, bob: new End(c, opened.session) }
}

const refusal = (run: () => unknown): string => {
  try {
    run()
    return 'accepted'
  } catch (error) {
    return isParleyError(error) ? error.code : 'a bug'
  }
}
const REFUSED = ['cannot-decrypt', 'malformed', 'unsupported-version', 'too-large']

describe('handshake', () => {
  test('the responder learns who spoke, and both share a session', () => {
    const c = seeded(1)
    const [a, b] = [person(c), person(c)]
    const started = begin(c, a, b)
    const { envelope } = encryptMessage(c, started, text('hello'))
    const opened = openHandshake(c, b.party, envelope, lookup(b))
    expect(read(opened.plaintext)).toBe('hello')
    expect(opened.sender).toEqual({
      account: a.party.account,
      deviceListVersion: 1,
      deviceId: a.party.device.deviceId,
      identityKey: a.party.device.identity.publicKey,
    })
    expect(opened.usedPrekeys).toEqual({ oneTimeId: 2, kemOneTimeId: 3, lastResort: false })
    expect(opened.session.sessionId).toEqual(started.sessionId)
    expect(handshakeSessionId(c, b.party, envelope)).toEqual(started.sessionId)
  })

  test('is repeated until the first answer, and not after it', () => {
    const c = seeded(2)
    const [a, b] = [person(c), person(c)]
    const alice = new End(c, begin(c, a, b))
    const [first, second] = [alice.send(text('one')), alice.send(text('two'))]
    const opened = openHandshake(c, b.party, first, lookup(b))
    const bob = new End(c, opened.session)
    expect([first[2], second[2]]).toEqual([1, 1])
    expect(read(bob.receive(second))).toBe('two')
    alice.receive(bob.send(text('hi')))
    expect(alice.send(text('three'))[2]).toBe(2)
  })

  test('works with the last-resort prekey alone', () => {
    const c = seeded(3)
    const [a, b] = [person(c), person(c, { lastResort: true })]
    const { envelope } = encryptMessage(c, begin(c, a, b), text('hello'))
    expect(openHandshake(c, b.party, envelope, lookup(b)).usedPrekeys).toEqual({ lastResort: true })
  })

  test('hides the sender from whoever carries it', () => {
    const c = seeded(4)
    const [a, b] = [person(c), person(c)]
    const { envelope } = encryptMessage(c, begin(c, a, b), text('hello'))
    const bytes = Buffer.from(envelope)
    for (const key of [a.party.account, a.party.device.identity.publicKey, a.party.device.signing.publicKey]) {
      expect(bytes.includes(Buffer.from(key))).toBe(false)
    }
  })

  test('is for one recipient', () => {
    const c = seeded(5)
    const [a, b, other] = [person(c), person(c), person(c)]
    const { envelope } = encryptMessage(c, begin(c, a, b), text('hello'))
    expect(refusal(() => openHandshake(c, other.party, envelope, lookup(other)))).toBe('cannot-decrypt')
    expect(refusal(() => openHandshake(c, b.party, envelope, lookup(other)))).toBe('cannot-decrypt')
    const misbound = { ...b.party, account: other.party.account }
    expect(refusal(() => openHandshake(c, misbound, envelope, lookup(b)))).toBe('cannot-decrypt')
  })

  test('a changed byte anywhere is refused', () => {
    const c = seeded(6)
    const [a, b] = [person(c), person(c)]
    const { envelope } = encryptMessage(c, begin(c, a, b), text('hello'))
    for (let at = 0; at < 1_500; at += 7) {
      const changed = envelope.slice()
      changed[at] = (changed[at] ?? 0) ^ 0x40
      expect(REFUSED).toContain(refusal(() => openHandshake(c, b.party, changed, lookup(b))))
    }
  })

  test('a bundle with another device’s prekey is refused', () => {
    const c = seeded(7)
    const [b, other] = [person(c), person(c)]
    const mixed = { ...b.bundle, kem: other.bundle.kem }
    expect(
      refusal(() => {
        verifyPrekeyBundle(c, mixed, entryOf(b))
      }),
    ).toBe('signature-invalid')
  })
})

describe('ratchet', () => {
  test('a replay, a bit of the header, and a foreign session are refused and change nothing', () => {
    const c = seeded(8)
    const { alice, bob } = pair(c)
    const stranger = pair(seeded(9)).bob
    alice.receive(bob.send(text('hi')))
    const envelope = alice.send(text('secret'))
    const before = encodeSession(bob.session)
    for (let bit = 0; bit < (3 + 68 + 12) * 8; bit++) {
      const changed = envelope.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(REFUSED).toContain(refusal(() => bob.receive(changed)))
    }
    expect(refusal(() => stranger.receive(envelope))).toBe('cannot-decrypt')
    expect(encodeSession(bob.session)).toEqual(before)
    expect(read(bob.receive(envelope))).toBe('secret')
    expect(refusal(() => bob.receive(envelope))).toBe('cannot-decrypt')
  })

  test('a jump of 10,000 opens, one of 10,001 does not', () => {
    const c = seeded(10)
    const { alice, bob } = pair(c)
    for (let skipped = 0; skipped < 10_000; skipped++)
      alice.session = { ...encryptMessage(c, alice.session, text('')).session }
    const last = alice.send(text('last'))
    const tooFar = alice.send(text('too far'))
    expect(refusal(() => bob.receive(tooFar))).toBe('cannot-decrypt')
    expect(read(bob.receive(last))).toBe('last')
  })

  test('sizes tell little: one of few, whatever the text', () => {
    const c = seeded(11)
    const { alice } = pair(c)
    const sizes = [0, 1, 500, 2_000, 10_000, 60_000].map((size) => alice.send(new Uint8Array(size)).length)
    expect(sizes).toEqual([4096, 4096, 4096, 4096, 16_384, 65_536])
    expect(refusal(() => alice.send(new Uint8Array(200_000)))).toBe('too-large')
  })

  test('ephemeral envelopes open on the other side only and leave the chains alone', () => {
    const c = seeded(12)
    const { alice, bob } = pair(c)
    const before = encodeSession(alice.session)
    const typing = sealEphemeral(c, alice.session, text('typing'))
    expect(read(openEphemeral(c, bob.session, typing))).toBe('typing')
    expect(refusal(() => openEphemeral(c, alice.session, typing))).toBe('cannot-decrypt')
    expect(encodeSession(alice.session)).toEqual(before)
  })

  test('whatever the network does, what is accepted was sent, once, and all of it arrives in the end', () => {
    const event = fc.record({
      from: fc.constantFrom('alice', 'bob'),
      fate: fc.constantFrom('deliver', 'hold', 'duplicate', 'corrupt'),
      pick: fc.nat(),
    })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), fc.nat({ max: 60_000 }), (events, seed) => {
        const c = seeded(seed)
        const ends = pair(c)
        const accepted: string[] = []
        const held: { readonly to: 'alice' | 'bob'; readonly envelope: Uint8Array }[] = []
        const deliver = (to: 'alice' | 'bob', envelope: Uint8Array): boolean => {
          try {
            accepted.push(read(ends[to].receive(envelope)))
            return true
          } catch (error) {
            if (!isParleyError(error)) throw error
            return false
          }
        }
        for (const [index, { from, fate, pick }] of events.entries()) {
          const to = from === 'alice' ? 'bob' : 'alice'
          const envelope = ends[from].send(text(`${from} ${index}`))
          if (fate === 'hold') held.splice(pick % (held.length + 1), 0, { to, envelope })
          if (fate === 'corrupt') {
            const changed = envelope.slice()
            const at = pick % changed.length
            changed[at] = (changed[at] ?? 0) ^ 1
            expect(deliver(to, changed)).toBe(false)
          }
          if (fate !== 'hold') expect(deliver(to, envelope)).toBe(true)
          if (fate === 'duplicate') expect(deliver(to, envelope)).toBe(false)
        }
        for (const { to, envelope } of held) expect(deliver(to, envelope)).toBe(true)
        expect([...accepted].sort()).toEqual(events.map(({ from }, index) => `${from} ${index}`).sort())
      }),
      { numRuns: 60 },
    )
  })
})

test('any bytes at all are refused with a closed code', () => {
  const c = seeded(13)
  const { bob } = pair(c)
  const b = person(c)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.constantFrom(1, 2, 3), (bytes, kind) => {
      const envelope = new Uint8Array([1, 0, kind, ...bytes])
      expect(REFUSED).toContain(refusal(() => bob.receive(envelope)))
      expect(REFUSED).toContain(refusal(() => openHandshake(c, b.party, envelope, lookup(b))))
      expect([...REFUSED, 'unsupported-version']).toContain(refusal(() => decodeSession(bytes)))
      expect([...REFUSED, 'unsupported-version']).toContain(refusal(() => decodePrekeyBundle(bytes)))
    }),
  )
})

test('both backends give the same answers', () => {
  const node = selectBackend()
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const some = fc.uint8Array({ maxLength: 300 })
  fc.assert(
    fc.property(key, key, some, some, (a, b, data, ad) => {
      const nonce = a.slice(0, 12)
      expect(node.sha256(data)).toEqual(nobleBackend.sha256(data))
      expect(node.sha512(data)).toEqual(nobleBackend.sha512(data))
      expect(node.hmacSha256(a, data)).toEqual(nobleBackend.hmacSha256(a, data))
      expect(node.hkdf(a, b, data, 96)).toEqual(nobleBackend.hkdf(a, b, data, 96))
      const sealed = node.seal(a, nonce, ad, data)
      expect(sealed).toEqual(nobleBackend.seal(a, nonce, ad, data))
      expect(node.open(a, nonce, ad, sealed)).toEqual(data)
      expect(nobleBackend.open(a, nonce, ad, sealed)).toEqual(data)
      expect(
        node.open(
          b.map((byte) => byte ^ 1),
          nonce,
          ad,
          sealed,
        ),
      ).toBeNull()
      const theirs = node.x25519Public(b)
      expect(theirs).toEqual(nobleBackend.x25519Public(b))
      expect(node.x25519(a, theirs)).toEqual(nobleBackend.x25519(a, theirs))
      const signature = node.ed25519Sign(a, data)
      expect(signature).toEqual(nobleBackend.ed25519Sign(a, data))
      const signer = node.ed25519Public(a)
      expect(node.ed25519Verify(signer, data, signature)).toBe(true)
      expect(nobleBackend.ed25519Verify(signer, data, signature)).toBe(true)
    }),
    { numRuns: 30 },
  )
  expect(node.x25519(new Uint8Array(32).fill(3), new Uint8Array(32))).toBeNull()
  expect(nobleBackend.x25519(new Uint8Array(32).fill(3), new Uint8Array(32))).toBeNull()
})
