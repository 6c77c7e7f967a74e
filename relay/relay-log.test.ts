/** What a relay says about itself: the whole program at its most talkative, and what its log and its port must not hold. */

import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRelayClient } from '../main/net/relay-client/index.ts'
import { Owner, random } from '../main/ports/contract-tests/relay-owner.ts'
import type { RelayPort } from '../main/ports/relay.ts'
import { systemClock } from '../main/runtime/system-clock.ts'
import type { BlobId } from '../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../shared/model/ids.ts'
import { toBase64Url } from '../shared/wire/bytes.ts'
import { relayLog } from './relay-log.ts'
import { newMailboxKeys, RawClient } from './testing/raw-client.ts'
import { RelayProcess, runRelayCommand } from './testing/relay-process.ts'

const NAME = 'Ann of the log test'

let dataDir: string
let port: RelayPort

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parley-relay-log-'))
  port = createRelayClient({ clock: systemClock })
})

afterEach(async () => {
  await port.stop()
  await rm(dataDir, { recursive: true, force: true })
})

/** The ways in which bytes may be written. */
function spellings(bytes: Uint8Array): readonly string[] {
  const buffer = Buffer.from(bytes)
  return [
    buffer.toString('hex'),
    buffer.toString('base64'),
    toBase64Url(bytes),
    buffer.join(','),
    buffer.toString('latin1'),
  ]
}

async function putAndReadBlob(relay: RelayProcess, owner: Owner): Promise<readonly Uint8Array[]> {
  const bytes = random(80_000)
  const blob = { blobId: idFromBytes<BlobId>(random(16)), readCapability: random(32) }
  const parts = { mailboxId: owner.mailboxId, token: owner.token, sizeBytes: bytes.length, ttlSeconds: 600 }
  const { signal } = new AbortController()
  const upload = {
    ...{ ...blob, ...parts, sha256: new Uint8Array(createHash('sha256').update(bytes).digest()) },
    async *read(offset: number) {
      yield bytes.slice(offset)
    },
    onProgress: () => undefined,
  }
  expect((await port.putBlob(relay.started, upload, signal)).kind).toBe('held')
  const found = await port.getBlob(relay.started, { ...blob, offset: 0 }, signal)
  if (found !== null) for await (const chunk of found.chunks) expect(chunk.length).toBeGreaterThan(0)
  await port.blobDone(relay.started, blob.blobId, blob.readCapability)
  return [idToBytes(blob.blobId), blob.readCapability]
}

/** Everything that a relay does for its people, well and badly. Returns what must be found nowhere. */
async function useEverything(relay: RelayProcess): Promise<readonly string[]> {
  const owner = new Owner()
  await owner.connect(port, relay.started)
  const [lookupId, slotId, nonce] = [random(32), random(32), random(16)]
  const envelope = random(500)
  await owner.connection.putDirectory({ lookupId, items: [random(50)], lastResort: random(50), replace: true })
  await owner.connection.putInviteSlot({ slotId, item: random(60), expiresAtMs: Date.now() + 60_000 })
  await port.deposit(relay.started, [owner.deposit(envelope), { ...owner.deposit(random(90)), token: random(32) }])
  await owner.until(() => owner.received.length === 1)
  await owner.untilEmpty()
  await port.takeDirectory(relay.started, lookupId)
  await port.takeInvite(relay.started, slotId, nonce)
  const blob = await putAndReadBlob(relay, owner)
  await owner.connection.closeInviteSlot(slotId)
  await owner.connection.revokeTokens([owner.token])
  const stranger = await misbehave(relay)
  await owner.connection.close()
  const secrets = [
    owner.key.publicKey,
    idToBytes(owner.mailboxId),
    owner.token,
    lookupId,
    slotId,
    nonce,
    envelope,
    ...blob,
  ]
  return [...secrets.flatMap(spellings), owner.mailboxId, ...stranger]
}

/** A proof for another mailbox, a request that comes too early, and bytes that are no frame. */
async function misbehave(relay: RelayProcess): Promise<readonly string[]> {
  const client = await RawClient.connect(relay.started.addresses[0] ?? '')
  const keys = newMailboxKeys()
  const { challenge } = await client.hello()
  await client.ask(
    client.proof(
      keys,
      challenge.map((byte) => byte ^ 1),
    ),
  )
  await client.ask({ type: 'usage' })
  await client.stream.writeRaw(Uint8Array.of(0, 0, 0, 1, 99))
  await client.closed()
  await client.stop()
  const { peerId } = client.node
  return [peerId.toString(), ...spellings(peerId.toMultihash().bytes), ...spellings(keys.publicKey)]
}

describe('at the debug level', () => {
  test('neither the log nor the port holds an id, a key, a PeerId, an address, a token or a name', async () => {
    const relay = await RelayProcess.start(dataDir, undefined, {
      env: { PARLEY_RELAY_LOG_LEVEL: 'debug', PARLEY_RELAY_OPERATOR_LISTEN: '127.0.0.1:0' },
    })
    const issued = await runRelayCommand(['token', 'issue', '--data', dataDir, '--name', NAME])
    const secrets = await useEverything(relay)
    const url = relay.started.operatorUrl ?? ''
    const pages = await Promise.all(
      ['/', '/metrics', '/stats.json', '/healthz', '/readyz', '/nothing'].map(async (path) =>
        (await fetch(url + path)).text(),
      ),
    )
    expect(await relay.end('SIGTERM')).toBe(0)

    const lines = relay.log.trim().split('\n')
    const events = lines.map((line) => (JSON.parse(line) as { readonly event: string }).event)
    for (const event of [
      'relay-started',
      'connection-open',
      'mailbox-stream-opened',
      'blob-stream-opened',
      'relay-stopped',
    ]) {
      expect(events).toContain(event)
    }
    expect(pages[1]).toContain('parley_relay_deposits_total 1\n')
    expect(pages[1]).toContain('parley_relay_drains_total 1\n')
    expect(pages[1]).toContain('parley_relay_refusals_total{reason="token-revoked"} 1\n')
    expect(pages[1]).toContain('parley_relay_refusals_total{reason="signature-invalid"} 1\n')
    expect(pages[1]).toContain('parley_relay_refusals_total{reason="malformed"} 1\n')
    const said = [relay.log, ...pages].join('\n')
    const ofRelay = [
      relay.started.relayId,
      relay.started.paste.slice(-20),
      '12D3Koo',
      '/ip4/',
      '/p2p/',
      '127.0.0.1',
      NAME,
    ]
    for (const secret of [...secrets, ...ofRelay, issued.stdout.trim().slice(-22)]) {
      expect(said.includes(secret), secret).toBe(false)
    }
  })
})

test('a text that is no name of a kind of error is withheld, whoever wrote it', () => {
  const written: string[] = []
  const log = relayLog('debug', { write: (line) => void written.push(line) })
  log.error('sweep-failed', { reason: 'SqliteError', code: 'SQLITE_FULL', count: 3 })
  log.info('a', { reason: '/ip4/192.0.2.1/tcp/4001' })
  log.debug('b', { reason: '192.0.2.1' })
  log.info('c', { reason: '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN' })
  log.info('d', { reason: toBase64Url(new Uint8Array(32).fill(200)) })
  const fields = written.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(fields[0]).toMatchObject({ event: 'sweep-failed', reason: 'SqliteError', code: 'SQLITE_FULL', count: 3 })
  expect(fields.slice(1).map(({ reason }) => reason)).toEqual(['(withheld)', '(withheld)', '(withheld)', '(withheld)'])
  expect(fields.flatMap((line) => Object.keys(line))).not.toContain('hostname')
})

test('below the debug level connections and streams are not told', () => {
  const written: string[] = []
  const log = relayLog('info', { write: (line) => void written.push(line) })
  log.debug('connection-open', { connections: 1 })
  expect(written).toEqual([])
})
