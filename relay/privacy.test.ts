/** What is left on the relay's disk and in its log. */

import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRelayClient } from '../main/net/relay-client/index.ts'
import { nameOf, Owner } from '../main/ports/contract-tests/relay-owner.ts'
import type { RelayContactPoint, RelayPort } from '../main/ports/relay.ts'
import { systemClock } from '../main/runtime/system-clock.ts'
import type { BlobId } from '../shared/model/ids.ts'
import { idFromBytes } from '../shared/model/ids.ts'
import { LocalRelay } from './testing/local-relay.ts'
import { newMailboxKeys, RawClient } from './testing/raw-client.ts'
import { RelayProcess } from './testing/relay-process.ts'

const ERASE_EVERY_MS = 40
const FULL_SIZE = process.env['PARLEY_ERASING'] === 'full'
const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))

let relay: LocalRelay
let port: RelayPort

beforeEach(async () => {
  relay = await LocalRelay.start({ eraseEveryMs: ERASE_EVERY_MS })
  port = createRelayClient({ clock: systemClock })
})

afterEach(async () => {
  await port.stop()
  await relay.remove()
})

/** Logs before databases: what the relay moves from one to the other meanwhile is met at least once. */
async function* filesOf(dataDir: string): AsyncGenerator<Buffer> {
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const isLog = (file: string): boolean => file.endsWith('-wal')
  for (const file of [...files.filter(isLog), ...files.filter((other) => !isLog(other))]) yield await readFile(file)
}

async function diskHolds(needle: Uint8Array | string): Promise<boolean> {
  for await (const content of filesOf(relay.dataDir)) {
    if (content.includes(typeof needle === 'string' ? needle : Buffer.from(needle))) return true
  }
  return false
}

const WINDOW_BYTES = 32

/** How many of the envelopes' windows of 32 bytes lie anywhere in the folder, at any place of a file. */
async function windowsOnDisk(dataDir: string, envelopes: readonly Uint8Array[]): Promise<number> {
  const windows = new Map<number, Buffer>()
  // Most places of a file are told apart by three bytes, without asking the map.
  const begins = new Uint8Array(1 << 24)
  for (const whole of envelopes.map((envelope) => Buffer.from(envelope))) {
    for (let at = 0; at + WINDOW_BYTES <= whole.length; at += WINDOW_BYTES) {
      windows.set(whole.readUInt32LE(at), whole.subarray(at, at + WINDOW_BYTES))
      begins[whole.readUIntLE(at, 3)] = 1
    }
  }
  const found = new Set<Buffer>()
  for await (const file of filesOf(dataDir)) {
    let next = 0
    for (let at = -2; at < file.length; at++) {
      // The three bytes that end at `at` + 2, lowest first.
      next = (next >>> 8) | ((file[at + 2] ?? 0) << 16)
      if (at < 0 || begins[next] !== 1 || at + WINDOW_BYTES > file.length) continue
      const window = windows.get(file.readUInt32LE(at))
      if (window?.equals(file.subarray(at, at + WINDOW_BYTES)) === true) found.add(window)
    }
  }
  return found.size
}

/** A bound, not a sleep: asks again until the eraser has come round. */
async function untilGone(needle: Uint8Array): Promise<void> {
  while (await diskHolds(needle)) await delay(5)
}

describe('erasing', () => {
  test('an acknowledged envelope is on the disk nowhere: database, log, free pages', async () => {
    const owner = new Owner()
    owner.acknowledges = false
    await owner.connect(port, relay.contact)
    // One that fits a page, one that spills into overflow pages.
    const envelopes = [random(300), random(60_000)]
    await port.deposit(
      relay.contact,
      envelopes.map((envelope) => owner.deposit(envelope)),
    )
    const marks = envelopes.map((envelope) => envelope.slice(100, 140))
    for (const mark of marks) expect(await diskHolds(mark)).toBe(true)
    await owner.until(() => owner.received.length === 2)
    await owner.connection.acknowledge(
      envelopes.map((envelope) => idFromBytes(createHash('sha256').update(envelope).digest().subarray(0, 16))),
    )
    for (const mark of marks) await untilGone(mark)
  })

  test('a prekey that was handed out, a closed invite and a finished blob are gone as well', async () => {
    const owner = new Owner()
    await owner.connect(port, relay.contact)
    const [lookupId, item, slotId, invite] = [random(32), random(1_500), random(32), random(8_000)]
    await owner.connection.putDirectory({ lookupId, items: [item], lastResort: random(100), replace: true })
    await owner.connection.putInviteSlot({ slotId, item: invite, expiresAtMs: Date.now() + 60_000 })
    const bytes = random(200_000)
    const blob = { blobId: idFromBytes<BlobId>(random(16)), readCapability: random(32) }
    await port.putBlob(
      relay.contact,
      {
        ...blob,
        mailboxId: owner.mailboxId,
        token: owner.token,
        sizeBytes: bytes.length,
        sha256: new Uint8Array(createHash('sha256').update(bytes).digest()),
        ttlSeconds: 600,
        async *read(offset) {
          yield bytes.slice(offset)
        },
        onProgress: () => undefined,
      },
      new AbortController().signal,
    )
    const marks = [item.slice(500, 540), invite.slice(500, 540), bytes.slice(100_000, 100_040)]
    for (const mark of marks) expect(await diskHolds(mark)).toBe(true)
    await port.takeDirectory(relay.contact, lookupId)
    await owner.connection.closeInviteSlot(slotId)
    await port.blobDone(relay.contact, blob.blobId, blob.readCapability)
    for (const mark of marks) await untilGone(mark)
  })

  test('what expired goes with the next sweep, and leaves the mailbox its room', async () => {
    await relay.remove()
    let skippedMs = 0
    relay = await LocalRelay.start({ eraseEveryMs: ERASE_EVERY_MS, now: () => Date.now() + skippedMs })
    const owner = new Owner()
    owner.acknowledges = false
    await owner.connect(port, relay.contact)
    const envelope = random(900)
    await port.deposit(relay.contact, [owner.deposit(envelope, 60)])
    skippedMs = 61_000
    await relay.running.sweep()
    expect(await owner.connection.usage()).toEqual({ envelopeCount: 0, bytes: 0 })
    await untilGone(envelope.slice(200, 240))
  })
})

describe('no part of an envelope stays', () => {
  /** Small, of a page, over many pages, the largest. */
  const SIZES = [200, 1_024, 4_096, 65_536, 199_000]

  async function collected(contact: RelayContactPoint, dataDir: string): Promise<readonly Uint8Array[]> {
    const owner = new Owner()
    owner.acknowledges = false
    await owner.connect(port, contact)
    const envelopes = SIZES.map(random)
    // Neighbours that stay, so that pages are shared and moved.
    const kept = new Owner()
    await kept.connect(port, contact)
    await kept.connection.close()
    for (const envelope of envelopes) {
      await port.deposit(contact, [kept.deposit(random(700)), owner.deposit(envelope), kept.deposit(random(700))])
    }
    const windows = envelopes.reduce((sum, { length }) => sum + Math.floor(length / WINDOW_BYTES), 0)
    expect(await windowsOnDisk(dataDir, envelopes)).toBeGreaterThan(0.9 * windows)
    await owner.until(() => owner.received.length === envelopes.length)
    await owner.connection.acknowledge(envelopes.map(nameOf))
    return envelopes
  }

  test('of any size, in any window of 32 bytes, after the eraser came round', { timeout: 120_000 }, async () => {
    const envelopes = await collected(relay.contact, relay.dataDir)
    while ((await windowsOnDisk(relay.dataDir, envelopes)) > 0) await delay(20)
  })

  test.skipIf(!FULL_SIZE)(
    `sixty seconds after its acknowledgement, by the program as it comes${FULL_SIZE ? '' : ' (npm run test:erasing)'}`,
    { timeout: 120_000 },
    async () => {
      const dataDir = await mkdtemp(join(tmpdir(), 'parley-erasing-'))
      const program = await RelayProcess.start(dataDir)
      try {
        const envelopes = await collected(program.started, dataDir)
        await delay(60_000)
        expect(await windowsOnDisk(dataDir, envelopes)).toBe(0)
      } finally {
        await program.end('SIGKILL')
        await rm(dataDir, { recursive: true, force: true })
      }
    },
  )
})

describe('what is never written', () => {
  test('no PeerId and no token of a client: not on the disk, not in the log', async () => {
    const keys = newMailboxKeys()
    const [address = ''] = relay.running.addresses()
    const client = await RawClient.connect(address)
    const { challenge } = await client.hello()
    await client.ask(client.proof(keys, challenge))
    await client.stream.writeRaw(Uint8Array.of(0, 0, 0, 1, 99))
    await client.closed()
    const owner = new Owner()
    await owner.connect(port, relay.contact)
    await port.deposit(relay.contact, [owner.deposit(random(100))])
    await owner.until(() => owner.received.length === 1)
    const peerId = client.node.peerId
    for (const needle of [peerId.toString(), peerId.toMultihash().bytes, client.node.peerId.publicKey?.raw ?? '']) {
      expect(await diskHolds(needle)).toBe(false)
    }
    expect(await diskHolds(owner.token)).toBe(false)
    await client.stop()
    await relay.restart()
    const logged = JSON.stringify(relay.log)
    expect(logged).toContain('relay-started')
    expect(logged).toContain('relay-stopped')
    const secrets = [peerId.toString(), owner.mailboxId, '127.0.0.1', '/ip4/', relay.relayId]
    for (const needle of secrets) expect(logged).not.toContain(needle)
  })
})
