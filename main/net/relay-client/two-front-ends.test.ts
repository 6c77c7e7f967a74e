import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { nameOf, one, Owner, random, sha256 } from '../../ports/contract-tests/relay-owner.ts'
import type { RelayPort } from '../../ports/relay.ts'
import { systemClock } from '../../runtime/system-clock.ts'
import type { BlobId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import { LocalPostgres } from '../../../relay/testing/local-postgres.ts'
import { LocalRelay } from '../../../relay/testing/local-relay.ts'
import type { PostgresConfig } from '../../../relay/storage/store-config.ts'
import { createRelayClient } from './index.ts'

const never = new AbortController().signal

let postgres: LocalPostgres
let blobsFolder: string
let store: PostgresConfig
let first: LocalRelay
let second: LocalRelay
let port: RelayPort
let sender: RelayPort

beforeAll(async () => {
  postgres = await LocalPostgres.start()
  blobsFolder = await mkdtemp(join(tmpdir(), 'parley-blobs-'))
  store = await postgres.newDatabase({ blobsFolder })
})

beforeEach(async () => {
  await postgres.empty(store)
  first = await LocalRelay.start({ config: { store } })
  second = await LocalRelay.start({ config: { store }, besides: first })
  port = createRelayClient({ clock: systemClock })
  sender = createRelayClient({ clock: systemClock })
})

afterEach(async () => {
  await Promise.all([port.stop(), sender.stop()])
  await second.remove()
  await first.remove()
})

afterAll(async () => {
  await postgres.remove()
  await rm(blobsFolder, { recursive: true, force: true })
})

async function ownerAt(relay: LocalRelay, owner = new Owner()): Promise<Owner> {
  await owner.connect(port, relay.contact)
  return owner
}

describe('two front ends on one store', () => {
  test('are one relay, and the one that came last names both', async () => {
    expect(second.relayId).toBe(first.relayId)
    const { addresses } = await port.probe(second.contact.addresses, first.relayId)
    expect(addresses.toSorted()).toEqual([...first.contact.addresses, ...second.contact.addresses].toSorted())
  })

  test('what is deposited at one is pushed to an owner at the other, and gone once it is acknowledged', async () => {
    const owner = await ownerAt(first)
    const envelopes = Array.from({ length: 50 }, () => random(500))
    const outcomes = await sender.deposit(
      second.contact,
      envelopes.map((envelope) => owner.deposit(envelope)),
    )
    expect(outcomes.every(({ kind }) => kind === 'held')).toBe(true)
    await owner.until(() => owner.received.length === 50)
    expect(owner.envelopes.map(nameOf)).toEqual(envelopes.map(nameOf))
    await owner.untilEmpty()
    const [again] = envelopes
    expect(await one(sender, first.contact, owner.deposit(again ?? random(1)))).toEqual({ kind: 'collected' })
  })

  test('an owner that connects at the other one is let go by the first', async () => {
    const owner = await ownerAt(first)
    const { connection } = owner
    await ownerAt(second, owner)
    await owner.until(() => owner.closed.length === 1)
    await expect(connection.usage()).rejects.toMatchObject({ code: 'unreachable' })
    await one(sender, first.contact, owner.deposit(random(10)))
    await owner.until(() => owner.received.length === 1)
    expect(owner.closed).toEqual(['unreachable'])
  })

  test('a prekey that goes out at one is missing at the other, whose owner is told when few are left', async () => {
    const owner = await ownerAt(first)
    const lookupId = random(32)
    const items = Array.from({ length: 20 }, () => random(30))
    await owner.connection.putDirectory({ lookupId, items, lastResort: random(30), replace: true })
    expect(await sender.takeDirectory(second.contact, lookupId)).toEqual(items[0])
    await owner.until(() => owner.stock.length > 0)
    expect(owner.stock).toEqual([19])
    expect(await sender.takeDirectory(first.contact, lookupId)).toEqual(items[1])
  })

  test('an attachment that was laid at one is read and finished at the other', async () => {
    const owner = await ownerAt(first)
    const [bytes, readCapability] = [random(300_000), random(32)]
    const blobId = idFromBytes<BlobId>(random(16))
    const upload = {
      ...{ blobId, mailboxId: owner.mailboxId, token: owner.token, sizeBytes: bytes.length, sha256: sha256(bytes) },
      ...{ readCapability, ttlSeconds: 3_600 },
      async *read(offset: number) {
        for (let at = offset; at < bytes.length; at += 60_000) yield bytes.slice(at, at + 60_000)
      },
      onProgress: () => undefined,
    }
    expect((await sender.putBlob(first.contact, upload, never)).kind).toBe('held')
    const reader = createRelayClient({ clock: systemClock })
    const found = await reader.getBlob(second.contact, { blobId, readCapability, offset: 0 }, never)
    const chunks: Uint8Array[] = []
    for await (const chunk of found?.chunks ?? []) chunks.push(chunk)
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
    await reader.blobDone(second.contact, blobId, readCapability)
    await reader.stop()
    expect(await port.getBlob(first.contact, { blobId, readCapability, offset: 0 }, never)).toBeNull()
  })

  test('when one is gone, who knew it alone finds the other by the list that it had signed', async () => {
    // As of its first minute it knows itself alone; whoever came second changed that.
    const known = second.contact
    const owner = await ownerAt(second)
    await one(sender, known, owner.deposit(random(10)))
    await owner.until(() => owner.received.length === 1)
    await second.stop()
    await owner.until(() => owner.closed.length === 1)
    await owner.connect(port, known)
    expect((await one(sender, known, owner.deposit(random(10)))).kind).toBe('held')
    await owner.until(() => owner.received.length === 2)
  })

  test('what was deposited while the store let go of everybody comes when it is back', async () => {
    const owner = await ownerAt(first)
    await postgres.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'parley-relay%'",
    )
    const envelopes = Array.from({ length: 5 }, () => random(50))
    for (const envelope of envelopes) {
      expect((await one(sender, second.contact, owner.deposit(envelope))).kind).toBe('held')
    }
    await owner.until(() => owner.received.length === 5)
    expect(new Set(owner.envelopes.map(nameOf))).toEqual(new Set(envelopes.map(nameOf)))
  })
})

describe('a front end is refused', () => {
  test('with the key of another relay', async () => {
    await expect(LocalRelay.start({ config: { store } })).rejects.toThrow('another relay')
  })

  test("with a folder for attachments that is not the others'", async () => {
    const config = { store: { ...store, blobsFolder: '' } }
    await expect(LocalRelay.start({ config, besides: first })).rejects.toThrow('attachments')
  })

  test('on a server without a replica, where one is asked for', async () => {
    const config = { store: { ...store, requireReplica: true } }
    await expect(LocalRelay.start({ config, besides: first })).rejects.toThrow('synchronous replica')
  })

  test('on a server that is not there', async () => {
    const config = { store: { ...store, hosts: ['127.0.0.1:1'] } }
    await expect(LocalRelay.start({ config, besides: first })).rejects.toThrow('primary')
  })
})
