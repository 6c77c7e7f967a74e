/** The y of the eight points of small order, little-endian, sign bit cleared. */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

/**
 * Whether an encoded Ed25519 key can be one by the strict rule of `Backend`: y below the prime, and no point of small
 * order. BoringSSL (Electron) takes both, under which anybody can sign; OpenSSL 3.5 refuses them itself.
 */
export function isStrictPoint(key: Uint8Array): boolean {
  if (key.length !== 32) return false
  const y = Buffer.from(key)
  y[31] = (y[31] ?? 0) & 0x7f
  const isBelowPrime = y[31] !== 0x7f || (y[0] ?? 0) < 0xed || y.subarray(1, 31).some((byte) => byte !== 0xff)
  return isBelowPrime && !SMALL_ORDER_Y.has(y.toString('hex'))
}
