import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isParleyError } from '../errors.ts'
import type { EnvelopeId } from '../model/ids.ts'
import { idFromBytes } from '../model/ids.ts'
import {
  decodeDirectFrame,
  decodeInviteAnswer,
  decodeInviteRequest,
  encodeDirectFrame,
  encodeInviteAnswer,
  encodeInviteRequest,
  MAX_DIRECT_ENVELOPE_BYTES,
  MAX_EPHEMERAL_BYTES,
} from './direct-frames.ts'
import type { DirectFrame } from './direct-frames.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const malformed = (error: unknown): boolean => isParleyError(error, 'malformed')
const envelopeId = idFromBytes<EnvelopeId>(bytes('000102030405060708090a0b0c0d0e0f'))

/** docs/protocol/direct.md, "Vectors". */
const VECTORS: readonly (readonly [DirectFrame, string])[] = [
  [{ type: 'envelope', envelope: bytes('aabbcc') }, '01aabbcc'],
  [{ type: 'answer', envelopeId, committed: true }, '02000102030405060708090a0b0c0d0e0f00'],
  [{ type: 'answer', envelopeId, committed: false }, '02000102030405060708090a0b0c0d0e0f01'],
  [{ type: 'ephemeral', envelope: bytes('dd') }, '03dd'],
  [{ type: 'ping', nonce: bytes('0000000000000001') }, '040000000000000001'],
  [{ type: 'pong', nonce: bytes('0000000000000001') }, '050000000000000001'],
]

const frames = fc.oneof(
  fc.record({ type: fc.constant('envelope' as const), envelope: fc.uint8Array({ minLength: 1 }) }),
  fc.record({ type: fc.constant('ephemeral' as const), envelope: fc.uint8Array({ minLength: 1 }) }),
  fc.record({
    type: fc.constant('answer' as const),
    envelopeId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((id) => idFromBytes<EnvelopeId>(id)),
    committed: fc.boolean(),
  }),
  fc.record({
    type: fc.constantFrom('ping' as const, 'pong' as const),
    nonce: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  }),
)

describe('frames of /parley/direct/1', () => {
  test.each(VECTORS)('%o', (frame, encoded) => {
    expect(hex(encodeDirectFrame(frame))).toBe(encoded)
    expect(decodeDirectFrame(bytes(encoded))).toEqual(frame)
  })

  test('come back as they were', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(decodeDirectFrame(encodeDirectFrame(frame))).toEqual(frame)
      }),
    )
  })

  test('any bytes are a frame or malformed, and a frame has one spelling', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (body) => {
        try {
          expect(encodeDirectFrame(decodeDirectFrame(body))).toEqual(body)
        } catch (error) {
          expect(error).toSatisfy(malformed)
        }
      }),
    )
  })

  test('of all but envelopes, cut short or with more in it, are malformed', () => {
    for (const [frame, encoded] of VECTORS) {
      if (frame.type === 'envelope' || frame.type === 'ephemeral') continue
      for (let length = 0; length < encoded.length; length += 2) {
        expect(() => decodeDirectFrame(bytes(encoded.slice(0, length)))).toThrow(expect.toSatisfy(malformed))
      }
      expect(() => decodeDirectFrame(bytes(`${encoded}00`))).toThrow(expect.toSatisfy(malformed))
    }
  })

  test.each([
    ['envelope' as const, 1, MAX_DIRECT_ENVELOPE_BYTES],
    ['ephemeral' as const, 3, MAX_EPHEMERAL_BYTES],
  ])('hold an %s up to its limit', (type, code, maxBytes) => {
    const largest = new Uint8Array(maxBytes)
    expect(decodeDirectFrame(encodeDirectFrame({ type, envelope: largest }))).toEqual({ type, envelope: largest })
    const beyond = new Uint8Array(maxBytes + 2)
    beyond[0] = code
    expect(() => decodeDirectFrame(beyond)).toThrow(expect.toSatisfy(malformed))
    expect(() => encodeDirectFrame({ type, envelope: new Uint8Array(maxBytes + 1) })).toThrow(RangeError)
    expect(() => encodeDirectFrame({ type, envelope: new Uint8Array() })).toThrow(RangeError)
  })
})

describe('invites taken directly', () => {
  const slotId = new Uint8Array(32).fill(1)
  const takerNonce = new Uint8Array(16).fill(2)
  const request = `01${'01'.repeat(32)}${'02'.repeat(16)}`

  test('a request has one spelling', () => {
    expect(hex(encodeInviteRequest({ slotId, takerNonce }))).toBe(request)
    expect(decodeInviteRequest(bytes(request))).toEqual({ slotId, takerNonce })
  })

  test('a request of another version, cut short or too long is refused', () => {
    expect(() => decodeInviteRequest(bytes(`02${request.slice(2)}`))).toThrow(
      expect.toSatisfy((error) => isParleyError(error, 'unsupported-version')),
    )
    for (const bad of ['', '01', request.slice(0, -2), `${request}00`]) {
      expect(() => decodeInviteRequest(bytes(bad))).toThrow(expect.toSatisfy(malformed))
    }
  })

  test.each([
    [{ kind: 'item', item: bytes('abcd') } as const, '0000000002abcd'],
    [{ kind: 'used' } as const, '01'],
    [{ kind: 'expired' } as const, '02'],
    [{ kind: 'unknown' } as const, '03'],
  ])('%o', (answer, encoded) => {
    expect(hex(encodeInviteAnswer(answer))).toBe(encoded)
    expect(decodeInviteAnswer(bytes(encoded))).toEqual(answer)
  })

  test('any bytes are an answer or malformed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (body) => {
        try {
          expect(encodeInviteAnswer(decodeInviteAnswer(body))).toEqual(body)
        } catch (error) {
          expect(error).toSatisfy(malformed)
        }
      }),
    )
    expect(() => decodeInviteAnswer(bytes('0000010001'))).toThrow(expect.toSatisfy(malformed))
  })
})
