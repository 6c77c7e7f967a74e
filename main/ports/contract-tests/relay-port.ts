/** What every client of relays must do, held against a relay that answers. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { idFromBytes } from '../../../shared/model/ids.ts'
import type { RelayContactPoint, RelayPort } from '../relay.ts'
import { blobSuite } from './relay-blobs.ts'
import { directorySuite, inviteSuite } from './relay-directory.ts'
import { doorSuite } from './relay-door.ts'
import { mailboxSuite, tokenSuite } from './relay-mailbox.ts'
import { codeOf, mailboxKey, Owner, random } from './relay-owner.ts'
import type { RelaySuite, RelayUnderTest } from './relay-owner.ts'

export interface RelayPortSubject {
  /** With a clean relay for each test. */
  startRelay(): Promise<RelayUnderTest>
  makeClient(): RelayPort
}

export function relayPortContract(name: string, subject: RelayPortSubject): void {
  describe(`the relay contract: ${name}`, () => {
    let port: RelayPort
    let relay: RelayUnderTest
    beforeEach(async () => {
      relay = await subject.startRelay()
      port = subject.makeClient()
    })
    afterEach(async () => {
      await port.stop()
      await relay.stop()
    })
    const suite: RelaySuite = { port: () => port, relay: () => relay }
    describe('mailbox', () => mailboxSuite(suite))
    describe('tokens', () => tokenSuite(suite))
    describe('directory', () => directorySuite(suite))
    describe('invites', () => inviteSuite(suite))
    describe('front door', () => doorSuite(suite))
    describe('blobs', () => blobSuite(suite))
    describe('finding a relay', () => findingSuite(suite))
  })
}

function findingSuite({ port, relay }: RelaySuite): void {
  test('a probe tells who answers and what it takes', async () => {
    const { relayId, addresses } = relay().contact
    const info = await port().probe(addresses, null)
    expect(info.relayId).toBe(relayId)
    expect(info.addresses).toEqual(addresses)
    expect(info.retentionSeconds).toBe(30 * 86_400)
    expect(info.roundTripMs).toBeGreaterThanOrEqual(0)
  })

  test('another relay than the expected one is lying, in every role', async () => {
    const { addresses } = relay().contact
    const wrong = { relayId: idFromBytes<RelayContactPoint['relayId']>(mailboxKey().publicKey), addresses }
    expect(await codeOf(port().probe(addresses, wrong.relayId))).toBe('relay-lying')
    expect(await codeOf(new Owner().connect(port(), wrong))).toBe('relay-lying')
    expect(await codeOf(port().takeDirectory(wrong, random(32)))).toBe('relay-lying')
    expect(await codeOf(port().deposit(wrong, [new Owner().deposit(random(10))]))).toBe('relay-lying')
  })

  test('nobody there is unreachable; an address that answers is found among those that do not', async () => {
    const { addresses, relayId } = relay().contact
    const nowhere = '/ip4/127.0.0.1/tcp/1'
    expect(await codeOf(port().probe([nowhere], null))).toBe('unreachable')
    expect((await port().probe([nowhere, ...addresses], relayId)).relayId).toBe(relayId)
  })

  test('after `stop` nothing is sent any more', async () => {
    await port().stop()
    expect(await codeOf(port().takeDirectory(relay().contact, random(32)))).toBe('cancelled')
  })
}
