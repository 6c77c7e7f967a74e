import { describe, expect, test } from 'vitest'
import { ByteWriter, concatBytes, toBase64Url } from '../../shared/wire/bytes.ts'
import { idToBytes } from '../../shared/model/ids.ts'
import { nobleBackend } from './backend/noble-backend.ts'
import {
  createCrypto,
  selectBackend,
  deviceIdOf,
  generateAccount,
  generateDevice,
  openDeviceList,
  safetyNumber,
  sign,
  signDeviceList,
  verify,
} from './index.ts'
import type { DeviceEntry, DeviceKeys } from './index.ts'
import { outcomeOf, withBitFlipped } from './testing/devices.ts'
import { repeatableRandom } from './testing/repeatable-random.ts'

const c = createCrypto(await selectBackend(), repeatableRandom('identity'))
const account = generateAccount(c)

function entryOf(device: DeviceKeys): DeviceEntry {
  return {
    deviceId: device.deviceId,
    peerKey: device.peer.publicKey,
    identityKey: device.identity.publicKey,
    signingKey: device.signing.publicKey,
  }
}

const device = generateDevice(c)
const entry = entryOf(device)

describe('device list', () => {
  const signed = signDeviceList(c, account, { version: 3, createdAtMs: 1_700_000_000_000, devices: [entry] })

  test('comes back as it was signed', () => {
    expect(openDeviceList(c, signed, account.publicKey)).toEqual({
      account: account.publicKey,
      version: 3,
      createdAtMs: 1_700_000_000_000,
      devices: [entry],
    })
    expect(openDeviceList(c, signed)).toEqual(openDeviceList(c, signed, account.publicKey))
  })

  test('another account’s, or one with any bit changed, is refused', () => {
    expect(outcomeOf(() => openDeviceList(c, signed, generateAccount(c).publicKey))).toBe('signature-invalid')
    for (let bit = 0; bit < signed.length * 8; bit += 3) {
      expect(
        outcomeOf(() => openDeviceList(c, withBitFlipped(signed, bit), account.publicKey)),
        `bit ${bit}`,
      ).toMatch(/^(signature-invalid|malformed|unsupported-version)$/)
    }
    expect(outcomeOf(() => openDeviceList(c, signed.slice(0, -1)))).toBe('malformed')
    expect(outcomeOf(() => openDeviceList(c, concatBytes(signed, Uint8Array.of(0))))).toBe('malformed')
  })

  test('holds one to eight devices, none of them twice', () => {
    const nine = Array.from({ length: 9 }, () => entryOf(generateDevice(c)))
    const listOf = (devices: readonly DeviceEntry[]) =>
      signDeviceList(c, account, { version: 1, createdAtMs: 0, devices })
    expect(openDeviceList(c, listOf(nine.slice(0, 8))).devices).toHaveLength(8)
    expect(outcomeOf(() => openDeviceList(c, listOf(nine)))).toBe('malformed')
    expect(outcomeOf(() => openDeviceList(c, listOf([])))).toBe('malformed')
    const [first, second] = nine
    if (first === undefined || second === undefined) throw new Error('two devices')
    for (const twin of [
      { peerKey: first.peerKey },
      { identityKey: first.identityKey },
      { signingKey: first.signingKey },
    ]) {
      expect(outcomeOf(() => openDeviceList(c, listOf([first, { ...second, ...twin }])))).toBe('malformed')
    }
  })

  test('a signature for another purpose does not serve', () => {
    const body = signed.slice(0, -64)
    const other = concatBytes(body, sign(c, account.secretKey, 'prekey', body))
    expect(outcomeOf(() => openDeviceList(c, other))).toBe('signature-invalid')
    expect(verify(c, account.publicKey, 'deviceList', body, signed.slice(-64))).toBe(true)
  })
})

test('a device id is the start of the signing key’s hash', () => {
  expect(idToBytes(deviceIdOf(c, entry.signingKey))).toEqual(nobleBackend.sha256(entry.signingKey).slice(0, 16))
})

describe('safety number', () => {
  const [a, b, d] = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill)) as [Uint8Array, Uint8Array, Uint8Array]

  test('is 60 digits, the same for both, another for others', () => {
    expect(safetyNumber(c, a, b)).toMatch(/^\d{60}$/)
    expect(safetyNumber(c, a, b)).toBe(safetyNumber(c, b, a))
    const numbers = [safetyNumber(c, a, b), safetyNumber(c, a, d), safetyNumber(c, b, d)]
    expect(new Set(numbers).size).toBe(3)
  })

  test('is what its description says, computed by hand', () => {
    const digits = (key: Uint8Array): string => {
      let hash = concatBytes(new TextEncoder().encode('parley/v1/safety-number'), key)
      for (let round = 0; round < 5_200; round++) hash = nobleBackend.sha512(concatBytes(hash, key))
      const groups = [0, 5, 10, 15, 20, 25].map((at) =>
        BigInt(`0x${Buffer.from(hash.slice(at, at + 5)).toString('hex')}`),
      )
      return groups.map((group) => (group % 100_000n).toString().padStart(5, '0')).join('')
    }
    expect(safetyNumber(c, a, b)).toBe([digits(a), digits(b)].sort().join(''))
  })
})

test('keys of an account and a device are all different', () => {
  const keys = [account, device.peer, device.identity, device.signing].flatMap((pair) => [
    pair.publicKey,
    pair.secretKey,
  ])
  expect(new Set(keys.map(toBase64Url)).size).toBe(8)
  expect(keys.every((key) => key.length === 32)).toBe(true)
})

test('a list of a newer format is named as such', () => {
  const newer = new ByteWriter().u8(2).raw(new Uint8Array(200)).finish()
  expect(outcomeOf(() => openDeviceList(c, newer))).toBe('unsupported-version')
})
