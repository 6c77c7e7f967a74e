import { describe, expect, test } from 'vitest'
import { HEADER_BYTES } from '../../shared/wire/envelope.ts'
import { selectBackend } from './backend/select-backend.ts'
import { createCrypto, decodeSession, encodeSession } from './index.ts'
import type { Crypto } from './index.ts'
import { KEM_DUE_MESSAGES, KEM_DUE_MS } from './kem-ratchet.ts'
import { bytes, meet, NOW_MS, outcomeOf, sealingOtherwise, SessionEnd, text } from './testing/devices.ts'
import { repeatableRandom } from './testing/repeatable-random.ts'
import { beforeTheAnswer, beforeTheOffer } from './testing/talking.ts'

const backend = await selectBackend()
const seeded = (seed: string): Crypto => createCrypto(backend, repeatableRandom(seed))
const KEM_ENVELOPE_BYTES = 4_096

describe('the post-quantum ratchet', () => {
  test('is due at the first reply after 50 messages of both sides', () => {
    const c = seeded('due')
    const { alice, bob } = beforeTheOffer(c)
    const offer = bob.send(bytes('offer'))
    expect(offer.length).toBe(KEM_ENVELOPE_BYTES)
    alice.receive(offer)
    const answer = alice.send(bytes('answer'))
    expect(answer.length).toBe(KEM_ENVELOPE_BYTES)
    expect(text(bob.receive(answer))).toBe('answer')
    expect([bob.session.kem.kind, bob.session.sinceKem]).toEqual(['none', 1])
    const after = bob.send(bytes('after'))
    expect(after.length).toBe(1_024)
    expect(text(alice.receive(after))).toBe('after')
    expect(alice.session.sinceKem).toBeLessThan(4)
  })

  test('is due at the first reply after 24 hours', () => {
    const c = seeded('a day')
    const { alice, bob } = meet(c)
    alice.receive(bob.send(bytes('hi')), NOW_MS + KEM_DUE_MS - 1)
    expect(alice.session.kem.kind).toBe('none')
    bob.receive(alice.send(bytes('a day later')), NOW_MS + KEM_DUE_MS)
    expect(bob.session.kem.kind).toBe('offer')
    alice.receive(bob.send(bytes('offer')), NOW_MS + KEM_DUE_MS + 5)
    expect(alice.session.kemAtMs).toBe(NOW_MS + KEM_DUE_MS + 5)
    bob.receive(alice.send(bytes('answer')), NOW_MS + KEM_DUE_MS + 9)
    expect(bob.session.kemAtMs).toBe(NOW_MS + KEM_DUE_MS + 9)
  })

  test('goes on for ever, through lost messages, and each message of a chain carries the step', () => {
    const c = seeded('for ever')
    const { alice, bob } = meet(c)
    const kinds = new Set<string>()
    for (let turn = 0; turn < 200; turn++) {
      for (const [from, to] of [
        [bob, alice],
        [alice, bob],
      ] as const) {
        from.send(bytes('lost'))
        expect(text(to.receive(from.send(bytes(`turn ${turn}`))))).toBe(`turn ${turn}`)
        kinds.add(from.session.kem.kind)
      }
    }
    expect(kinds).toEqual(new Set(['none', 'offer', 'answer']))
    expect(decodeSession(encodeSession(bob.session))).toEqual(bob.session)
  })

  test('late messages of chains with a step open like any others', () => {
    const c = seeded('late')
    const { alice, bob } = beforeTheOffer(c)
    const lateOffer = bob.send(bytes('late offer'))
    alice.receive(bob.send(bytes('offer')))
    const lateAnswer = alice.send(bytes('late answer'))
    bob.receive(alice.send(bytes('answer')))
    alice.receive(bob.send(bytes('on')))
    bob.receive(alice.send(bytes('and on')))
    expect(text(alice.receive(lateOffer))).toBe('late offer')
    expect(text(bob.receive(lateAnswer))).toBe('late answer')
  })

  test('shuts out who copied a state and can compute every agreement since', () => {
    const draws: Uint8Array[] = []
    const source = repeatableRandom('bob')
    const c = seeded('quantum')
    const recording = createCrypto(backend, (sizeBytes) => {
      const drawn = source(sizeBytes)
      if (sizeBytes === 32) draws.push(drawn)
      return drawn
    })
    const { alice, bob } = meet(c)
    const honest = new SessionEnd(recording, bob.session)
    const own = repeatableRandom('thief')
    const replaying = createCrypto(backend, (sizeBytes) =>
      sizeBytes === 32 ? (draws.shift() ?? new Uint8Array(32)) : own(sizeBytes),
    )
    const thief = new SessionEnd(replaying, bob.session)
    const outcomes: string[] = []
    for (let turn = 0; turn < KEM_DUE_MESSAGES; turn++) {
      alice.receive(honest.send(bytes('from bob')))
      const envelope = alice.send(bytes('to bob'))
      expect(text(honest.receive(envelope))).toBe('to bob')
      outcomes.push(outcomeOf(() => thief.receive(envelope)))
    }
    const shutOut = outcomes.indexOf('cannot-decrypt')
    expect(shutOut).toBeGreaterThan(20)
    expect(new Set(outcomes.slice(0, shutOut))).toEqual(new Set(['accepted']))
    expect(new Set(outcomes.slice(shutOut))).toEqual(new Set(['cannot-decrypt']))
  })
})

describe('refused, and nothing is changed by it', () => {
  test('a next chain that leaves an offer unanswered, and one that answers what was not offered', () => {
    const c = seeded('unanswered')
    const { alice, bob } = beforeTheAnswer(c)
    const image = bob.image
    const silent = new SessionEnd(c, { ...alice.session, kem: { kind: 'none' } })
    expect(outcomeOf(() => bob.receive(silent.send(bytes('no answer'))))).toBe('cannot-decrypt')
    expect(bob.image).toBe(image)
    const unasked = new SessionEnd(c, { ...bob.session, kem: { kind: 'none' } })
    expect(outcomeOf(() => unasked.receive(alice.send(bytes('answer'))))).toBe('cannot-decrypt')
  })

  test('a peer that leaves the step out on both its sides', () => {
    const c = seeded('left out')
    const { alice, bob } = beforeTheOffer(c)
    const image = bob.image
    // Both ratchet without the secret: all but the rule would agree.
    const withoutOffer = new SessionEnd(c, { ...bob.session, kem: { kind: 'none' } })
    alice.receive(withoutOffer.send(bytes('as if nothing were offered')))
    const ciphertext = new Uint8Array(1_088).fill(7)
    const answering = new SessionEnd(c, { ...alice.session, kem: { kind: 'answer', ciphertext } })
    expect(outcomeOf(() => withoutOffer.receive(answering.send(bytes('answer'))))).toBe('cannot-decrypt')
    expect(outcomeOf(() => bob.receive(alice.send(bytes('no answer'))))).toBe('cannot-decrypt')
    expect(bob.image).toBe(image)
  })

  test('a sealed key or ciphertext that is garbage under an honest body', () => {
    const c = seeded('garbage')
    const garbled = (sizeBytes: number): Crypto => ({
      ...c,
      backend: {
        ...backend,
        seal: (key, nonce, ad, plaintext) =>
          plaintext.length === sizeBytes
            ? new Uint8Array(sizeBytes + 16).fill(5)
            : backend.seal(key, nonce, ad, plaintext),
      },
    })
    const { alice, bob } = beforeTheOffer(c)
    const offering = new SessionEnd(garbled(1_184), bob.session)
    expect(outcomeOf(() => alice.receive(offering.send(bytes('offer'))))).toBe('cannot-decrypt')
    alice.receive(bob.send(bytes('offer')))
    const answering = new SessionEnd(garbled(1_088), alice.session)
    expect(outcomeOf(() => bob.receive(answering.send(bytes('answer'))))).toBe('cannot-decrypt')
  })

  test('a step of an unknown kind, or without room for it, in the running chain', () => {
    const c = seeded('in the chain')
    const { alice, bob } = meet(c)
    alice.receive(bob.send(bytes('the chain')))
    const image = alice.image
    for (const kind of [1, 2, 3, 255]) {
      const claiming = sealingOtherwise(c, HEADER_BYTES, (header) => {
        header[40] = kind
      })
      const strange = new SessionEnd(claiming, bob.session)
      expect(
        outcomeOf(() => alice.receive(strange.send(bytes('x')))),
        `kind ${kind}`,
      ).toBe('cannot-decrypt')
    }
    expect(alice.image).toBe(image)
  })

  test('a ciphertext for another key', () => {
    const c = seeded('another key')
    const { alice, bob } = beforeTheAnswer(c)
    const image = bob.image
    const ciphertext = new Uint8Array(1_088).fill(7)
    const wrong = new SessionEnd(c, { ...alice.session, kem: { kind: 'answer', ciphertext } })
    expect(outcomeOf(() => bob.receive(wrong.send(bytes('answer'))))).toBe('cannot-decrypt')
    expect(bob.image).toBe(image)
  })

  test('an encapsulation key that is none, and a step of an unknown kind', () => {
    const c = seeded('no key')
    const { alice, bob } = beforeTheOffer(c)
    const image = alice.image
    const { kem } = bob.session
    if (kem.kind !== 'offer') throw new Error('an offer')
    const bad = new SessionEnd(c, { ...bob.session, kem: { ...kem, publicKey: new Uint8Array(1_184).fill(0xff) } })
    expect(outcomeOf(() => alice.receive(bad.send(bytes('offer'))))).toBe('cannot-decrypt')
    const unknown = sealingOtherwise(c, HEADER_BYTES, (header) => {
      header[40] = 3
    })
    const strange = new SessionEnd(unknown, bob.session)
    expect(outcomeOf(() => alice.receive(strange.send(bytes('offer'))))).toBe('cannot-decrypt')
    expect(alice.image).toBe(image)
  })

  test('a message that claims a step and is too short for it', () => {
    const c = seeded('short')
    const { alice, bob } = meet(c)
    const claiming = sealingOtherwise(c, HEADER_BYTES, (header) => {
      header[40] = 1
    })
    const image = alice.image
    expect(outcomeOf(() => alice.receive(new SessionEnd(claiming, bob.session).send(bytes('x'))))).toBe(
      'cannot-decrypt',
    )
    expect(alice.image).toBe(image)
  })
})
