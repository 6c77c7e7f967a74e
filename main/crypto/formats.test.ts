import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isParleyError } from '../../shared/errors.ts'
import {
  ATTACHMENT_SEGMENT_BYTES,
  attachmentCiphertextBytes,
  attachmentEncryptor,
  createCrypto,
  decodeRecoveryKey,
  encodeRecoveryKey,
  generateAccount,
  generateDevice,
  generateRecoveryKey,
  openAttachmentSegment,
  openDeviceList,
  openInviteBundle,
  openRecovery,
  safetyNumber,
  sealInviteBundle,
  sealRecovery,
  segmentRange,
  signDeviceList,
  unwrapKey,
  wrapKey,
} from './index.ts'
import { LABELS } from './labels.ts'
import { paddedSize } from './envelope.ts'

const c = createCrypto()
const filled = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value)
const codeOf = (run: () => unknown): string => {
  try {
    run()
    return 'fine'
  } catch (error) {
    return isParleyError(error) ? error.code : 'a bug'
  }
}

test('no label is a prefix of another', () => {
  const labels = Object.values(LABELS)
  for (const a of labels) for (const b of labels) if (a !== b) expect(b.startsWith(a)).toBe(false)
})

test('padded sizes never shrink, and grow by an eighth at most above 64 KiB', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 199_000 }), (size) => {
      const padded = paddedSize(size)
      expect(padded).toBeGreaterThanOrEqual(size)
      if (size > 65_536) expect(padded).toBeLessThanOrEqual(size * 1.125)
    }),
  )
})

describe('device list', () => {
  const account = generateAccount(c)
  const device = generateDevice(c)
  const entry = {
    deviceId: device.deviceId,
    peerKey: device.peer.publicKey,
    identityKey: device.identity.publicKey,
    signingKey: device.signing.publicKey,
  }
  const signed = signDeviceList(c, account, { version: 3, createdAtMs: 5, devices: [entry] })

  test('comes back as it was signed', () => {
    expect(openDeviceList(c, signed, account.publicKey)).toEqual({
      account: account.publicKey,
      version: 3,
      createdAtMs: 5,
      devices: [entry],
    })
  })

  test('another account’s, or a changed one, is refused', () => {
    expect(codeOf(() => openDeviceList(c, signed, generateAccount(c).publicKey))).toBe('signature-invalid')
    for (let at = 1; at < signed.length; at++) {
      const changed = signed.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(['signature-invalid', 'malformed']).toContain(codeOf(() => openDeviceList(c, changed, account.publicKey)))
    }
  })
})

test('a safety number is 60 digits, the same for both, another for others', () => {
  const [a, b, d] = [filled(32, 1), filled(32, 2), filled(32, 3)]
  expect(safetyNumber(c, a, b)).toMatch(/^\d{60}$/)
  expect(safetyNumber(c, a, b)).toBe(safetyNumber(c, b, a))
  expect(safetyNumber(c, a, b)).not.toBe(safetyNumber(c, a, d))
})

describe('attachment', () => {
  const key = filled(32, 9)
  const seal = (sizeBytes: number): Uint8Array[] => {
    const encryptor = attachmentEncryptor(c, key)
    const segments: Uint8Array[] = []
    for (let at = 0; at < sizeBytes; at += ATTACHMENT_SEGMENT_BYTES) {
      const end = Math.min(sizeBytes, at + ATTACHMENT_SEGMENT_BYTES)
      segments.push(encryptor.seal(filled(end - at, at / ATTACHMENT_SEGMENT_BYTES), end === sizeBytes))
    }
    return segments
  }

  test.each([1, 65_535, 65_536, 65_537, 200_000])('%i bytes: sizes and segments', (sizeBytes) => {
    const segments = seal(sizeBytes)
    expect(segments.reduce((sum, segment) => sum + segment.length, 0)).toBe(attachmentCiphertextBytes(sizeBytes))
    const opened = segments.map((segment, index) =>
      openAttachmentSegment(c, key, index, index === segments.length - 1, segment),
    )
    expect(opened.reduce((sum, segment) => sum + segment.length, 0)).toBe(sizeBytes)
  })

  test('cut, moved or continued segments are refused', () => {
    const [first, second] = seal(131_072)
    if (first === undefined || second === undefined) throw new Error('two segments')
    expect(codeOf(() => openAttachmentSegment(c, key, 0, true, first))).toBe('cannot-decrypt')
    expect(codeOf(() => openAttachmentSegment(c, key, 1, true, first))).toBe('cannot-decrypt')
    expect(codeOf(() => openAttachmentSegment(c, key, 1, false, second))).toBe('cannot-decrypt')
    expect(codeOf(() => openAttachmentSegment(c, key, 1, true, second.slice(0, 10)))).toBe('cannot-decrypt')
  })

  test('a range names the segments that hold it', () => {
    expect(segmentRange(0, 1, 200_000)).toEqual({ firstSegment: 0, ciphertextStart: 0, ciphertextEnd: 65_552 })
    expect(segmentRange(65_536, 65_537, 200_000)).toEqual({
      firstSegment: 1,
      ciphertextStart: 65_552,
      ciphertextEnd: 3 * 65_552,
    })
    expect(segmentRange(199_999, 1, 200_000).ciphertextEnd).toBe(attachmentCiphertextBytes(200_000))
  })
})

describe('recovery', () => {
  const key = generateRecoveryKey(c)

  test('the key as text survives handwriting', () => {
    const shown = encodeRecoveryKey(c, key)
    expect(shown).toMatch(/^([0-9A-Z]{4}-){13}[0-9A-Z]{4}$/)
    expect(decodeRecoveryKey(c, shown.toLowerCase().replaceAll('-', ' '))).toEqual(key)
    const swapped = shown.startsWith('A') ? `B${shown.slice(1)}` : `A${shown.slice(1)}`
    expect(codeOf(() => decodeRecoveryKey(c, swapped))).toBe('malformed')
    expect(codeOf(() => decodeRecoveryKey(c, shown.slice(0, -1)))).toBe('malformed')
    expect(codeOf(() => decodeRecoveryKey(c, ''))).toBe('malformed')
  })

  test('the file opens with its key alone', () => {
    const file = sealRecovery(c, key, filled(100, 4))
    expect(openRecovery(c, key, file)).toEqual(filled(100, 4))
    expect(codeOf(() => openRecovery(c, filled(32, 1), file))).toBe('cannot-decrypt')
    expect(codeOf(() => openRecovery(c, key, file.slice(0, -1)))).toBe('cannot-decrypt')
    expect(codeOf(() => openRecovery(c, key, filled(50, 0)))).toBe('malformed')
  })

  test('a wrapped key opens with its key alone', () => {
    const wrapped = wrapKey(c, key, filled(32, 4))
    expect(unwrapKey(c, key, wrapped)).toEqual(filled(32, 4))
    expect(codeOf(() => unwrapKey(c, filled(32, 1), wrapped))).toBe('cannot-decrypt')
  })
})

test('an invite’s bundle opens with its secret alone', () => {
  const item = sealInviteBundle(c, filled(32, 1), filled(10, 2))
  expect(openInviteBundle(c, filled(32, 1), item)).toEqual(filled(10, 2))
  expect(codeOf(() => openInviteBundle(c, filled(32, 2), item))).toBe('cannot-decrypt')
  expect(codeOf(() => openInviteBundle(c, filled(32, 1), filled(3, 0)))).toBe('cannot-decrypt')
})
