/** Two front ends of one relay: what a client does when the one that it speaks with stops. */

import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Owner, random } from '../../ports/contract-tests/relay-owner.ts'
import type { RelayContactPoint, RelayPort } from '../../ports/relay.ts'
import { systemClock } from '../../runtime/system-clock.ts'
import { LocalRelay } from '../../../relay/testing/local-relay.ts'
import { createRelayClient } from './index.ts'

let first: LocalRelay
let second: LocalRelay
let port: RelayPort
let contact: RelayContactPoint

beforeEach(async () => {
  first = await LocalRelay.start()
  second = await LocalRelay.start()
  await second.stop()
  // The same relay is the same key; each has a store of its own here.
  await copyFile(join(first.dataDir, 'relay.key'), join(second.dataDir, 'relay.key'))
  await second.start()
  port = createRelayClient({ clock: systemClock })
  const { relayId, addresses } = first.contact
  contact = { relayId, addresses: [...addresses, ...second.contact.addresses] }
})

afterEach(async () => {
  await port.stop()
  await Promise.all([first.remove(), second.remove()])
})

test('an owner is told, and the next connection stands at the other one at once', async () => {
  const owner = new Owner()
  await owner.connect(port, first.contact)
  await first.stop()
  await owner.until(() => owner.closed.length === 1)
  expect(owner.closed).toEqual(['relay-stops'])
  await owner.connect(port, contact)
  expect(await owner.connection.ping()).toBeGreaterThanOrEqual(0)
})

test('a sender goes on at the other one, with what was not answered', async () => {
  const owner = new Owner()
  await owner.connect(port, second.contact)
  expect(await port.takeDirectory(first.contact, random(32))).toBeNull()
  const stopped = first.stop()
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () => port.deposit(contact, [owner.deposit(random(40))])),
  )
  await stopped
  const kinds = outcomes.flat().map((outcome) => outcome.kind)
  // What the first one answered, it answered as a store that knows no such mailbox.
  expect(kinds.every((kind) => kind === 'held' || kind === 'refused')).toBe(true)
  expect((await port.deposit(contact, [owner.deposit(random(40))])).map(({ kind }) => kind)).toEqual(['held'])
})
