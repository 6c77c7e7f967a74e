import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isParleyError } from '../errors.ts'
import { decodeFile, encodeFile, safeFileName } from '../features/files.ts'
import { decodeReceipt, encodeReceipt } from '../features/receipts.ts'
import { decodeText, encodeText } from '../features/text.ts'
import type { AccountId, BlobId, DeviceId, EnvelopeId, MailboxId, MessageId, RelayId } from '../model/ids.ts'
import { idFromBytes } from '../model/ids.ts'
import { encodeAddress, readAddress } from './address.ts'
import { ByteReader, fromBase64Url, toBase64Url } from './bytes.ts'
import { decodeContent, encodeContent } from './content.ts'
import { decodeInviteBundle, decodeInviteLink, encodeInviteLink, MAX_INVITE_CHARS } from './invite.ts'
import type { InviteLink } from './invite.ts'
import { decodeProfile, encodeProfile } from './profile.ts'
import type { Profile } from './profile.ts'
import { decodeRecovery, encodeRecovery } from './recovery.ts'
import { decodeResend, encodeResend } from './resend.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
const filled = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value)
const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })

/** Any bytes either decode or are refused with the closed codes of bytes from outside. */
function expectClosed(decode: (input: Uint8Array) => unknown): void {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (input) => {
      try {
        decode(input)
      } catch (error) {
        expect(isParleyError(error, 'malformed') || isParleyError(error, 'unsupported-version')).toBe(true)
      }
    }),
    { numRuns: 500 },
  )
}

/** No proper beginning of a valid encoding is valid, and neither is one with a byte too many. */
function expectExact(encoded: Uint8Array, decode: (input: Uint8Array) => unknown): void {
  for (let length = 0; length < encoded.length; length++) {
    expect(() => decode(encoded.slice(0, length))).toThrow()
  }
  expect(() => decode(new Uint8Array([...encoded, 0]))).toThrow()
}

test('base64url has one spelling for a value', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (value) => {
      const text = toBase64Url(value)
      expect(text).toBe(Buffer.from(value).toString('base64url'))
      expect(fromBase64Url(text)).toEqual(value)
    }),
  )
  expect(() => fromBase64Url('AB')).toThrow('canonical')
  expect(() => fromBase64Url('A')).toThrow('impossible')
  expect(() => fromBase64Url('A+==')).toThrow()
})

test('content comes back as it went in', () => {
  const content = {
    type: 1,
    messageId: idFromBytes<MessageId>(filled(16, 9)),
    sentAtMs: 1_763_000_000_123,
    order: { clockMs: 1_763_000_000_123, clockCounter: 3, counter: 70_000 },
    body: filled(5, 1),
  }
  expect(decodeContent(encodeContent(content))).toEqual(content)
  expect(decodeContent(encodeContent({ ...content, order: null }))).toEqual({ ...content, order: null })
  expectClosed(decodeContent)
})

test('text: empty and oversized are refused', () => {
  expect(decodeText(encodeText('grüß dich 👋'))).toBe('grüß dich 👋')
  expect(() => decodeText(encodeText(''))).toThrow('empty')
  expect(() => decodeText(encodeText('x'.repeat(65_537)))).toThrow('limit')
  expectExact(encodeText('hi'), decodeText)
  expectClosed(decodeText)
})

describe('file', () => {
  const file = {
    blobId: idFromBytes<BlobId>(filled(16, 1)),
    key: filled(32, 2),
    sha256: filled(32, 3),
    sizeBytes: 123_456,
    name: 'bay.jpg',
    mediaType: 'image/jpeg',
    caption: 'The bay',
    photo: { width: 1200, height: 800, blurhash: 'LEHV6nWB2yk8pyo0adR*.7kCMdnj' },
  }

  test('comes back as it went in', () => {
    expect(decodeFile(encodeFile(file))).toEqual(file)
    expect(decodeFile(encodeFile({ ...file, photo: null }))).toEqual({ ...file, photo: null })
    expectExact(encodeFile(file), decodeFile)
    expectClosed(decodeFile)
  })

  test('a size of nothing or of too much is refused', () => {
    expect(() => decodeFile(encodeFile({ ...file, sizeBytes: 0 }))).toThrow()
    expect(() => decodeFile(encodeFile({ ...file, sizeBytes: 100_000_001 }))).toThrow()
  })

  test.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\x\\run.exe', 'run.exe'],
    ['photo\u202Egpj.exe', 'photogpj.exe'],
    ['...', 'file'],
    ['', 'file'],
    ['a\u0000b.txt', 'ab.txt'],
    // a blank of any kind hides no dot
    ['\u00a0.profile', 'profile'],
    ['notes. \u00a0.', 'notes'],
    [`${'a'.repeat(254)}.txt`, 'a'.repeat(254)],
  ])('the name %j becomes %j', (given, safe) => {
    expect(safeFileName(given)).toBe(safe)
  })

  test('a media type that is none becomes bytes', () => {
    const decoded = decodeFile(encodeFile({ ...file, mediaType: 'text/html; charset=x' }))
    expect(decoded.mediaType).toBe('application/octet-stream')
  })
})

test('receipts and resends', () => {
  const messageIds = [idFromBytes<MessageId>(filled(16, 1)), idFromBytes<MessageId>(filled(16, 2))]
  const receipt = { kind: 'read', atMs: 5, messageIds } as const
  expect(decodeReceipt(encodeReceipt(receipt))).toEqual(receipt)
  expectExact(encodeReceipt(receipt), decodeReceipt)
  expect(() => decodeReceipt(encodeReceipt({ ...receipt, messageIds: [] }))).toThrow('empty')
  const resend = { kind: 'ask', envelopeIds: [idFromBytes<EnvelopeId>(filled(16, 1))] } as const
  expect(decodeResend(encodeResend(resend))).toEqual(resend)
  expectExact(encodeResend(resend), decodeResend)
  expectClosed(decodeReceipt)
  expectClosed(decodeResend)
})

const profile: Profile = {
  version: 4,
  name: 'Mira',
  deviceList: filled(20, 7),
  relays: [
    {
      relayId: idFromBytes<RelayId>(filled(32, 1)),
      addresses: ['/ip4/127.0.0.1/tcp/4001'],
      mailboxes: [{ deviceId: idFromBytes<DeviceId>(filled(16, 2)), mailboxId: idFromBytes<MailboxId>(filled(32, 3)) }],
    },
  ],
  deliverySecret: filled(32, 4),
  directoryKey: filled(32, 5),
  addresses: ['/ip4/127.0.0.1/udp/4001/quic-v1'],
  wantsAnswer: true,
  inviteSlotId: filled(32, 6),
}

test('profile', () => {
  expect(decodeProfile(encodeProfile(profile))).toEqual(profile)
  expect(decodeProfile(encodeProfile({ ...profile, inviteSlotId: null }))).toEqual({ ...profile, inviteSlotId: null })
  expectExact(encodeProfile(profile), decodeProfile)
  expectClosed(decodeProfile)
})

test('recovery', () => {
  const recovery = {
    accountSecret: filled(32, 1),
    name: 'Robin',
    directoryKey: filled(32, 2),
    deviceListVersion: 3,
    profileVersion: 9,
    relays: [{ relayId: idFromBytes<RelayId>(filled(32, 1)), addresses: ['/dns/relay.example/tcp/443/tls/ws'] }],
    contacts: [
      {
        accountId: idFromBytes<AccountId>(filled(32, 8)),
        name: 'Mira',
        alias: '',
        blocked: false,
        deviceListVersion: 1,
        deviceListBytes: filled(9, 1),
        profileVersion: 4,
        profileBytes: encodeProfile(profile),
        deliverySecret: filled(32, 3),
        handle: filled(4, 4),
        verifiedKey: null,
        verifiedAtMs: null,
      },
    ],
  }
  expect(decodeRecovery(encodeRecovery(recovery))).toEqual(recovery)
  const compared = { verifiedKey: idFromBytes<AccountId>(filled(32, 8)), verifiedAtMs: 1_763_000_000_123 }
  const [mira] = recovery.contacts
  const second = { ...recovery, contacts: [{ ...mira, ...compared }, ...recovery.contacts] } as typeof recovery
  expect(decodeRecovery(encodeRecovery(second))).toEqual(second)
  expectExact(encodeRecovery(second), decodeRecovery)
  // Version 1 ended with the handle of its last contact.
  const first = encodeRecovery(recovery).slice(0, -1)
  first[0] = 1
  expect(decodeRecovery(first)).toEqual(recovery)
  expect(() => decodeRecovery(Uint8Array.of(3, ...first.slice(1)))).toThrow(/unsupported-version/)
  expectClosed(decodeRecovery)
  const [contact] = recovery.contacts
  const blocked = encodeRecovery({ ...recovery, contacts: recovery.contacts.map((one) => ({ ...one, blocked: true })) })
  const flagAt = encodeRecovery(recovery).findIndex((byte, index) => byte !== blocked[index])
  expect(contact?.blocked).toBe(false)
  expect(() => decodeRecovery(blocked.with(flagAt, 2))).toThrow('flag')
})

test.each([
  '/ip4/192.0.2.7/tcp/4001',
  '/ip4/192.0.2.7/udp/4001/quic-v1',
  '/ip6/2001:db8:0:0:0:0:0:1/tcp/4001/ws',
  '/dns/quay.example.org/tcp/443/tls/ws',
])('the address %s is carried whole', (address) => {
  const encoded = encodeAddress(address)
  expect(encoded).not.toBeNull()
  expect(readAddress(new ByteReader(encoded ?? new Uint8Array()))).toBe(address)
})

test.each(['/ip4/1.2.3.4', '/ip4/999.2.3.4/tcp/1', '/ip4/1.2.3.4/tcp/70000', '/ip4/1.2.3.4/udp/1', 'nonsense', ''])(
  'the address %j is not carried',
  (address) => {
    expect(encodeAddress(address)).toBeNull()
  },
)

describe('invite link', () => {
  const invite: InviteLink = {
    accountKey: filled(32, 1),
    secret: filled(32, 2),
    expiresAtMs: 1_764_600_000_000,
    places: [
      { kind: 'relay', relayName: filled(16, 3), address: '/dns/quay.example.org/tcp/4001' },
      { kind: 'relay', relayName: filled(16, 4), address: '/ip4/192.0.2.7/tcp/4001' },
    ],
  }
  const link = encodeInviteLink(invite, sha256)
  const codeOf = (text: string): string => {
    try {
      decodeInviteLink(text, sha256)
      return 'fine'
    } catch (error) {
      return isParleyError(error) ? error.code : 'another error'
    }
  }

  test('comes back as it went in, within 256 characters', () => {
    expect(decodeInviteLink(link, sha256)).toEqual(invite)
    expect(link.length).toBeLessThanOrEqual(MAX_INVITE_CHARS)
  })

  test('leaves out places that do not fit', () => {
    const long = `/dns/${'a'.repeat(63)}/tcp/4001`
    const places = [1, 2, 3].map((value) => ({ kind: 'relay', relayName: filled(16, value), address: long }) as const)
    const short = encodeInviteLink({ ...invite, places }, sha256)
    expect(short.length).toBeLessThanOrEqual(MAX_INVITE_CHARS)
    expect(decodeInviteLink(short, sha256).places).toEqual(places.slice(0, 1))
  })

  test('every loss of its end is told as such', () => {
    for (let length = 0; length < link.length; length++) expect(codeOf(link.slice(0, length))).toBe('invite-incomplete')
  })

  test('a changed byte is told as such', () => {
    const payload = fromBase64Url(link.slice('parley://invite#'.length))
    for (let at = 1; at < payload.length; at++) {
      const changed = payload.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(['invite-altered', 'invite-incomplete']).toContain(codeOf(`parley://invite#${toBase64Url(changed)}`))
    }
  })

  test('what copying does to links is forgiven', () => {
    expect(codeOf(`  Here: ${link.slice(0, 60)}\n${link.slice(60)}`)).toBe('fine')
    expect(codeOf(`"${link}"`)).toBe('fine')
  })

  test('random text never gets past it', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(codeOf(text)).toBe('invite-incomplete')
      }),
    )
    fc.assert(
      fc.property(bytes(120), (payload) => {
        expect(codeOf(`parley://invite#${toBase64Url(payload)}`)).not.toBe('fine')
      }),
    )
  })
})

test('an invite bundle is exact', () => {
  expectClosed(decodeInviteBundle)
})
