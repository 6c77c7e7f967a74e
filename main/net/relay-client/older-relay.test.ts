/** A relay that speaks version 1 alone: what there was goes on, and what came since is told to be missing. */

import { afterEach, beforeEach, expect, test } from 'vitest'
import { codeOf, nameOf, Owner, random } from '../../ports/contract-tests/relay-owner.ts'
import type { RelayPort } from '../../ports/relay.ts'
import { systemClock } from '../../runtime/system-clock.ts'
import { encodeRelayMessage } from '../../../shared/wire/relay-answers.ts'
import type { RelayRequest } from '../../../shared/wire/relay-requests.ts'
import { createRelayClient } from './index.ts'
import { deferred } from './testing/deferred.ts'
import { LyingRelay } from './testing/lying-relay.ts'

const envelope = random(40)
const heard: RelayRequest[] = []
const acknowledged = deferred<RelayRequest>()
let relay: LyingRelay
let port: RelayPort

beforeEach(async () => {
  port = createRelayClient({ clock: systemClock })
  relay = await LyingRelay.start({
    answer: (request) => {
      heard.push(request)
      if (request.type === 'acknowledge') acknowledged.resolve(request)
      // Its first answer to an owner is a push.
      if (request.type !== 'put-tokens') return new Uint8Array()
      return { message: encodeRelayMessage({ type: 'push', entries: [{ handle: random(4), heldMs: 1, envelope }] }) }
    },
  })
})

afterEach(async () => {
  await port.stop()
  await relay.stop()
})

test('acknowledges by id, and never asks what it does not know', async () => {
  const owner = new Owner()
  void owner.connect(port, relay.contact).catch(() => undefined)
  expect(await acknowledged.promise).toEqual({ type: 'acknowledge', envelopeIds: [nameOf(envelope)] })
  const { connection } = owner
  expect(await codeOf(connection.allowance())).toBe('unsupported-version')
  expect(await codeOf(connection.setDoor(false))).toBe('unsupported-version')
  expect(await codeOf(connection.closeMailbox())).toBe('unsupported-version')
  expect(await connection.turnCredentials()).toBeNull()
  const knock = { mailboxId: owner.mailboxId, envelope, ttlSeconds: 60 }
  expect(await codeOf(port.depositAtDoor(relay.contact, knock, new AbortController().signal))).toBe(
    'unsupported-version',
  )
  expect(new Set(heard.map(({ type }) => type))).toEqual(new Set(['own', 'put-tokens', 'acknowledge']))
})
