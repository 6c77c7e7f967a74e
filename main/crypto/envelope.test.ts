import fc from 'fast-check'
import { expect, test } from 'vitest'
import { envelopeKind, envelopePrefix, MAX_ENVELOPE_BYTES, paddedSize } from '../../shared/wire/envelope.ts'
import { nobleBackend } from './backend/noble-backend.ts'
import { idToBytes } from '../../shared/model/ids.ts'
import { padBody, unpadBody } from './envelope.ts'
import { createCrypto, selectBackend, envelopeId } from './index.ts'
import { outcomeOf } from './testing/devices.ts'

test('padded sizes: 1, 4, 16, 64 KiB, then Padmé’s', () => {
  expect([0, 1, 1_024, 1_025, 4_096, 4_097, 16_384, 16_385, 65_536].map(paddedSize)).toEqual([
    1_024, 1_024, 1_024, 4_096, 4_096, 16_384, 16_384, 65_536, 65_536,
  ])
  expect([65_537, 67_584, 67_585, 100_000, 131_073, 150_000, 199_999].map(paddedSize)).toEqual([
    67_584, 67_584, 69_632, 100_352, 135_168, 151_552, 200_704,
  ])
})

test('a padded size holds what it was made for, wastes an eighth at most above 64 KiB, and is its own', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: MAX_ENVELOPE_BYTES }), (size) => {
      const padded = paddedSize(size)
      expect(padded).toBeGreaterThanOrEqual(size)
      if (size > 65_536) expect(padded).toBeLessThanOrEqual(size * 1.125)
      expect(paddedSize(padded)).toBe(padded)
    }),
  )
})

test('a body comes back from its padding; one with a wrong length does not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.integer({ min: 0, max: 2_000 }), (plaintext, before) => {
      const body = padBody(plaintext, before)
      expect(paddedSize(before + body.length + 16)).toBe(before + body.length + 16)
      expect(unpadBody(body)).toEqual(plaintext)
      expect(unpadBody(body.slice(0, plaintext.length + 3))).toBeNull()
    }),
  )
  expect(unpadBody(new Uint8Array(3))).toBeNull()
  expect(unpadBody(Uint8Array.of(0, 0, 0, 0))).toEqual(new Uint8Array())
  expect(outcomeOf(() => padBody(new Uint8Array(196_608 - 80), 60))).toBe('accepted')
  expect(outcomeOf(() => padBody(new Uint8Array(196_608 - 79), 60))).toBe('too-large')
})

test('an envelope says its kind, and a foreign one what it is not', () => {
  for (const kind of ['handshake', 'message', 'ephemeral'] as const) {
    expect(envelopeKind(Uint8Array.of(...envelopePrefix(kind), ...new Uint8Array(1_021)))).toBe(kind)
  }
  const withPrefix = (...prefix: number[]) => Uint8Array.of(...prefix, ...new Uint8Array(1_024 - prefix.length))
  expect(outcomeOf(() => envelopeKind(withPrefix(2, 1, 1)))).toBe('unsupported-version')
  for (const suite of [0, 2]) expect(outcomeOf(() => envelopeKind(withPrefix(1, suite, 1)))).toBe('unsupported-version')
  expect(outcomeOf(() => envelopeKind(withPrefix(1, 1, 0)))).toBe('malformed')
  expect(outcomeOf(() => envelopeKind(withPrefix(1, 1, 4)))).toBe('malformed')
  expect(outcomeOf(() => envelopeKind(Uint8Array.of(1, 0)))).toBe('malformed')
})

test('an envelope’s id is the start of its hash', async () => {
  const c = createCrypto(await selectBackend())
  const envelope = new Uint8Array(1_024).fill(3)
  expect(idToBytes(envelopeId(c, envelope))).toEqual(nobleBackend.sha256(envelope).slice(0, 16))
})
