import { beforeEach, expect, test } from 'vitest'
import { isParleyError } from '../shared/errors.ts'
import type { MailboxId } from '../shared/model/ids.ts'
import { idFromBytes } from '../shared/model/ids.ts'
import { isDoorSolved } from '../shared/wire/relay-door.ts'
import type { DoorDeposit } from '../shared/wire/relay-door.ts'
import { CHALLENGE_LIFE_MS, FrontDoor } from './front-door.ts'
import { envelopeIdOf, sha256 } from './hashes.ts'

const BITS = 3
const mailboxOf = (value: number): MailboxId => idFromBytes<MailboxId>(new Uint8Array(32).fill(value))
const envelopeOf = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255, 1)

let nowMs: number
let door: FrontDoor

beforeEach(() => {
  nowMs = 1_780_000_000_000
  door = new FrontDoor({ bits: BITS, now: () => nowMs })
})

/** The first solution, or the first that is none. */
function worked(mailbox: number, envelope: number, isRight = true): DoorDeposit {
  const mailboxId = mailboxOf(mailbox)
  const challenge = door.challenge({ mailboxId, envelopeId: envelopeIdOf(envelopeOf(envelope)) })
  for (let tries = 0; ; tries++) {
    const solution = new Uint8Array(8)
    new DataView(solution.buffer).setUint32(4, tries)
    if (isDoorSolved(challenge, solution, sha256) !== isRight) continue
    return { challenge, solution, mailboxId, envelope: envelopeOf(envelope), ttlSeconds: 60 }
  }
}

function codeOf(deposit: DoorDeposit): string {
  try {
    door.pay(deposit)
    return 'paid'
  } catch (error) {
    if (isParleyError(error)) return `${error.code} ${error.detail}`
    throw error
  }
}

test('a proof is good once', () => {
  const deposit = worked(1, 1)
  expect(codeOf(deposit)).toBe('paid')
  expect(codeOf(deposit)).toBe('proof-refused used')
  expect(codeOf(worked(1, 2))).toBe('paid')
})

test('it is good for its mailbox, its envelope, its work and its time, and only where it was given', () => {
  const deposit = worked(1, 1)
  const { challenge } = deposit
  const others: readonly DoorDeposit[] = [
    { ...deposit, mailboxId: mailboxOf(2) },
    { ...deposit, envelope: envelopeOf(2) },
    { ...deposit, challenge: { ...challenge, bits: 0 } },
    { ...deposit, challenge: { ...challenge, expiresAtMs: challenge.expiresAtMs + 1 } },
    { ...deposit, challenge: { ...challenge, seal: new Uint8Array(32) } },
  ]
  for (const other of others) expect(codeOf(other)).toBe('proof-refused challenge')
  expect(codeOf(worked(1, 3, false))).toBe('proof-refused work')
  const elsewhere = new FrontDoor({ bits: BITS, now: () => nowMs })
  expect(() => {
    elsewhere.pay(deposit)
  }).toThrow('challenge')
  nowMs += CHALLENGE_LIFE_MS
  expect(codeOf(deposit)).toBe('proof-refused expired')
  nowMs -= 4 * CHALLENGE_LIFE_MS
  expect(codeOf(deposit)).toBe('proof-refused expired')
})

test('the work grows with what knocks at one door, whether it is there or not, and falls again', () => {
  const bitsAt = (mailbox: number): number =>
    door.challenge({ mailboxId: mailboxOf(mailbox), envelopeId: envelopeIdOf(envelopeOf(0)) }).bits
  expect(bitsAt(1)).toBe(BITS)
  for (let envelope = 0; envelope < 16; envelope++) expect(codeOf(worked(1, envelope))).toBe('paid')
  expect(bitsAt(1)).toBe(BITS + 2)
  expect(bitsAt(2)).toBe(BITS)
  nowMs += 4 * 60 * 60 * 1000
  expect(bitsAt(1)).toBe(BITS)
})

test('the work grows with what comes through all doors, to an end', () => {
  const bits = (): number => door.challenge({ mailboxId: mailboxOf(255), envelopeId: envelopeIdOf(envelopeOf(0)) }).bits
  for (let count = 0; count < 1_100; count++) expect(codeOf(worked(count % 250, count))).toBe('paid')
  expect(bits()).toBe(BITS + 2)
})

test('proofs that were used are remembered until they are over, and no longer', () => {
  const first = worked(1, 1)
  expect(codeOf(first)).toBe('paid')
  nowMs += CHALLENGE_LIFE_MS - 1
  expect(codeOf(worked(1, 2))).toBe('paid')
  expect(codeOf(first)).toBe('proof-refused used')
  expect(door.spentCount).toBe(2)
  nowMs += 1
  expect(codeOf(worked(1, 3))).toBe('paid')
  expect(door.spentCount).toBe(2)
  // As after a jump of the clock, which must not keep doors shut.
  nowMs -= 24 * 60 * 60 * 1000
  expect(codeOf(worked(1, 4))).toBe('paid')
  expect(door.spentCount).toBe(1)
})
