/** A relay whose machine's clock jumps by a day: what was signed for stays, for as long as was signed. */

import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRelayClient } from '../main/net/relay-client/index.ts'
import { one, Owner } from '../main/ports/contract-tests/relay-owner.ts'
import type { RelayPort } from '../main/ports/relay.ts'
import { systemClock } from '../main/runtime/system-clock.ts'
import { LocalRelay } from './testing/local-relay.ts'

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS
const HOUR_SECONDS = 3_600
const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))

let wrongByMs: number
let passedMs: number
let relay: LocalRelay
let port: RelayPort

beforeEach(async () => {
  wrongByMs = 0
  passedMs = 0
  const clocks = {
    wallMs: () => Date.now() + passedMs + wrongByMs,
    monotonicMs: () => performance.now() + passedMs,
  }
  relay = await LocalRelay.start({ clocks })
  port = createRelayClient({ clock: systemClock })
})

afterEach(async () => {
  await port.stop()
  await relay.remove()
})

async function depositFor(owner: Owner, ttlSeconds: number): Promise<Uint8Array> {
  const envelope = random(500)
  expect((await one(port, relay.contact, owner.deposit(envelope, ttlSeconds))).kind).toBe('held')
  return envelope
}

async function ownerThatLeft(): Promise<Owner> {
  const owner = new Owner()
  await owner.connect(port, relay.contact)
  await owner.connection.close()
  return owner
}

async function expectHeld(owner: Owner, envelopes: readonly Uint8Array[]): Promise<void> {
  const again = new Owner(owner.key)
  again.acknowledges = false
  await again.connect(port, relay.contact)
  await again.until(() => again.received.length === envelopes.length)
  expect(again.envelopes).toEqual(envelopes)
  await again.connection.close()
}

async function expectForgotten(owner: Owner): Promise<void> {
  await relay.running.sweep()
  const again = new Owner(owner.key)
  await again.connect(port, relay.contact)
  expect(await again.connection.usage()).toEqual({ envelopeCount: 0, bytes: 0 })
  await again.connection.close()
}

test.each([DAY_MS, -DAY_MS])('a jump of %d ms under a running relay, and back', async (jumpMs) => {
  const owner = await ownerThatLeft()
  const before = await depositFor(owner, HOUR_SECONDS)
  wrongByMs = jumpMs
  passedMs = 2 * 60_000
  await relay.running.sweep()
  const meanwhile = await depositFor(owner, HOUR_SECONDS)
  await expectHeld(owner, [before, meanwhile])
  wrongByMs = 0
  passedMs = 4 * 60_000
  await relay.running.sweep()
  await expectHeld(owner, [before, meanwhile])
  passedMs = 2 * HOUR_MS
  await expectForgotten(owner)
})

test.each([DAY_MS, -DAY_MS])(
  'a jump of %d ms while the relay is off, and back with or without a restart',
  async (jumpMs) => {
    const owner = await ownerThatLeft()
    const before = await depositFor(owner, HOUR_SECONDS)
    wrongByMs = jumpMs
    await relay.restart()
    await relay.running.sweep()
    const meanwhile = await depositFor(owner, HOUR_SECONDS)
    await expectHeld(owner, [before, meanwhile])
    wrongByMs = 0
    passedMs = 2 * 60_000
    await relay.running.sweep()
    await expectHeld(owner, [before, meanwhile])
    await relay.restart()
    await relay.running.sweep()
    await expectHeld(owner, [before, meanwhile])
  },
)

test('what expired is forgotten a day after a relay came back that had been off', async () => {
  const owner = await ownerThatLeft()
  const envelope = await depositFor(owner, HOUR_SECONDS)
  await relay.stop()
  passedMs = 3 * DAY_MS
  await relay.start()
  await relay.running.sweep()
  await expectHeld(owner, [envelope])
  passedMs += DAY_MS
  await expectForgotten(owner)
})
