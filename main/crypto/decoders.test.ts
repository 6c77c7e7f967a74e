/** Bytes that nobody made: every decoder answers with a closed code and changes nothing. fast-check prints the seed of a failure. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { equalBytes } from '../../shared/wire/bytes.ts'
import { ENVELOPE_VERSION, SUITE } from '../../shared/wire/envelope.ts'
import { selectBackend } from './backend/select-backend.ts'
import {
  createCrypto,
  decodePrekeyBundle,
  decodeRecoveryKey,
  decodeSession,
  encodePrekeyBundle,
  encodeSession,
  openDeviceList,
  openDirectoryItem,
  openEphemeral,
  openHandshake,
  openInviteBundle,
  openRecovery,
  sealEphemeral,
  sealRecovery,
  signDeviceList,
  generateAccount,
} from './index.ts'
import { bytes, makeParty, meet, outcomeOf, NOW_MS } from './testing/devices.ts'
import { repeatableRandom } from './testing/repeatable-random.ts'

const RUNS = Number(process.env['PARLEY_FUZZ_RUNS'] ?? 300)
const REFUSED = ['cannot-decrypt', 'malformed', 'unsupported-version', 'too-large', 'signature-invalid']
const c = createCrypto(await selectBackend(), repeatableRandom('decoders'))
const party = makeParty(c)
const { alice, bob } = meet(c)
const account = generateAccount(c)
const key = new Uint8Array(32).fill(4)
const handshake = meet(c).alice.send(bytes('still a handshake'))

interface Target {
  readonly name: string
  /** A good input, which is cut, extended and overwritten. */
  readonly sample: Uint8Array
  readonly run: (input: Uint8Array) => unknown
}

const targets: readonly Target[] = [
  { name: 'message', sample: bob.send(bytes('hi')), run: (input) => alice.receive(input) },
  { name: 'handshake', sample: handshake, run: (input) => openHandshake(c, party.local, input, party.lookup, NOW_MS) },
  {
    name: 'ephemeral',
    sample: sealEphemeral(c, bob.session, bytes('x')),
    run: (input) => openEphemeral(c, alice.session, input),
  },
  { name: 'prekey bundle', sample: encodePrekeyBundle(party.bundle), run: decodePrekeyBundle },
  { name: 'session record', sample: encodeSession(alice.session), run: decodeSession },
  {
    name: 'device list',
    sample: signDeviceList(c, account, { version: 1, createdAtMs: 1, devices: [party.entry] }),
    run: (input) => openDeviceList(c, input),
  },
  { name: 'directory item', sample: key, run: (input) => openDirectoryItem(c, key, input) },
  { name: 'invite bundle', sample: key, run: (input) => openInviteBundle(c, key, input) },
  { name: 'recovery file', sample: sealRecovery(c, key, key), run: (input) => openRecovery(c, key, input) },
]

/** Noise, noise behind a good start, and a good input with a piece overwritten. */
function inputs(sample: Uint8Array): fc.Arbitrary<Uint8Array> {
  const noise = fc.uint8Array({ maxLength: 1_500 })
  return fc.oneof(
    noise,
    noise.map((rest) => Uint8Array.of(ENVELOPE_VERSION, SUITE, (rest[0] ?? 0) % 5, ...rest)),
    fc.tuple(fc.nat({ max: sample.length }), noise).map(([at, rest]) => Uint8Array.of(...sample.slice(0, at), ...rest)),
    fc.tuple(fc.nat({ max: sample.length }), fc.uint8Array({ minLength: 1, maxLength: 40 })).map(([at, piece]) => {
      const input = sample.slice()
      input.set(piece.slice(0, input.length - at), at)
      return input
    }),
  )
}

describe.each(targets)('$name', ({ sample, run }) => {
  test('is refused with a closed code, or taken as it stands', () => {
    const before = alice.image
    let refused = 0
    fc.assert(
      fc.property(inputs(sample), (input) => {
        fc.pre(!equalBytes(input, sample))
        const outcome = outcomeOf(() => run(input))
        if (outcome === 'accepted') return
        refused += 1
        expect(REFUSED).toContain(outcome)
      }),
      { numRuns: RUNS },
    )
    expect(refused).toBeGreaterThan(RUNS / 2)
    // Nothing of a message's fuzz can be authentic.
    expect(alice.image).toBe(before)
  })
})

test('what a record decodes to is written back byte for byte', () => {
  const record = encodeSession(bob.session)
  fc.assert(
    fc.property(inputs(record), (input) => {
      if (outcomeOf(() => decodeSession(input)) !== 'accepted') return
      expect(encodeSession(decodeSession(input))).toEqual(input)
    }),
    { numRuns: RUNS },
  )
})

test('a recovery key of any text', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9A-Z -]{50,70}$/)), (input) => {
      expect(outcomeOf(() => decodeRecoveryKey(c, input))).toBe('malformed')
    }),
    { numRuns: RUNS },
  )
})
