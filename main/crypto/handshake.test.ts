import { describe, expect, test } from 'vitest'
import { HANDSHAKE_BYTES, HANDSHAKE_INNER_BYTES, PREFIX_BYTES } from '../../shared/wire/envelope.ts'
import type { Backend } from './backend/backend.ts'
import { selectBackend } from './backend/select-backend.ts'
import {
  createCrypto,
  decryptMessage,
  encryptMessage,
  generatePrekeys,
  handshakeSessionId,
  openHandshake,
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
import type { TestParty } from './testing/devices.ts'
import { repeatableRandom } from './testing/repeatable-random.ts'
import { talking } from './testing/talking.ts'

const backend = await selectBackend()
const seeded = (seed: string): Crypto => createCrypto(backend, repeatableRandom(seed))

function firstEnvelope(c: Crypto, from: TestParty, to: TestParty): Uint8Array {
  return encryptMessage(c, begin(c, from, to), bytes('hello')).envelope
}

describe('a handshake', () => {
  test('tells the responder who spoke, and gives both the same session', () => {
    const c = seeded('who')
    const [a, b] = [makeParty(c), makeParty(c)]
    const started = begin(c, a, b)
    const { envelope } = encryptMessage(c, started, bytes('hello'))
    const opened = openHandshake(c, b.local, envelope, b.lookup, NOW_MS)
    expect(text(opened.plaintext)).toBe('hello')
    expect(opened.sender).toEqual({
      account: a.local.account,
      deviceListVersion: 1,
      deviceId: a.entry.deviceId,
      identityKey: a.entry.identityKey,
    })
    expect(opened.usedPrekeys).toEqual({ oneTimeId: 2, kemOneTimeId: 3, lastResort: false })
    expect(opened.session.sessionId).toEqual(started.sessionId)
    expect(handshakeSessionId(c, envelope)).toEqual(started.sessionId)
  })

  test('is repeated before each message until the first answer, and not after it', () => {
    const c = seeded('repeated')
    const [a, b] = [makeParty(c), makeParty(c)]
    const alice = new SessionEnd(c, begin(c, a, b))
    const [first, second] = [alice.send(bytes('one')), alice.send(bytes('two'))]
    const bob = new SessionEnd(c, openHandshake(c, b.local, first, b.lookup, NOW_MS).session)
    expect(handshakeSessionId(c, second)).toEqual(bob.session.sessionId)
    expect(text(bob.receive(second))).toBe('two')
    alice.receive(bob.send(bytes('hi')))
    expect(outcomeOf(() => handshakeSessionId(c, alice.send(bytes('three'))))).toBe('malformed')
  })

  test('opens by whichever of its messages comes first', () => {
    const c = seeded('whichever')
    const [a, b] = [makeParty(c), makeParty(c)]
    const alice = new SessionEnd(c, begin(c, a, b))
    const [first, second] = [alice.send(bytes('one')), alice.send(bytes('two'))]
    const opened = openHandshake(c, b.local, second, b.lookup, NOW_MS)
    expect(text(opened.plaintext)).toBe('two')
    const bob = new SessionEnd(c, opened.session, opened.skipped)
    expect(text(bob.receive(first))).toBe('one')
    expect(outcomeOf(() => bob.receive(second))).toBe('cannot-decrypt')
  })

  test('works with a last-resort prekey alone, and names what is to be remembered', () => {
    const c = seeded('last resort')
    const [a, b] = [makeParty(c), makeParty(c, { lastResort: true })]
    const envelope = firstEnvelope(c, a, b)
    const opened = openHandshake(c, b.local, envelope, b.lookup, NOW_MS)
    expect(opened.usedPrekeys).toEqual({ lastResort: true })
    // The replay opens again: the caller's memory of the base key is what refuses it.
    expect(openHandshake(c, b.local, envelope, b.lookup, NOW_MS).baseKeyHash).toEqual(opened.baseKeyHash)
    expect(openHandshake(c, b.local, firstEnvelope(c, a, b), b.lookup, NOW_MS).baseKeyHash).not.toEqual(
      opened.baseKeyHash,
    )
  })

  test('hides the sender from whoever carries it', () => {
    const c = seeded('hides')
    const [a, b] = [makeParty(c), makeParty(c)]
    const envelope = Buffer.from(firstEnvelope(c, a, b))
    for (const key of [a.local.account, a.entry.identityKey, a.entry.signingKey, a.entry.peerKey]) {
      expect(envelope.includes(Buffer.from(key))).toBe(false)
    }
  })

  test('has one size, whether or not a one-time prekey was left', () => {
    const c = seeded('size')
    const a = makeParty(c)
    const sizes = [false, true].map((lastResort) => firstEnvelope(c, a, makeParty(c, { lastResort })).length)
    expect(sizes).toEqual([4_096, 4_096])
  })
})

describe('refused', () => {
  test('a message that is none, by name', () => {
    const c = seeded('no handshake')
    const message = talking(c).alice.send(bytes('a message'))
    const b = makeParty(c)
    expect(outcomeOf(() => openHandshake(c, b.local, message, b.lookup, NOW_MS))).toBe('malformed')
    expect(outcomeOf(() => handshakeSessionId(c, message))).toBe('malformed')
  })

  test('a handshake is not grafted onto another’s message', () => {
    const c = seeded('graft')
    const [a, b] = [makeParty(c), makeParty(c)]
    const [mine, other] = [firstEnvelope(c, a, b), firstEnvelope(c, a, b)]
    const end = PREFIX_BYTES + HANDSHAKE_BYTES
    const grafted = new Uint8Array([...other.slice(0, end), ...mine.slice(end)])
    expect(outcomeOf(() => openHandshake(c, b.local, grafted, b.lookup, NOW_MS))).toBe('cannot-decrypt')
    const session = openHandshake(c, b.local, mine, b.lookup, NOW_MS).session
    const second = { find: () => undefined }
    expect(outcomeOf(() => decryptMessage(c, session, grafted, second, NOW_MS))).toBe('cannot-decrypt')
  })

  test('a sealed part that no honest initiator makes is refused', () => {
    const c = seeded('inner')
    const [a, b] = [makeParty(c), makeParty(c)]
    // u8 flag at 88, u32 number of the one-time prekey after it.
    const changes: ((inner: Uint8Array) => void)[] = [
      (inner) => {
        inner[88] = 2
      },
      (inner) => {
        inner[88] = 0
      },
      (inner) => {
        inner[92] = 77
      },
      (inner) => {
        inner.fill(0, 0, 32)
      },
    ]
    for (const change of changes) {
      const envelope = firstEnvelope(sealingOtherwise(c, HANDSHAKE_INNER_BYTES, change), a, b)
      expect(outcomeOf(() => openHandshake(c, b.local, envelope, b.lookup, NOW_MS))).toBe('cannot-decrypt')
    }
  })

  test('without a one-time prekey there is one way to say so', () => {
    const c = seeded('flag')
    const [a, b] = [makeParty(c), makeParty(c, { lastResort: true })]
    for (const [at, value] of [[88, 2] as const, [92, 2] as const]) {
      const lying = sealingOtherwise(c, HANDSHAKE_INNER_BYTES, (inner) => {
        inner[at] = value
      })
      expect(outcomeOf(() => openHandshake(c, b.local, firstEnvelope(lying, a, b), b.lookup, NOW_MS))).toBe(
        'cannot-decrypt',
      )
    }
    expect(outcomeOf(() => openHandshake(c, b.local, firstEnvelope(c, a, b), b.lookup, NOW_MS))).toBe('accepted')
  })

  test('degenerate keys are refused on both sides', () => {
    const c = seeded('degenerate')
    const [a, b] = [makeParty(c), makeParty(c)]
    const zero = new Uint8Array(32)
    const bundles = [
      { ...b.bundle, signed: { ...b.bundle.signed, publicKey: zero } },
      { ...b.bundle, oneTime: { id: 2, publicKey: zero } },
      { ...b.bundle, kem: { ...b.bundle.kem, publicKey: new Uint8Array(1184).fill(0xff) } },
    ]
    for (const bundle of bundles) expect(outcomeOf(() => begin(c, a, { ...b, bundle }))).toBe('signature-invalid')
    expect(outcomeOf(() => begin(c, a, { ...b, entry: { ...b.entry, identityKey: zero } }))).toBe('signature-invalid')
    const envelope = firstEnvelope(c, a, b)
    envelope.set(zero, PREFIX_BYTES)
    expect(outcomeOf(() => openHandshake(c, b.local, envelope, b.lookup, NOW_MS))).toBe('cannot-decrypt')
  })
})

describe('what a refusal costs', () => {
  function counting(): { readonly c: Crypto; readonly counts: { x25519: number; mlKem: number } } {
    const counts = { x25519: 0, mlKem: 0 }
    const counted: Backend = {
      ...backend,
      x25519: (secretKey, publicKey) => {
        counts.x25519 += 1
        return backend.x25519(secretKey, publicKey)
      },
      mlKemDecapsulate: (seed, ciphertext) => {
        counts.mlKem += 1
        return backend.mlKemDecapsulate(seed, ciphertext)
      },
    }
    return { c: createCrypto(counted, repeatableRandom('counting')), counts }
  }

  test('a stranger’s noise: one agreement, one decapsulation', () => {
    const plain = seeded('noise')
    const [a, b] = [makeParty(plain), makeParty(plain)]
    const { c, counts } = counting()
    const noise = withBitFlipped(firstEnvelope(plain, a, b), 8 * (PREFIX_BYTES + 1_200))
    expect(outcomeOf(() => openHandshake(c, b.local, noise, b.lookup, NOW_MS))).toBe('cannot-decrypt')
    expect(counts).toEqual({ x25519: 1, mlKem: 1 })
  })

  test('without the KEM prekey’s secret nothing of the sender is learnt, the identity key’s notwithstanding', () => {
    const plain = seeded('kem secret')
    const [a, b, other] = [makeParty(plain), makeParty(plain), makeParty(plain)]
    const { c, counts } = counting()
    const lookup = { ...b.lookup, kem: other.lookup.kem }
    expect(outcomeOf(() => openHandshake(c, b.local, firstEnvelope(plain, a, b), lookup, NOW_MS))).toBe(
      'cannot-decrypt',
    )
    // Refused at the seal: no agreement with what it hides was tried.
    expect(counts).toEqual({ x25519: 1, mlKem: 1 })
  })

  test('one who knows the bundle and not the identity: four agreements, one decapsulation', () => {
    const plain = seeded('impostor')
    const [a, b] = [makeParty(plain), makeParty(plain)]
    const secretKey = new Uint8Array(32).fill(5)
    const local = { ...a.local, device: { ...a.local.device, identity: { publicKey: a.entry.identityKey, secretKey } } }
    const envelope = firstEnvelope(plain, { ...a, local }, b)
    const { c, counts } = counting()
    expect(outcomeOf(() => openHandshake(c, b.local, envelope, b.lookup, NOW_MS))).toBe('cannot-decrypt')
    expect(counts).toEqual({ x25519: 4, mlKem: 1 })
  })

  test('an unknown KEM prekey: nothing', () => {
    const plain = seeded('unknown prekey')
    const [a, b] = [makeParty(plain), makeParty(plain)]
    const { c, counts } = counting()
    const lookup = { ...b.lookup, kem: () => undefined }
    expect(outcomeOf(() => openHandshake(c, b.local, firstEnvelope(plain, a, b), lookup, NOW_MS))).toBe(
      'cannot-decrypt',
    )
    expect(counts).toEqual({ x25519: 0, mlKem: 0 })
  })
})

test('prekeys of a batch have numbers in order and keys of their own', () => {
  const c = seeded('batch')
  const { device } = makeParty(c).local
  for (const kind of ['signed', 'one-time', 'kem-one-time', 'kem-last-resort'] as const) {
    const batch = generatePrekeys(c, device, kind, 7, 3)
    expect(batch.map((prekey) => prekey.id)).toEqual([7, 8, 9])
    expect(new Set(batch.map((prekey) => Buffer.from(prekey.publicKey).toString('hex'))).size).toBe(3)
  }
})
