/** Doors and limits of a real relay, asked by a client that says what it likes. */

import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createRelayClient } from '../main/net/relay-client/index.ts'
import { deferred } from '../main/net/relay-client/testing/deferred.ts'
import { Owner } from '../main/ports/contract-tests/relay-owner.ts'
import { systemClock } from '../main/runtime/system-clock.ts'
import type { BlobId, MailboxId } from '../shared/model/ids.ts'
import { idFromBytes } from '../shared/model/ids.ts'
import { decodeAllowance } from '../shared/wire/relay-allowance.ts'
import { decodeDepositsAnswer, decodeDirectoryTaken, decodeUsage } from '../shared/wire/relay-answers.ts'
import type { RelayMessage } from '../shared/wire/relay-answers.ts'
import { decodeDoorChallenge, isDoorSolved } from '../shared/wire/relay-door.ts'
import type { DoorDeposit } from '../shared/wire/relay-door.ts'
import type { RelayRequest } from '../shared/wire/relay-requests.ts'
import type { RelayConfig } from './config.ts'
import { envelopeIdOf, sha256 } from './hashes.ts'
import { LocalRelay } from './testing/local-relay.ts'
import { newMailboxKeys, RawClient } from './testing/raw-client.ts'
import type { MailboxKeys } from './testing/raw-client.ts'

const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))
const mailboxIdOf = (keys: MailboxKeys): MailboxId => idFromBytes<MailboxId>(sha256(keys.publicKey))

let relay: LocalRelay
let nowMs: number
const clients: RawClient[] = []

async function start(config: Partial<RelayConfig> = {}): Promise<void> {
  nowMs = Date.UTC(2026, 5, 1, 12)
  relay = await LocalRelay.start({ config: { doorBits: 2, ...config }, now: () => nowMs })
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.stop()))
  await relay.remove()
})

async function connect(maxVersion = 2): Promise<{ readonly client: RawClient; readonly challenge: Uint8Array }> {
  const [address = ''] = relay.running.addresses()
  const client = await RawClient.connect(address)
  clients.push(client)
  return { client, challenge: (await client.hello(maxVersion)).challenge }
}

async function owner(keys: MailboxKeys = newMailboxKeys()): Promise<RawClient> {
  const { client, challenge } = await connect()
  await reply(client, client.proof(keys, challenge))
  return client
}

function codeOf(message: RelayMessage): string {
  return message.type === 'error' ? message.refusal.code : message.type
}

/** What is pushed meanwhile is passed over. */
async function answerTo(client: RawClient, request: RelayRequest): Promise<RelayMessage> {
  let message = await client.ask(request)
  while (message.type === 'push' || message.type === 'stock') message = await client.next()
  return message
}

async function reply(client: RawClient, request: RelayRequest): Promise<Uint8Array> {
  const answer = await answerTo(client, request)
  if (answer.type !== 'reply') throw new Error(codeOf(answer))
  return answer.payload
}

async function proven(client: RawClient, keys: MailboxKeys, envelope = random(40)): Promise<DoorDeposit> {
  const mailboxId = mailboxIdOf(keys)
  const question = { type: 'ask-door', mailboxId, envelopeId: envelopeIdOf(envelope) } as const
  const challenge = decodeDoorChallenge(await reply(client, question))
  for (let tries = 0; ; tries++) {
    const solution = new Uint8Array(8)
    new DataView(solution.buffer).setUint32(4, tries)
    if (isDoorSolved(challenge, solution, sha256))
      return { challenge, solution, mailboxId, envelope, ttlSeconds: 3_600 }
  }
}

async function knock(client: RawClient, deposit: DoorDeposit): Promise<string> {
  const answer = await answerTo(client, { type: 'deposit-at-door', ...deposit })
  if (answer.type !== 'reply') return codeOf(answer)
  const [first] = decodeDepositsAnswer(answer.payload).answers
  return first?.kind === 'refused' ? first.code : (first?.kind ?? 'nothing')
}

function deposit(keys: MailboxKeys, token: Uint8Array, ...envelopes: readonly Uint8Array[]): RelayRequest {
  const targets = [{ mailboxId: mailboxIdOf(keys), token, ttlSeconds: 3_600 }]
  return { type: 'deposit', entries: envelopes.map((envelope) => ({ envelope, targets })) }
}

test('a proof that is handed in again is refused, also when the mailbox is missing or shut', async () => {
  await start()
  const keys = newMailboxKeys()
  await owner(keys)
  const { client } = await connect()
  const good = await proven(client, keys)
  expect(await knock(client, good)).toBe('held')
  expect(await knock(client, good)).toBe('proof-refused')
  const missing = await proven(client, newMailboxKeys())
  expect(await knock(client, missing)).toBe('door-closed')
  expect(await knock(client, missing)).toBe('proof-refused')
  expect(await knock(client, { ...(await proven(client, keys)), envelope: random(40) })).toBe('proof-refused')
})

test('few of strangers wait; what the owner took makes room, and others are not held up', async () => {
  await start({ mailboxMaxDoorEnvelopes: 2 })
  const [keys, token] = [newMailboxKeys(), random(32)]
  const holder = await owner(keys)
  await reply(holder, { type: 'put-tokens', tokens: [{ hash: sha256(token), handle: random(4) }] })
  const { client } = await connect()
  const first = await proven(client, keys)
  expect(await knock(client, first)).toBe('held')
  expect(await knock(client, await proven(client, keys))).toBe('held')
  const refused = await answerTo(client, { type: 'deposit-at-door', ...(await proven(client, keys)) })
  if (refused.type !== 'reply') throw new Error(codeOf(refused))
  expect(decodeDepositsAnswer(refused.payload).answers).toEqual([
    { kind: 'refused', code: 'relay-full', retryAfterSeconds: 600 },
  ])
  nowMs += 1
  // Nothing new: the same envelope is there already.
  expect(await knock(client, await proven(client, keys, first.envelope))).toBe('held')
  expect(decodeDepositsAnswer(await reply(client, deposit(keys, token, random(9)))).answers[0]?.kind).toBe('held')
  while ((await holder.next()).type !== 'push');
  await reply(holder, { type: 'acknowledge-range', from: 1, to: 1 })
  expect(await knock(client, await proven(client, keys))).toBe('held')
})

test('a range acknowledges what was pushed under its numbers, and passes over the rest', async () => {
  await start()
  const [keys, token] = [newMailboxKeys(), random(32)]
  const holder = await owner(keys)
  await reply(holder, { type: 'put-tokens', tokens: [{ hash: sha256(token), handle: random(4) }] })
  const { client } = await connect()
  const envelopes = [1, 2, 3, 4, 5].map((value) => Uint8Array.of(value, 0, 0))
  await reply(client, deposit(keys, token, ...envelopes))
  for (let pushed = 0; pushed < 5;) {
    const message = await holder.next()
    if (message.type === 'push') pushed += message.entries.length
  }
  const left = async (): Promise<number> => decodeUsage(await reply(holder, { type: 'usage' })).envelopeCount
  await reply(holder, { type: 'acknowledge-range', from: 2, to: 3 })
  expect(await left()).toBe(3)
  await reply(holder, { type: 'acknowledge-range', from: 2, to: 3 })
  await reply(holder, { type: 'acknowledge-range', from: 6, to: 2 ** 47 })
  expect(await left()).toBe(3)
  await reply(holder, { type: 'acknowledge', envelopeIds: envelopes.slice(0, 1).map(envelopeIdOf) })
  await reply(holder, { type: 'acknowledge-range', from: 1, to: 4 })
  expect(await left()).toBe(1)
  expect(
    decodeDepositsAnswer(await reply(client, deposit(keys, token, ...envelopes))).answers.map(({ kind }) => kind),
  ).toEqual(['collected', 'collected', 'collected', 'collected', 'held'])
})

test('a mailbox that is closed goes whole, in slices, and with its blobs', async () => {
  await start()
  const [keys, token] = [newMailboxKeys(), random(32)]
  const holder = await owner(keys)
  await reply(holder, { type: 'put-tokens', tokens: [{ hash: sha256(token), handle: random(4) }] })
  const { client } = await connect()
  for (let count = 0; count < 5; count++) {
    await reply(client, deposit(keys, token, ...Array.from({ length: 256 }, () => random(8))))
  }
  await reply(holder, { type: 'close-mailbox' })
  expect(codeOf(await answerTo(holder, { type: 'usage' }))).toBe('relay-refused')
  const again = await owner(keys)
  expect(decodeAllowance(await reply(again, { type: 'allowance' }))).toMatchObject({
    envelopes: { used: 0 },
    bytes: { used: 0 },
    tokens: { used: 0 },
    doorOpen: true,
  })
})

test('an upload to a mailbox that is closed ends, and leaves no file', async () => {
  await start()
  const port = createRelayClient({ clock: systemClock })
  try {
    const owner = new Owner()
    await owner.connect(port, relay.contact)
    const begun = deferred()
    const closed = deferred()
    const uploading = port.putBlob(
      relay.contact,
      {
        blobId: idFromBytes<BlobId>(random(16)),
        ...{ mailboxId: owner.mailboxId, token: owner.token, sizeBytes: 2_000_000 },
        ...{ sha256: random(32), readCapability: random(32), ttlSeconds: 3_600 },
        async *read() {
          for (let sent = 0; sent < 1_000_000; sent += 50_000) yield random(50_000)
          await closed.promise
          yield random(50_000)
        },
        onProgress: (doneBytes) => {
          if (doneBytes > 500_000) begun.resolve()
        },
      },
      new AbortController().signal,
    )
    const failed = uploading.then(
      () => 'done',
      () => 'failed',
    )
    await begun.promise
    expect(await readdir(join(relay.dataDir, 'blobs'))).toHaveLength(1)
    await owner.connection.closeMailbox()
    expect(await readdir(join(relay.dataDir, 'blobs'))).toEqual([])
    closed.resolve()
    expect(await failed).toBe('failed')
  } finally {
    await port.stop()
  }
})

test('a revoked token is as unknown as one that never was, also when its day was used up', async () => {
  await start({ tokenEnvelopesPerDay: 1 })
  const [keys, token] = [newMailboxKeys(), random(32)]
  const holder = await owner(keys)
  await reply(holder, { type: 'put-tokens', tokens: [{ hash: sha256(token), handle: random(4) }] })
  const { client } = await connect()
  const outcome = async (by: Uint8Array): Promise<unknown> =>
    decodeDepositsAnswer(await reply(client, deposit(keys, by, random(20)))).answers[0]
  expect(await outcome(token)).toMatchObject({ kind: 'held' })
  expect(await outcome(token)).toMatchObject({ code: 'relay-quota' })
  const other = await owner(keys)
  await reply(other, { type: 'revoke-tokens', hashes: [sha256(token)] })
  expect(await outcome(token)).toEqual(await outcome(random(32)))
  expect(await outcome(token)).toMatchObject({ code: 'token-revoked' })
})

test('one neighbourhood gets few one-time items of a directory, then the last resort; and so many takes a minute', async () => {
  await start({ oneTimeItemsPerHourPerAddress: 3, directoryTakesPerMinutePerAddress: 6 })
  const holder = await owner()
  const [lookupId, lastResort] = [random(32), random(9)]
  const items = Array.from({ length: 30 }, () => random(9))
  await reply(holder, { type: 'put-directory', lookupId, replace: true, items, lastResort })
  const { client } = await connect()
  const take = async (): Promise<Uint8Array | null> =>
    decodeDirectoryTaken(await reply(client, { type: 'take-directory', lookupId }))
  expect([await take(), await take(), await take()]).toEqual(items.slice(0, 3))
  expect([await take(), await take(), await take()]).toEqual([lastResort, lastResort, lastResort])
  const { client: another } = await connect()
  expect(await answerTo(another, { type: 'take-directory', lookupId })).toMatchObject({
    refusal: { code: 'rate-limited', retryAfterSeconds: 10 },
  })
  nowMs += 20 * 60 * 1000
  expect([await take(), await take()]).toEqual([items[3], lastResort])
})

test('a directory gives everybody together so many one-time items an hour', async () => {
  await start({ oneTimeItemsPerHour: 2 })
  const holder = await owner()
  const [lookupId, lastResort] = [random(32), random(9)]
  const items = Array.from({ length: 30 }, () => random(9))
  await reply(holder, { type: 'put-directory', lookupId, replace: true, items, lastResort })
  const { client } = await connect()
  const taken: (Uint8Array | null)[] = []
  for (let count = 0; count < 4; count++) {
    taken.push(decodeDirectoryTaken(await reply(client, { type: 'take-directory', lookupId })))
  }
  expect(taken).toEqual([items[0], items[1], lastResort, lastResort])
})

test('an address takes so many invites, asks at so many doors, and opens so many mailboxes; it is told when to come again', async () => {
  await start({
    inviteTakesPerMinutePerAddress: 1,
    doorChallengesPerMinutePerAddress: 1,
    newMailboxesPerHourPerAddress: 1,
  })
  const keys = newMailboxKeys()
  await owner(keys)
  const { client, challenge } = await connect()
  const invite = { type: 'take-invite', slotId: random(32), takerNonce: random(16) } as const
  const door = { type: 'ask-door', mailboxId: mailboxIdOf(keys), envelopeId: envelopeIdOf(random(5)) } as const
  for (const request of [invite, door]) {
    expect(codeOf(await answerTo(client, request))).toBe('reply')
    expect(await answerTo(client, request)).toMatchObject({ refusal: { code: 'rate-limited', retryAfterSeconds: 60 } })
  }
  const opening = client.proof(newMailboxKeys(), challenge)
  expect(await answerTo(client, opening)).toMatchObject({ refusal: { code: 'rate-limited', retryAfterSeconds: 3_600 } })
  await owner(keys)
})

test('false proofs end the stream after a few', async () => {
  await start()
  const { client, challenge } = await connect()
  const proof = { ...client.proof(newMailboxKeys(), challenge), mailboxPublic: newMailboxKeys().publicKey }
  for (let count = 0; count < 8; count++) expect(codeOf(await answerTo(client, proof))).toBe('signature-invalid')
  await expect(answerTo(client, proof)).rejects.toThrow()
})

test('a relay that stops says so to whom it can, and takes no new streams', async () => {
  await start()
  const { client } = await connect()
  const { client: older } = await connect(1)
  await relay.stop()
  expect(await client.next()).toEqual({ type: 'stops' })
  await expect(client.next()).rejects.toThrow('closed')
  await expect(older.next()).rejects.toThrow('closed')
})

test('unfinished frames of all clients together hold so much and no more', async () => {
  await start({ maxRequestBytes: 1024 * 1024 })
  const half = new Uint8Array(150_000)
  half.set([0, 3, 0, 0])
  const all: RawClient[] = []
  for (let count = 0; count < 7; count++) {
    const { client } = await connect()
    await client.stream.writeRaw(half)
    all.push(client)
  }
  await all[0]?.closed()
  const good = await owner()
  expect(codeOf(await answerTo(good, { type: 'ping' }))).toBe('reply')
})
