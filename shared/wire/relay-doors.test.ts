/** What version 2 of `/parley/mailbox/1` added; the checks are those of relay-formats.test.ts. */

import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isParleyError } from '../errors.ts'
import type { EnvelopeId, MailboxId } from '../model/ids.ts'
import { idFromBytes } from '../model/ids.ts'
import { concatBytes } from './bytes.ts'
import { decodeAllowance, decodeTurn, encodeAllowance, encodeTurn } from './relay-allowance.ts'
import { decodeRelayMessage, encodeRelayMessage } from './relay-answers.ts'
import {
  decodeDoorChallenge,
  doorSealBytes,
  encodeDoorChallenge,
  isDoorSolved,
  leadingZeroBits,
  MAX_DOOR_ENVELOPE_BYTES,
} from './relay-door.ts'
import type { DoorDeposit } from './relay-door.ts'
import { decodeRequest, encodeRequest } from './relay-requests.ts'
import type { RelayRequest } from './relay-requests.ts'

const filled = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value)
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const mailboxId = idFromBytes<MailboxId>(filled(32, 1))
const envelopeId = idFromBytes<EnvelopeId>(filled(16, 2))
const challenge = { bits: 18, expiresAtMs: 1_763_000_000_000, seal: filled(32, 7) }
const atDoor: DoorDeposit = {
  challenge,
  solution: filled(8, 3),
  mailboxId,
  ttlSeconds: 86_400,
  envelope: filled(40, 4),
}

const REQUESTS: readonly RelayRequest[] = [
  { type: 'acknowledge-range', from: 5, to: 300 },
  { type: 'turn' },
  { type: 'allowance' },
  { type: 'set-door', open: false },
  { type: 'close-mailbox' },
  { type: 'ask-door', mailboxId, envelopeId },
  { type: 'deposit-at-door', ...atDoor },
]

const ALLOWANCE = {
  envelopes: { used: 12, limit: 20_000 },
  bytes: { used: 12_345_678_901, limit: 200_000_000_000 },
  blobBytes: { used: 0, limit: 1_000_000_000 },
  tokens: { used: 7, limit: 20_000 },
  doorEnvelopes: { used: 1, limit: 32 },
  doorOpen: true,
}
const TURN = {
  urls: ['turn:relay.example:3478', 'turns:relay.example:5349?transport=tcp'],
  username: '1763007200:0123456789abcdef01234567',
  password: 'aGFzaGVkIHdpdGggdGhlIHNlY3JldA==',
  validSeconds: 7_200,
}

/** Exact: no beginning of it decodes, nor it with a byte more; and no bytes bring out anything but the closed code. */
function expectSound(encoded: Uint8Array, decode: (input: Uint8Array) => unknown): void {
  for (let length = 0; length < encoded.length; length++) expect(() => decode(encoded.slice(0, length))).toThrow()
  expect(() => decode(new Uint8Array([...encoded, 0]))).toThrow('malformed')
  const bent = fc
    .tuple(fc.nat(), fc.integer({ min: 1, max: 255 }))
    .map(([at, flip]) => encoded.map((byte, index) => (index === at % encoded.length ? byte ^ flip : byte)))
  fc.assert(
    fc.property(fc.oneof(bent, fc.uint8Array({ maxLength: 200 })), (input) => {
      try {
        decode(input)
      } catch (error) {
        expect(isParleyError(error, 'malformed')).toBe(true)
      }
    }),
  )
}

describe('requests, answers and messages', () => {
  test('come back as they went in, exactly', () => {
    for (const [index, request] of REQUESTS.entries()) {
      const encoded = encodeRequest(index + 1, request)
      expect(decodeRequest(encoded)).toEqual({ requestId: index + 1, request })
      expectSound(encoded, decodeRequest)
    }
    const cases: readonly [unknown, Uint8Array, (bytes: Uint8Array) => unknown][] = [
      [ALLOWANCE, encodeAllowance(ALLOWANCE), decodeAllowance],
      [TURN, encodeTurn(TURN), decodeTurn],
      [null, encodeTurn(null), decodeTurn],
      [challenge, encodeDoorChallenge(challenge), decodeDoorChallenge],
      [{ type: 'stops' }, encodeRelayMessage({ type: 'stops' }), decodeRelayMessage],
    ]
    for (const [value, encoded, decode] of cases) {
      expect(decode(encoded)).toEqual(value)
      expectSound(encoded, decode)
    }
  })

  test('a range that is none, more work than there is, and an envelope of nothing or too much are malformed', () => {
    const malformed = (request: RelayRequest): void => {
      expect(() => decodeRequest(encodeRequest(1, request))).toThrow('malformed')
    }
    malformed({ type: 'acknowledge-range', from: 0, to: 3 })
    malformed({ type: 'acknowledge-range', from: 4, to: 3 })
    malformed({ type: 'deposit-at-door', ...atDoor, envelope: new Uint8Array() })
    malformed({ type: 'deposit-at-door', ...atDoor, envelope: filled(MAX_DOOR_ENVELOPE_BYTES + 1, 1) })
    malformed({ type: 'deposit-at-door', ...atDoor, challenge: { ...challenge, bits: 41 } })
  })

  test('what nobody asked for has no request id', () => {
    const unasked = [
      encodeRelayMessage({ type: 'push', entries: [] }),
      encodeRelayMessage({ type: 'stock', lookupId: filled(32, 1), remaining: 3 }),
      encodeRelayMessage({ type: 'stops' }),
    ]
    for (const message of unasked) {
      expect(() => decodeRelayMessage(message)).not.toThrow()
      message[4] = 1
      expect(() => decodeRelayMessage(message)).toThrow('malformed')
    }
  })
})

describe('work', () => {
  test('zero bits are counted from the front', () => {
    expect(
      [[], [255], [0], [0, 1], [1, 0], [0, 0, 64]].map((bytes) => leadingZeroBits(Uint8Array.from(bytes))),
    ).toEqual([0, 0, 8, 15, 7, 17])
  })

  test('a solution is one by the hash of seal and solution', () => {
    const solution = filled(8, 5)
    const bits = leadingZeroBits(sha256(concatBytes(challenge.seal, solution)))
    expect(isDoorSolved({ ...challenge, bits }, solution, sha256)).toBe(true)
    expect(isDoorSolved({ ...challenge, bits: bits + 1 }, solution, sha256)).toBe(false)
  })
})

/** Whoever changes a byte of these changes the protocol: docs/protocol/relay.md, "Vectors". */
test('vectors', () => {
  expect(hex(encodeRequest(1, { type: 'acknowledge-range', from: 5, to: 300 }))).toBe(
    '0b0000000100000000000500000000012c',
  )
  expect(hex(encodeRequest(2, { type: 'set-door', open: false }))).toBe('0e0000000200')
  expect(hex(encodeRelayMessage({ type: 'stops' }))).toBe('8400000000')
  expect(hex(encodeDoorChallenge(challenge))).toBe(`12019a7afd1e00${'07'.repeat(32)}`)
  expect({
    requests: hex(sha256(concatBytes(...REQUESTS.map((request, index) => encodeRequest(index + 1, request))))),
    allowance: hex(sha256(encodeAllowance(ALLOWANCE))),
    turn: hex(sha256(encodeTurn(TURN))),
    seal: hex(sha256(doorSealBytes({ mailboxId, envelopeId }, challenge))),
  }).toEqual({
    allowance: 'c235e038b04c7159dcc93c2be1faec5cc567ace1cae2504f9561db0077ce1f47',
    requests: '6191d050241aa7c0d76e1adb106ce0c1d6f43d7dc815b2df3eae5d2c3ec99d48',
    seal: '8dc119110b7c104224506b2c0d655546eb3a441c923fa315a1d4617516509d89',
    turn: '0a780844c8484e07841dcee99b08fb145d32909889b65f2b5b6de0cd84f28585',
  })
})
