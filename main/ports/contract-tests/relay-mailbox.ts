/** Mailboxes and delivery tokens, as every client and relay must treat them. */

import { expect, test } from 'vitest'
import type { ErrorCode } from '../../../shared/errors.ts'
import { ParleyError } from '../../../shared/errors.ts'
import { concatBytes } from '../../../shared/wire/bytes.ts'
import { decodeReceipt, isReceiptProven } from '../../../shared/wire/relay-receipt.ts'
import { codeOf, digestOf, nameOf, one, Owner, random, sha256, verifyEd25519 } from './relay-owner.ts'
import type { RelaySuite } from './relay-owner.ts'

export function mailboxSuite({ port, relay }: RelaySuite): void {
  test('what is deposited is pushed to a connected owner, with its handle, and acknowledged away', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const envelope = random(1_000)
    const outcome = await one(port(), relay().contact, owner.deposit(envelope))
    expect(outcome.kind).toBe('held')
    await owner.until(() => owner.received.length === 1)
    expect(owner.received[0]?.envelope).toEqual(envelope)
    expect(owner.received[0]?.handle).toEqual(owner.handle)
    await owner.untilEmpty()
    expect(await one(port(), relay().contact, owner.deposit(envelope))).toEqual({ kind: 'collected' })
    expect(owner.received).toHaveLength(1)
  })

  test('an absent owner is sent everything in the order of deposit, with the time it lay there', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    await owner.connection.close()
    const envelopes = Array.from({ length: 600 }, (_, index) => concatBytes(random(900), Uint8Array.of(index % 256)))
    for (let at = 0; at < envelopes.length; at += 150) {
      const outcomes = await port().deposit(
        relay().contact,
        envelopes.slice(at, at + 150).map((envelope) => owner.deposit(envelope)),
      )
      expect(outcomes.every(({ kind }) => kind === 'held')).toBe(true)
    }
    relay().advance(5_000)
    await owner.connect(port(), relay().contact)
    await owner.until(() => owner.received.length === 600)
    expect(owner.envelopes.map(digestOf)).toEqual(envelopes.map(digestOf))
    expect(owner.received.every(({ heldMs }) => heldMs >= 5_000)).toBe(true)
  })

  test('what was not acknowledged is pushed again, also after the relay restarted', async () => {
    const owner = new Owner()
    owner.acknowledges = false
    await owner.connect(port(), relay().contact)
    const envelope = random(2_000)
    await one(port(), relay().contact, owner.deposit(envelope))
    await owner.until(() => owner.received.length === 1)
    await relay().restart()
    await owner.until(() => owner.closed.length === 1)
    await owner.connect(port(), relay().contact)
    await owner.until(() => owner.received.length === 2)
    expect(owner.envelopes).toEqual([envelope, envelope])
  })

  test('a repeated deposit is stored once, and its receipt states the first time', async () => {
    const owner = new Owner()
    owner.acknowledges = false
    await owner.connect(port(), relay().contact)
    const envelope = random(500)
    const first = await one(port(), relay().contact, owner.deposit(envelope))
    relay().advance(60_000)
    const second = await one(port(), relay().contact, owner.deposit(envelope))
    expect(second).toEqual(first)
    expect(await owner.connection.usage()).toEqual({ envelopeCount: 1, bytes: 500 })
  })

  test("each receipt of a batch is the relay's signature for that envelope, checkable alone", async () => {
    const owner = new Owner()
    owner.acknowledges = false
    await owner.connect(port(), relay().contact)
    const envelopes = Array.from({ length: 7 }, () => random(300))
    const outcomes = await port().deposit(
      relay().contact,
      envelopes.map((envelope) => owner.deposit(envelope)),
    )
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.kind !== 'held') throw new Error(outcome.kind)
      const receipt = decodeReceipt(outcome.receipt)
      expect(receipt.relayId).toBe(relay().contact.relayId)
      expect(receipt.mailboxId).toBe(owner.mailboxId)
      expect(receipt.subject).toBe(nameOf(envelopes[index] ?? new Uint8Array()))
      expect(isReceiptProven(receipt, sha256, verifyEd25519)).toBe(true)
      expect(isReceiptProven({ ...receipt, expiresAtMs: receipt.expiresAtMs + 1 }, sha256, verifyEd25519)).toBe(false)
    }
  })

  test('one ciphertext goes to many mailboxes, each answered for itself', async () => {
    const [first, second, stranger] = [new Owner(), new Owner(), new Owner()]
    await first.connect(port(), relay().contact)
    await second.connect(port(), relay().contact)
    const envelope = random(4_000)
    const outcomes = await port().deposit(relay().contact, [
      first.deposit(envelope),
      stranger.deposit(envelope),
      first.deposit(random(10)),
      second.deposit(envelope),
    ])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['held', 'refused', 'held', 'held'])
    await first.until(() => first.received.length === 2)
    await second.until(() => second.received.length === 1)
    expect(second.envelopes).toEqual([envelope])
  })

  test('an envelope of the largest size passes, a larger one is refused without harm', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const { maxEnvelopeBytes } = owner.connection.info
    const outcomes = await port().deposit(relay().contact, [
      owner.deposit(random(maxEnvelopeBytes + 1)),
      owner.deposit(random(maxEnvelopeBytes)),
    ])
    expect(outcomes[0]).toEqual({ kind: 'refused', code: 'too-large' })
    expect(outcomes[1]?.kind).toBe('held')
    await owner.until(() => owner.received.length === 1)
  })

  test('what arrived another way is dropped by its id without being pushed', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    await owner.connection.close()
    const [known, other] = [random(100), random(100)]
    await port().deposit(relay().contact, [owner.deposit(known), owner.deposit(other)])
    owner.acknowledges = false
    await owner.connect(port(), relay().contact)
    await owner.until(() => owner.received.length === 2)
    await owner.connection.acknowledge([nameOf(known)])
    expect(await owner.connection.usage()).toEqual({ envelopeCount: 1, bytes: 100 })
  })

  test('of a batch only what was taken is dropped; the rest comes again', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    await owner.connection.close()
    const envelopes = Array.from({ length: 9 }, (_, index) => Uint8Array.of(index, ...random(50)))
    await port().deposit(
      relay().contact,
      envelopes.map((envelope) => owner.deposit(envelope)),
    )
    const left = [1, 4, 5, 8]
    owner.takes = ([index]) => index !== undefined && !left.includes(index)
    await owner.connect(port(), relay().contact)
    await owner.until(() => owner.received.length === 9)
    await owner.untilLeft(left.length)
    await owner.connection.close()
    owner.received.length = 0
    owner.takes = () => true
    await owner.connect(port(), relay().contact)
    await owner.until(() => owner.received.length === left.length)
    expect(owner.envelopes.map(([index]) => index)).toEqual(left)
    await owner.untilEmpty()
  })

  test('an owner that is slow to take is handed one batch after the other, each once', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const envelopes = Array.from({ length: 1_000 }, (_, index) => Uint8Array.of(index >> 8, index & 255, ...random(8)))
    for (let at = 0; at < envelopes.length; at += 50) {
      await port().deposit(
        relay().contact,
        envelopes.slice(at, at + 50).map((envelope) => owner.deposit(envelope)),
      )
    }
    await owner.until(() => owner.received.length >= envelopes.length)
    await owner.untilEmpty()
    expect(owner.envelopes).toEqual(envelopes)
  })

  test('what is past its time is not pushed', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    await owner.connection.close()
    const [short, long] = [random(100), random(100)]
    await port().deposit(relay().contact, [owner.deposit(short, 60), owner.deposit(long, 3_600)])
    relay().advance(61_000)
    await owner.connect(port(), relay().contact)
    await owner.until(() => owner.received.length === 1)
    expect(owner.envelopes).toEqual([long])
  })

  test('an owner that takes nothing is sent no more than its credit, and the rest as it takes', async () => {
    const owner = new Owner()
    owner.acknowledges = false
    await owner.connect(port(), relay().contact)
    const envelopes = Array.from({ length: 30 }, () => random(100_000))
    for (const envelope of envelopes) await one(port(), relay().contact, owner.deposit(envelope))
    await owner.connection.ping()
    const before = owner.received.length
    expect(before).toBeLessThan(15)
    owner.acknowledges = true
    await owner.connection.acknowledge(owner.envelopes.map(nameOf))
    await owner.until(() => owner.received.length === 30)
    expect(owner.envelopes.map(digestOf)).toEqual(envelopes.map(digestOf))
  })

  test('the newest connection of an owner is the one that is pushed to; the older one ends', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const again = new Owner(owner.key)
    await again.connect(port(), relay().contact)
    await owner.until(() => owner.closed.length === 1)
    await one(port(), relay().contact, owner.deposit(random(50)))
    await again.until(() => again.received.length === 1)
    expect(owner.received).toHaveLength(0)
  })

  test('a failing owner keeps what it could not take', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    await owner.connection.close()
    await one(port(), relay().contact, owner.deposit(random(50)))
    const failure = await new Promise<ErrorCode>((resolve) => {
      const handlers = {
        onPush: () => Promise.reject(new ParleyError('disk-full')),
        onStock: () => undefined,
        onClosed: resolve,
      }
      // It may come before the connection stands.
      codeOf(port().connectOwner(relay().contact, owner.key, handlers)).then(resolve, () => undefined)
    })
    expect(failure).toBe('disk-full')
    await owner.connect(port(), relay().contact)
    await owner.until(() => owner.received.length === 1)
  })
}

export function tokenSuite({ port, relay }: RelaySuite): void {
  test('a revoked token is refused as if the mailbox did not exist; the others go on', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const other = { token: random(32), handle: random(4) }
    await owner.connection.putTokens([other])
    await owner.connection.revokeTokens([owner.token])
    const envelope = random(100)
    const revoked = await one(port(), relay().contact, owner.deposit(envelope))
    expect(revoked).toEqual(await one(port(), relay().contact, new Owner().deposit(envelope)))
    expect(revoked).toEqual({ kind: 'refused', code: 'token-revoked' })
    const through = await one(port(), relay().contact, { ...owner.deposit(envelope), token: other.token })
    expect(through.kind).toBe('held')
    await owner.until(() => owner.received.length === 1)
    expect(owner.received[0]?.handle).toEqual(other.handle)
  })

  test('a known token keeps its handle when it is put again', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    await owner.connection.putTokens([{ token: owner.token, handle: random(4) }])
    await one(port(), relay().contact, owner.deposit(random(10)))
    await owner.until(() => owner.received.length === 1)
    expect(owner.received[0]?.handle).toEqual(owner.handle)
  })
}
