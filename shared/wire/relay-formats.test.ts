import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isParleyError } from '../errors.ts'
import type { BlobId, EnvelopeId, MailboxId, RelayId } from '../model/ids.ts'
import { idFromBytes } from '../model/ids.ts'
import { decodeBlobAnswer, decodeBlobRequest, encodeBlobAnswer, encodeBlobRequest } from './blob-stream.ts'
import type { BlobAnswer, BlobRequest } from './blob-stream.ts'
import { concatBytes, fromBase64Url } from './bytes.ts'
import { decodeRelayAddress, encodeRelayAddress } from './relay-address.ts'
import {
  decodeDepositsAnswer,
  decodeDirectoryTaken,
  decodeHelloAnswer,
  decodeInviteTaken,
  decodeRelayMessage,
  decodeRemaining,
  decodeUsage,
  encodeDepositsAnswer,
  encodeDirectoryTaken,
  encodeHelloAnswer,
  encodeInviteTaken,
  encodeRelayMessage,
  encodeRemaining,
  encodeUsage,
} from './relay-answers.ts'
import type { DepositsAnswer, RelayMessage } from './relay-answers.ts'
import { decodeReceipt, encodeReceipt, isReceiptProven, provenReceipts, receiptsToSign } from './relay-receipt.ts'
import { decodeRequest, encodeRequest, MAX_BATCH_ITEMS } from './relay-requests.ts'
import type { RelayRequest } from './relay-requests.ts'
import { decodeFrontEnds, frontEndsBytes, mailboxProofBytes, RELAY_LABELS } from './relay-signed.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
const filled = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value)
const hashOf = (bytes: Uint8Array): string => Buffer.from(sha256(bytes)).toString('hex')
const mailboxId = (value: number): MailboxId => idFromBytes<MailboxId>(filled(32, value))
const envelopeId = (value: number): EnvelopeId => idFromBytes<EnvelopeId>(filled(16, value))

const REQUESTS: readonly RelayRequest[] = [
  { type: 'hello', minVersion: 1, maxVersion: 3 },
  {
    type: 'own',
    mailboxPublic: filled(32, 1),
    signature: filled(64, 2),
    creditBytes: 1_048_576,
    admission: filled(20, 3),
  },
  { type: 'put-tokens', tokens: [{ hash: filled(32, 4), handle: filled(4, 5) }] },
  { type: 'revoke-tokens', hashes: [filled(32, 6), filled(32, 7)] },
  {
    type: 'put-directory',
    lookupId: filled(32, 8),
    replace: true,
    items: [filled(10, 9), filled(20, 10)],
    lastResort: filled(30, 11),
  },
  { type: 'put-invite', slotId: filled(32, 12), expiresAtMs: 1_763_000_000_000, item: filled(40, 13) },
  { type: 'close-invite', slotId: filled(32, 14) },
  { type: 'acknowledge', envelopeIds: [envelopeId(15), envelopeId(16)] },
  { type: 'usage' },
  { type: 'ping' },
  {
    type: 'deposit',
    entries: [
      {
        envelope: filled(50, 17),
        targets: [
          { mailboxId: mailboxId(18), token: filled(32, 19), ttlSeconds: 2_592_000 },
          { mailboxId: mailboxId(20), token: filled(32, 21), ttlSeconds: 60 },
        ],
      },
    ],
  },
  { type: 'take-directory', lookupId: filled(32, 22) },
  { type: 'take-invite', slotId: filled(32, 23), takerNonce: filled(16, 24) },
]

const MESSAGES: readonly RelayMessage[] = [
  { type: 'reply', requestId: 7, payload: filled(9, 1) },
  { type: 'error', requestId: 8, refusal: { code: 'relay-quota', retryAfterSeconds: 3_600 } },
  {
    type: 'push',
    entries: [
      { handle: filled(4, 2), heldMs: 123_456, envelope: filled(60, 3) },
      { handle: new Uint8Array(), heldMs: 0, envelope: filled(61, 4) },
    ],
  },
  { type: 'stock', lookupId: filled(32, 5), remaining: 19 },
]

const DEPOSITS: DepositsAnswer = {
  answers: [
    { kind: 'held', storedAtMs: 1_763_000_000_000, expiresAtMs: 1_765_000_000_000 },
    { kind: 'collected' },
    { kind: 'refused', code: 'token-revoked', retryAfterSeconds: 0 },
  ],
  signature: filled(64, 6),
}

const BLOB_REQUESTS: readonly BlobRequest[] = [
  { op: 'get', blobId: idFromBytes<BlobId>(filled(16, 1)), readCapability: filled(32, 2), offset: 70_000 },
  {
    op: 'put',
    blobId: idFromBytes<BlobId>(filled(16, 3)),
    mailboxId: mailboxId(4),
    token: filled(32, 5),
    sizeBytes: 100_000_000,
    sha256: filled(32, 6),
    capabilityHash: filled(32, 7),
    ttlSeconds: 86_400,
  },
  { op: 'done', blobId: idFromBytes<BlobId>(filled(16, 8)), readCapability: filled(32, 9) },
]

const BLOB_ANSWERS: readonly BlobAnswer[] = [
  { status: 'from', totalBytes: 100_000_000, offset: 5 },
  { status: 'absent' },
  { status: 'held', storedAtMs: 1_763_000_000_000, expiresAtMs: 1_765_000_000_000, signature: filled(64, 1) },
  { status: 'refused', code: 'relay-full', retryAfterSeconds: 600 },
  { status: 'done' },
]

/** Any bytes either decode or are refused with the closed codes of bytes from outside. */
function expectClosed(decode: (input: Uint8Array) => unknown, seeds: readonly Uint8Array[]): void {
  const refusedOrFine = (input: Uint8Array): void => {
    try {
      decode(input)
    } catch (error) {
      expect(isParleyError(error, 'malformed') || isParleyError(error, 'unsupported-version')).toBe(true)
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), refusedOrFine), { numRuns: 300 })
  // One byte changed reaches deeper than noise does.
  const bent = fc
    .tuple(fc.constantFrom(...seeds), fc.nat(), fc.integer({ min: 1, max: 255 }))
    .map(([seed, at, flip]) => seed.map((byte, index) => (index === at % seed.length ? byte ^ flip : byte)))
  fc.assert(fc.property(bent, refusedOrFine), { numRuns: 500 })
}

/** No proper beginning of a valid encoding is valid, and neither is one with a byte too many. */
function expectExact(encoded: Uint8Array, decode: (input: Uint8Array) => unknown): void {
  for (let length = 0; length < encoded.length; length++) {
    expect(() => decode(encoded.slice(0, length))).toThrow()
  }
  expect(() => decode(new Uint8Array([...encoded, 0]))).toThrow('malformed')
}

describe('requests', () => {
  test('come back as they went in, exactly', () => {
    for (const [index, request] of REQUESTS.entries()) {
      const encoded = encodeRequest(index + 1, request)
      expect(decodeRequest(encoded)).toEqual({ requestId: index + 1, request })
      expectExact(encoded, decodeRequest)
    }
  })

  test('nothing but the closed codes comes out of a decoder', () => {
    expectClosed(
      decodeRequest,
      REQUESTS.map((request) => encodeRequest(1, request)),
    )
  })

  test('an unknown type, a flag that is none, and a deposit of nothing are malformed', () => {
    expect(() => decodeRequest(Uint8Array.of(99, 0, 0, 0, 1))).toThrow('malformed')
    const target = { mailboxId: mailboxId(1), token: filled(32, 2), ttlSeconds: 1 }
    const empty = encodeRequest(1, { type: 'deposit', entries: [{ envelope: new Uint8Array(), targets: [target] }] })
    const nobody = encodeRequest(1, { type: 'deposit', entries: [{ envelope: filled(1, 1), targets: [] }] })
    expect(() => decodeRequest(empty)).toThrow('nothing')
    expect(() => decodeRequest(nobody)).toThrow('nothing')
    const directory = encodeRequest(1, REQUESTS[4] ?? { type: 'ping' })
    directory[5 + 32] = 2
    expect(() => decodeRequest(directory)).toThrow('flag')
  })

  test('the targets of a frame are counted over all its envelopes', () => {
    const targets = Array.from({ length: MAX_BATCH_ITEMS }, () => ({
      mailboxId: mailboxId(1),
      token: filled(32, 2),
      ttlSeconds: 1,
    }))
    const entry = { envelope: filled(1, 1), targets }
    expect(decodeRequest(encodeRequest(1, { type: 'deposit', entries: [entry] })).requestId).toBe(1)
    const tooMany = { envelope: filled(1, 2), targets: targets.slice(0, 1) }
    const frame = encodeRequest(1, { type: 'deposit', entries: [entry, tooMany] })
    expect(() => decodeRequest(frame)).toThrow('malformed')
  })
})

describe('messages', () => {
  test('come back as they went in', () => {
    for (const message of MESSAGES) {
      const encoded = encodeRelayMessage(message)
      expect(decodeRelayMessage(encoded)).toEqual(message)
      if (message.type !== 'reply') expectExact(encoded, decodeRelayMessage)
    }
    expectClosed(decodeRelayMessage, MESSAGES.map(encodeRelayMessage))
  })

  test('an unknown code reads as the general refusal', () => {
    const encoded = encodeRelayMessage({
      type: 'error',
      requestId: 1,
      refusal: { code: 'relay-full', retryAfterSeconds: 9 },
    })
    encoded[5] = 250
    expect(decodeRelayMessage(encoded)).toEqual({
      type: 'error',
      requestId: 1,
      refusal: { code: 'relay-refused', retryAfterSeconds: 9 },
    })
  })

  test('answers', () => {
    const hello = {
      version: 1,
      challenge: filled(32, 1),
      frontEnds: filled(200, 2),
      retentionSeconds: 2_592_000,
      maxEnvelopeBytes: 200_000,
      maxBlobBytes: 101_000_000,
    }
    const none: DepositsAnswer = { answers: [{ kind: 'collected' }], signature: null }
    const cases: readonly [unknown, Uint8Array, (bytes: Uint8Array) => unknown][] = [
      [hello, encodeHelloAnswer(hello), decodeHelloAnswer],
      [DEPOSITS, encodeDepositsAnswer(DEPOSITS), decodeDepositsAnswer],
      [none, encodeDepositsAnswer(none), decodeDepositsAnswer],
      [null, encodeDirectoryTaken(null), decodeDirectoryTaken],
      [filled(30, 3), encodeDirectoryTaken(filled(30, 3)), decodeDirectoryTaken],
      [
        { kind: 'item', item: filled(5, 4) },
        encodeInviteTaken({ kind: 'item', item: filled(5, 4) }),
        decodeInviteTaken,
      ],
      [{ kind: 'expired' }, encodeInviteTaken({ kind: 'expired' }), decodeInviteTaken],
      [{ envelopeCount: 3, bytes: 9 }, encodeUsage({ envelopeCount: 3, bytes: 9 }), decodeUsage],
      [77, encodeRemaining(77), decodeRemaining],
    ]
    for (const [value, encoded, decode] of cases) {
      expect(decode(encoded)).toEqual(value)
      expectExact(encoded, decode)
      expectClosed(decode, [encoded])
    }
  })
})

describe('blobs', () => {
  test('requests and answers come back as they went in', () => {
    for (const request of BLOB_REQUESTS) {
      expect(decodeBlobRequest(encodeBlobRequest(request))).toEqual(request)
      expectExact(encodeBlobRequest(request), decodeBlobRequest)
    }
    for (const answer of BLOB_ANSWERS) {
      expect(decodeBlobAnswer(encodeBlobAnswer(answer))).toEqual(answer)
      expectExact(encodeBlobAnswer(answer), decodeBlobAnswer)
    }
    expectClosed(decodeBlobRequest, BLOB_REQUESTS.map(encodeBlobRequest))
    expectClosed(decodeBlobAnswer, BLOB_ANSWERS.map(encodeBlobAnswer))
  })
})

describe('signed', () => {
  const relayId = idFromBytes<RelayId>(filled(32, 1))
  /** A signature that holds what was signed: shows which bytes a receipt proves. */
  const verify = (_key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
    Buffer.from(signature).equals(Buffer.from(concatBytes(sha256(message), sha256(message))))
  const held = Array.from({ length: 5 }, (_, at) => ({
    mailboxId: mailboxId(at),
    subject: envelopeId(at),
    storedAtMs: 1_763_000_000_000 + at,
    expiresAtMs: 1_765_000_000_000,
  }))
  const toSign = receiptsToSign('envelope', relayId, held, sha256)
  const signature = concatBytes(sha256(toSign), sha256(toSign))

  test('each receipt of a batch proves itself alone, and nothing else', () => {
    const receipts = provenReceipts({ kind: 'envelope', relayId, held, signature }, sha256, verify)
    expect(receipts).toHaveLength(5)
    for (const receipt of receipts ?? []) {
      const back = decodeReceipt(encodeReceipt(receipt))
      expect(back).toEqual(receipt)
      expect(isReceiptProven(back, sha256, verify)).toBe(true)
      expect(isReceiptProven({ ...back, mailboxId: mailboxId(99) }, sha256, verify)).toBe(false)
      expect(isReceiptProven({ ...back, kind: 'blob' }, sha256, verify)).toBe(false)
      expect(isReceiptProven({ ...back, relayId: idFromBytes<RelayId>(filled(32, 2)) }, sha256, verify)).toBe(false)
      expectExact(encodeReceipt(receipt), decodeReceipt)
      expectClosed(decodeReceipt, [encodeReceipt(receipt)])
    }
  })

  test('a signature over anything else proves nothing', () => {
    const fewer = held.slice(0, 4)
    expect(provenReceipts({ kind: 'envelope', relayId, held: fewer, signature }, sha256, verify)).toBeNull()
    expect(provenReceipts({ kind: 'blob', relayId, held, signature }, sha256, verify)).toBeNull()
    expect(provenReceipts({ kind: 'envelope', relayId, held: [], signature }, sha256, verify)).toEqual([])
  })

  test('front ends', () => {
    const list = {
      relayId,
      version: 1_763_000_000,
      peers: ['12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'],
      addresses: ['/ip4/192.0.2.1/tcp/4001', '/dns/relay.example/tcp/443/tls/ws'],
    }
    const signed = concatBytes(frontEndsBytes(list), filled(64, 3))
    expect(decodeFrontEnds(signed)).toEqual({ list, body: frontEndsBytes(list), signature: filled(64, 3) })
    expectExact(signed, decodeFrontEnds)
    expectClosed(decodeFrontEnds, [signed])
  })

  test('no label is a prefix of another', () => {
    const labels = Object.values(RELAY_LABELS)
    for (const label of labels) {
      expect(labels.filter((other) => other !== label && other.startsWith(label))).toEqual([])
    }
  })
})

describe('the address of a relay', () => {
  const relay = {
    relayId: idFromBytes<RelayId>(filled(32, 1)),
    addresses: ['/ip4/192.0.2.1/tcp/4001', '/ip4/192.0.2.1/udp/4001/quic-v1'],
  }

  test('comes back from its link, also with line breaks in it', () => {
    const link = encodeRelayAddress(relay)
    expect(link.startsWith('parley://relay#')).toBe(true)
    expect(decodeRelayAddress(link)).toEqual(relay)
    expect(decodeRelayAddress(` ${link.slice(0, 30)}\n  ${link.slice(30)} \n`)).toEqual(relay)
  })

  test('carries an invite of the operator, in a version of its own', () => {
    const hexOf = (link: string): string =>
      Buffer.from(fromBase64Url(link.slice('parley://relay#'.length))).toString('hex')
    const link = encodeRelayAddress({ ...relay, admission: filled(16, 9) })
    expect(decodeRelayAddress(link)).toEqual({ ...relay, admission: filled(16, 9) })
    expect(hexOf(link)).toBe(`02${'01'.repeat(32)}020101c00002010fa10201c00002010fa110${'09'.repeat(16)}`)
    expect(hexOf(encodeRelayAddress(relay))).toBe(`01${'01'.repeat(32)}020101c00002010fa10201c00002010fa1`)
    const empty = encodeRelayAddress({ ...relay, admission: new Uint8Array() })
    expect(() => decodeRelayAddress(empty)).toThrow('empty invite')
  })

  test('a bare multiaddr is taken, and a PeerId in it is not what proves the relay', () => {
    const wanted = { relayId: null, addresses: ['/ip4/192.0.2.1/tcp/4001'] }
    expect(decodeRelayAddress('/ip4/192.0.2.1/tcp/4001')).toEqual(wanted)
    const withPeer = '/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
    expect(decodeRelayAddress(withPeer)).toEqual(wanted)
  })

  test('anything else is refused', () => {
    const refused = ['', 'relay.example:4001', 'https://relay.example', 'parley://relay#', 'parley://relay#AQ']
    for (const text of refused) expect(() => decodeRelayAddress(text)).toThrow('malformed')
    const none = encodeRelayAddress({ ...relay, addresses: [] })
    expect(() => decodeRelayAddress(none)).toThrow('without an address')
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          decodeRelayAddress(`parley://relay#${text}`)
        } catch (error) {
          expect(isParleyError(error, 'malformed') || isParleyError(error, 'unsupported-version')).toBe(true)
        }
      }),
    )
  })
})

/** Whoever changes a byte of these changes the protocol: docs/protocol/relay.md, "Vectors". */
test('vectors', () => {
  const proof = mailboxProofBytes({
    challenge: filled(32, 1),
    relayPeer: 'relay',
    ownerPeer: 'owner',
    mailboxPublic: filled(32, 2),
  })
  const one = [{ mailboxId: mailboxId(3), subject: envelopeId(4), storedAtMs: 5, expiresAtMs: 6 }]
  expect({
    requests: hashOf(concatBytes(...REQUESTS.map((request, index) => encodeRequest(index + 1, request)))),
    messages: hashOf(concatBytes(...MESSAGES.map(encodeRelayMessage))),
    deposits: hashOf(encodeDepositsAnswer(DEPOSITS)),
    blobRequests: hashOf(concatBytes(...BLOB_REQUESTS.map(encodeBlobRequest))),
    blobAnswers: hashOf(concatBytes(...BLOB_ANSWERS.map(encodeBlobAnswer))),
    proof: hashOf(proof),
    receipt: hashOf(receiptsToSign('envelope', idFromBytes<RelayId>(filled(32, 1)), one, sha256)),
  }).toEqual({
    blobAnswers: 'c94b84aa496a6d68c942bd5040579bcdb8c390d5464511d22fc9acecae277c4e',
    blobRequests: '4ddf274edd3729f41daa3bccccf76c4c0206f3e2b7f4aaff2e85e6a2a22686d5',
    deposits: 'ab71a8bf5cfb624b9310585e477bc3e080270f5cfc2cae711fa45597a2ee409f',
    messages: '3a27a75ce1cd7843d08e753fb8ffde409c1f2cf944e4710dc8960cc10f9d5a43',
    proof: '9a95b97d8d244fb986683b27cd0eec2761c817dba2cdae33b699d9d982a9217d',
    receipt: '2e0eb282dab61317f09682e55f8a0eab2f400f5aa5c11b945ec3f0f1c23b3604',
    requests: 'df40f98e11db150b515747216c8c8b32c779de987042bc4259b51191ad42aca0',
  })
})

test('the vectors that the page shows in full', () => {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  const six = '06'.repeat(64)
  expect(hex(encodeRequest(1, { type: 'hello', minVersion: 1, maxVersion: 3 }))).toBe('01000000010103')
  expect(hex(encodeRequest(10, { type: 'ping' }))).toBe('0a0000000a')
  expect(MESSAGES.slice(1, 2).map(encodeRelayMessage).map(hex)).toEqual(['81000000080500000e10'])
  expect(hex(encodeDepositsAnswer(DEPOSITS))).toBe(`000300019a7afd1e00019af232b200010206${'00'.repeat(4)}${six}`)
  const get = `0101${'01'.repeat(16)}${'02'.repeat(32)}000000011170`
  expect(BLOB_REQUESTS.slice(0, 1).map(encodeBlobRequest).map(hex)).toEqual([get])
})
