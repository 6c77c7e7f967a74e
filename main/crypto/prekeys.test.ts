import { describe, expect, test } from 'vitest'
import {
  createCrypto,
  selectBackend,
  decodePrekeyBundle,
  encodePrekeyBundle,
  generatePrekeys,
  openDirectoryItem,
  sealDirectoryItem,
  verifyPrekeyBundle,
} from './index.ts'
import { makeParty, outcomeOf, withBitFlipped } from './testing/devices.ts'
import { repeatableRandom } from './testing/repeatable-random.ts'

const c = createCrypto(await selectBackend(), repeatableRandom('prekeys'))
const party = makeParty(c)
const withoutOneTime = makeParty(c, { lastResort: true })
const encoded = encodePrekeyBundle(party.bundle)

describe('prekey bundle', () => {
  test('comes back as it was, with a one-time prekey and without', () => {
    expect(decodePrekeyBundle(encoded)).toEqual(party.bundle)
    expect(decodePrekeyBundle(encodePrekeyBundle(withoutOneTime.bundle))).toEqual(withoutOneTime.bundle)
    expect(
      outcomeOf(() => {
        verifyPrekeyBundle(c, decodePrekeyBundle(encoded), party.entry)
      }),
    ).toBe('accepted')
  })

  test('says by a flag whether it brings a one-time prekey', () => {
    const written = [party, withoutOneTime].map(({ bundle }) => encodePrekeyBundle(bundle))
    expect(written.map((bytes) => bytes.length)).toEqual([1_439, 1_403])
    expect(written.map((bytes) => decodePrekeyBundle(bytes).oneTime)).toEqual([party.bundle.oneTime, null])
  })

  test('is signed but for the one-time X25519 prekey', () => {
    const { device } = party.local
    const sizes = (['signed', 'one-time', 'kem-one-time', 'kem-last-resort'] as const).map((kind) =>
      generatePrekeys(c, device, kind, 9, 1).map(({ signature }) => signature.length),
    )
    expect(sizes).toEqual([[64], [0], [64], [64]])
  })

  test('with any bit of what is signed changed, it is refused', () => {
    const signedBytes = 2 + 16 + 32 + (4 + 32 + 64) + (4 + 1184 + 64)
    for (let bit = 0; bit < signedBytes * 8; bit += 5) {
      const outcome = outcomeOf(() => {
        verifyPrekeyBundle(c, decodePrekeyBundle(withBitFlipped(encoded, bit)), party.entry)
      })
      expect(['signature-invalid', 'unsupported-version'], `bit ${bit}`).toContain(outcome)
    }
  })

  test('of another device, or mixed from two, it is refused', () => {
    const { bundle } = withoutOneTime
    const mixed = [
      { ...party.bundle, kem: bundle.kem },
      { ...party.bundle, signed: bundle.signed },
      { ...party.bundle, identityKey: bundle.identityKey },
      { ...party.bundle, deviceId: bundle.deviceId },
      { ...party.bundle, signed: { ...party.bundle.signed, id: 9 } },
    ]
    for (const wrong of [bundle, ...mixed]) {
      expect(
        outcomeOf(() => {
          verifyPrekeyBundle(c, wrong, party.entry)
        }),
      ).toBe('signature-invalid')
    }
  })

  test('cut, continued, of another suite, or with a flag of neither kind, it is refused', () => {
    expect(outcomeOf(() => decodePrekeyBundle(encoded.slice(0, -1)))).toBe('malformed')
    expect(outcomeOf(() => decodePrekeyBundle(Uint8Array.of(...encoded, 0)))).toBe('malformed')
    expect(outcomeOf(() => decodePrekeyBundle(withBitFlipped(encoded, 0)))).toBe('unsupported-version')
    expect(outcomeOf(() => decodePrekeyBundle(withBitFlipped(encoded, 8)))).toBe('unsupported-version')
    const none = encodePrekeyBundle(withoutOneTime.bundle)
    expect(outcomeOf(() => decodePrekeyBundle(Uint8Array.of(...none.slice(0, -1), 2)))).toBe('malformed')
    const flagAt = encoded.length - 37
    expect(outcomeOf(() => decodePrekeyBundle(Uint8Array.from(encoded, (b, at) => (at === flagAt ? 2 : b))))).toBe(
      'malformed',
    )
  })
})

test('a directory item opens with its key alone, and whole alone', () => {
  const key = new Uint8Array(32).fill(8)
  const item = sealDirectoryItem(c, key, encoded)
  expect(openDirectoryItem(c, key, item)).toEqual(encoded)
  expect(sealDirectoryItem(c, key, encoded)).not.toEqual(item)
  expect(outcomeOf(() => openDirectoryItem(c, new Uint8Array(32), item))).toBe('cannot-decrypt')
  for (const length of [0, 5, 12, 27, 28, item.length - 1]) {
    expect(outcomeOf(() => openDirectoryItem(c, key, item.slice(0, length)))).toBe('cannot-decrypt')
  }
})
