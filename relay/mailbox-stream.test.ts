import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { MailboxId } from '../shared/model/ids.ts'
import { idFromBytes } from '../shared/model/ids.ts'
import { decodeDepositsAnswer, decodeUsage } from '../shared/wire/relay-answers.ts'
import type { RelayMessage } from '../shared/wire/relay-answers.ts'
import { encodeRequest } from '../shared/wire/relay-requests.ts'
import type { RelayRequest } from '../shared/wire/relay-requests.ts'
import { sha256 } from './hashes.ts'
import { LocalRelay } from './testing/local-relay.ts'
import type { LocalRelayOptions } from './testing/local-relay.ts'
import { newMailboxKeys, RawClient } from './testing/raw-client.ts'
import type { MailboxKeys } from './testing/raw-client.ts'

const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))

let relay: LocalRelay
const clients: RawClient[] = []

async function connect(): Promise<RawClient> {
  const [address = ''] = relay.running.addresses()
  const client = await RawClient.connect(address)
  clients.push(client)
  return client
}

async function start(options: LocalRelayOptions = {}): Promise<void> {
  relay = await LocalRelay.start(options)
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.stop()))
  await relay.remove()
})

function codeOf(message: RelayMessage): string {
  return message.type === 'error' ? message.refusal.code : message.type
}

async function owner(keys: MailboxKeys = newMailboxKeys()): Promise<RawClient> {
  const client = await connect()
  const { challenge } = await client.hello()
  expect(codeOf(await client.ask(client.proof(keys, challenge)))).toBe('reply')
  return client
}

function deposit(keys: MailboxKeys, token: Uint8Array, envelope: Uint8Array): RelayRequest {
  const mailboxId = idFromBytes<MailboxId>(sha256(keys.publicKey))
  return { type: 'deposit', entries: [{ envelope, targets: [{ mailboxId, token, ttlSeconds: 3_600 }] }] }
}

async function depositCode(client: RawClient, request: RelayRequest): Promise<string> {
  const answer = await client.ask(request)
  if (answer.type !== 'reply') return codeOf(answer)
  const [first] = decodeDepositsAnswer(answer.payload).answers
  return first?.kind === 'refused' ? first.code : (first?.kind ?? 'nothing')
}

describe('frames that are none', () => {
  beforeEach(() => start())

  const bad: readonly [string, (client: RawClient) => Promise<void>][] = [
    ['random bytes', (client) => client.stream.writeRaw(Uint8Array.of(0, 0, 0, 9, 77, 1, 2, 3, 4, 5, 6, 7, 8))],
    ['an empty frame', (client) => client.stream.writeRaw(new Uint8Array(4))],
    ['a frame beyond the limit', (client) => client.stream.writeRaw(Uint8Array.of(0, 4, 0, 1))],
    ['a request that is cut', (client) => client.stream.write(encodeRequest(1, { type: 'ping' }).slice(0, 4))],
    ['a request with a byte too many', (client) => client.stream.write(Uint8Array.of(10, 0, 0, 0, 1, 0))],
  ]
  for (const [what, send] of bad) {
    test(`${what}: answered with malformed, then the stream ends, and the relay goes on`, async () => {
      const keys = newMailboxKeys()
      const token = random(32)
      const good = await owner(keys)
      await good.ask({ type: 'put-tokens', tokens: [{ hash: sha256(token), handle: random(4) }] })
      const client = await connect()
      await client.hello()
      await send(client)
      expect(await client.next()).toMatchObject({ type: 'error', requestId: 0, refusal: { code: 'malformed' } })
      await client.closed()
      const usage = await good.ask({ type: 'usage' })
      if (usage.type !== 'reply') throw new Error(usage.type)
      expect(decodeUsage(usage.payload)).toEqual({ envelopeCount: 0, bytes: 0 })
    })
  }

  test('an end inside a frame ends the stream', async () => {
    const client = await connect()
    await client.stream.writeRaw(Uint8Array.of(0, 0, 0, 50, 1))
    await client.stream.close()
    await client.closed()
  })
})

describe('greeting and proof', () => {
  test('nothing is carried out before the greeting', async () => {
    await start()
    const client = await connect()
    expect(codeOf(await client.ask({ type: 'take-directory', lookupId: random(32) }))).toBe('malformed')
  })

  test('versions that do not meet are refused, so that either side may be newer', async () => {
    await start()
    const client = await connect()
    expect(codeOf(await client.ask({ type: 'hello', minVersion: 3, maxVersion: 9 }))).toBe('unsupported-version')
    expect(codeOf(await client.ask({ type: 'hello', minVersion: 0, maxVersion: 0 }))).toBe('unsupported-version')
    expect(codeOf(await client.ask({ type: 'hello', minVersion: 0, maxVersion: 9 }))).toBe('reply')
  })

  test('who says nothing is let go', async () => {
    await start({ helloWithinMs: 50 })
    await (await connect()).closed()
  })

  test('what only an owner may ask is refused to everybody else', async () => {
    await start()
    const client = await connect()
    await client.hello()
    const requests: readonly RelayRequest[] = [
      { type: 'put-tokens', tokens: [] },
      { type: 'revoke-tokens', hashes: [] },
      { type: 'acknowledge', envelopeIds: [] },
      { type: 'usage' },
      { type: 'close-invite', slotId: random(32) },
      { type: 'put-invite', slotId: random(32), item: random(5), expiresAtMs: 1 },
    ]
    for (const request of requests) expect(codeOf(await client.ask(request))).toBe('relay-refused')
  })

  test('a proof is good for one challenge and one pair of PeerIds', async () => {
    await start()
    const keys = newMailboxKeys()
    const first = await connect()
    const { challenge } = await first.hello()
    const proof = first.proof(keys, challenge)
    expect(codeOf(await first.ask(proof))).toBe('reply')
    const replayed = await connect()
    const other = await replayed.hello()
    expect(other.challenge).not.toEqual(challenge)
    expect(codeOf(await replayed.ask(proof))).toBe('signature-invalid')
    const stolen = replayed.proof(keys, other.challenge, { ownerPeer: first.node.peerId.toString() })
    expect(codeOf(await replayed.ask(stolen))).toBe('signature-invalid')
    const relayed = replayed.proof(keys, other.challenge, { relayPeer: replayed.node.peerId.toString() })
    expect(codeOf(await replayed.ask(relayed))).toBe('signature-invalid')
    const foreign = { ...replayed.proof(newMailboxKeys(), other.challenge), mailboxPublic: keys.publicKey }
    expect(codeOf(await replayed.ask(foreign))).toBe('signature-invalid')
    expect(codeOf(await replayed.ask(replayed.proof(keys, other.challenge)))).toBe('reply')
    expect(codeOf(await replayed.ask(replayed.proof(keys, other.challenge)))).toBe('relay-refused')
  })

  test('where new mailboxes need a secret, it opens them; known ones stay open without it', async () => {
    const operatorSecret = 'a secret of the operator'
    await start({ config: { newMailboxes: 'secret', operatorSecret } })
    const keys = newMailboxKeys()
    const client = await connect()
    const { challenge } = await client.hello()
    expect(codeOf(await client.ask(client.proof(keys, challenge)))).toBe('relay-invite-needed')
    const admitted = await connect()
    const second = await admitted.hello()
    const admission = new TextEncoder().encode(operatorSecret)
    const proof = { ...admitted.proof(keys, second.challenge), admission }
    expect(codeOf(await admitted.ask(proof))).toBe('reply')
    await owner(keys)
  })
})

describe('limits', () => {
  test('a full mailbox, and then one with room again', async () => {
    await start({ config: { mailboxMaxEnvelopes: 2, mailboxMaxBytes: 1_000 } })
    const keys = newMailboxKeys()
    const token = random(32)
    const client = await owner(keys)
    await client.ask({ type: 'put-tokens', tokens: [{ hash: sha256(token), handle: random(4) }] })
    const sender = await connect()
    await sender.hello()
    expect(await depositCode(sender, deposit(keys, token, random(600)))).toBe('held')
    expect(await depositCode(sender, deposit(keys, token, random(600)))).toBe('relay-full')
    expect(await depositCode(sender, deposit(keys, token, random(100)))).toBe('held')
    expect(await depositCode(sender, deposit(keys, token, random(100)))).toBe('relay-full')
  })

  test('a sender has its allowance for a day; what was refused or repeated does not count', async () => {
    let nowMs = Date.UTC(2026, 0, 1, 23)
    await start({ config: { tokenEnvelopesPerDay: 2 }, now: () => nowMs })
    const keys = newMailboxKeys()
    const token = random(32)
    const client = await owner(keys)
    await client.ask({ type: 'put-tokens', tokens: [{ hash: sha256(token), handle: random(4) }] })
    const sender = await connect()
    await sender.hello()
    const envelope = random(50)
    expect(await depositCode(sender, deposit(keys, random(32), envelope))).toBe('token-revoked')
    for (let times = 0; times < 4; times++) {
      expect(await depositCode(sender, deposit(keys, token, envelope))).toBe('held')
    }
    expect(await depositCode(sender, deposit(keys, token, random(50)))).toBe('held')
    const refused = await sender.ask(deposit(keys, token, random(50)))
    if (refused.type !== 'reply') throw new Error(refused.type)
    expect(decodeDepositsAnswer(refused.payload).answers).toEqual([
      { kind: 'refused', code: 'relay-quota', retryAfterSeconds: 3_600 },
    ])
    nowMs += 3_600_000
    expect(await depositCode(sender, deposit(keys, token, random(50)))).toBe('held')
  })

  test('one address has so many connections and no more', async () => {
    await start({ config: { connectionsPerAddress: 2 } })
    await connect()
    await connect()
    await expect(connect()).rejects.toThrow()
  })

  test('no more mailboxes than the operator wants', async () => {
    await start({ config: { maxMailboxes: 1 } })
    await owner()
    const client = await connect()
    const { challenge } = await client.hello()
    expect(codeOf(await client.ask(client.proof(newMailboxKeys(), challenge)))).toBe('relay-full')
  })
})

test('requests that came together are answered in the order of their deposits', async () => {
  await start()
  const keys = newMailboxKeys()
  const token = random(32)
  const client = await owner(keys)
  await client.ask({ type: 'put-tokens', tokens: [{ hash: sha256(token), handle: random(4) }] })
  const sender = await connect()
  await sender.hello()
  const envelopes = Array.from({ length: 100 }, (_, index) => Uint8Array.of(index, ...random(20)))
  for (const [index, envelope] of envelopes.entries()) {
    await sender.stream.write(encodeRequest(1_000 + index, deposit(keys, token, envelope)))
  }
  const pushed: Uint8Array[] = []
  while (pushed.length < 100) {
    const message = await client.next()
    if (message.type === 'push') pushed.push(...message.entries.map(({ envelope }) => envelope))
  }
  expect(pushed).toEqual(envelopes)
})

test('a relay that stops answers what it has begun, and what it answered is kept', async () => {
  await start()
  const keys = newMailboxKeys()
  const token = random(32)
  const client = await owner(keys)
  await client.ask({ type: 'put-tokens', tokens: [{ hash: sha256(token), handle: random(4) }] })
  const sender = await connect()
  await sender.hello()
  const begun = deposit(keys, token, random(5_000))
  const answered = depositCode(sender, begun)
  // The push comes after the commit and with the answer: from here on the request is under way or done.
  while ((await client.next()).type !== 'push');
  await relay.stop()
  expect(await answered).toBe('held')
  await sender.closed()
  await relay.start()
  const again = await connect()
  const { challenge } = await again.hello()
  // What lies there may come before the answer.
  const heard = [await again.ask(again.proof(keys, challenge)), await again.next()]
  expect(heard.map(({ type }) => type).sort()).toEqual(['push', 'reply'])
})
