import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRelayClient } from '../../main/net/relay-client/index.ts'
import { digestOf, Owner, random } from '../../main/ports/contract-tests/relay-owner.ts'
import type { RelayPort } from '../../main/ports/relay.ts'
import { systemClock } from '../../main/runtime/system-clock.ts'
import type { BlobId } from '../../shared/model/ids.ts'
import { idFromBytes } from '../../shared/model/ids.ts'
import { configSchema } from '../config.ts'
import { SqliteDatabase } from '../storage/sqlite-database.ts'
import { openRelayStore } from '../storage/sqlite-relay-store.ts'
import { LocalRelay } from '../testing/local-relay.ts'
import { RelayProcess } from '../testing/relay-process.ts'
import { makeBackup } from './make-backup.ts'
import { MANIFEST_FILE, manifestText, parseManifest } from './manifest.ts'
import { restoreBackup } from './restore-backup.ts'

const MADE_AT_MS = Date.UTC(2026, 0, 5)

let folder: string
let relay: LocalRelay
let port: RelayPort

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-backup-'))
  relay = await LocalRelay.start()
  port = createRelayClient({ clock: systemClock })
})

afterEach(async () => {
  await port.stop()
  await relay.remove()
  await rm(folder, { recursive: true, force: true })
})

const at = (name: string): string => join(folder, name)

async function putBlob(owner: Owner, bytes: Uint8Array): Promise<{ blobId: BlobId; readCapability: Uint8Array }> {
  const blob = { blobId: idFromBytes<BlobId>(random(16)), readCapability: random(32) }
  const parts = { mailboxId: owner.mailboxId, token: owner.token, sizeBytes: bytes.length, ttlSeconds: 600 }
  const upload = {
    ...{ ...blob, ...parts, sha256: new Uint8Array(createHash('sha256').update(bytes).digest()) },
    async *read(offset: number) {
      yield bytes.slice(offset)
    },
    onProgress: () => undefined,
  }
  const outcome = await port.putBlob(relay.contact, upload, new AbortController().signal)
  expect(outcome.kind).toBe('held')
  return blob
}

test('what a running relay held comes back from its backup; prekeys are discarded, fetched attachments forgotten', async () => {
  const owner = new Owner()
  owner.acknowledges = false
  await owner.connect(port, relay.contact)
  const envelopes = [random(300), random(60_000)]
  await port.deposit(
    relay.contact,
    envelopes.map((envelope) => owner.deposit(envelope)),
  )
  const [lookupId, lastResort] = [random(32), random(40)]
  await owner.connection.putDirectory({ lookupId, items: [random(50), random(50)], lastResort, replace: true })
  const kept = random(100_000)
  const [keptBlob, fetchedBlob] = [await putBlob(owner, kept), await putBlob(owner, random(70_000))]

  const { files } = await makeBackup(relay.dataDir, at('copy'), MADE_AT_MS)
  expect(files.map(({ path }) => path).slice(0, 4)).toEqual(['relay.db', 'operator.db', 'relay.key', 'libp2p.key'])
  expect(files).toHaveLength(6)
  expect(await port.takeDirectory(relay.contact, lookupId)).not.toEqual(lastResort)
  // Gone from the copy as well, as if its reader had been done while the copy was made.
  await port.blobDone(relay.contact, fetchedBlob.blobId, fetchedBlob.readCapability)
  const { relayId } = relay
  await relay.stop()

  const gone = files.filter(({ path, sizeBytes }) => path.startsWith('blobs/') && sizeBytes === 70_000)
  await rm(at(`copy/${gone[0]?.path ?? ''}`))
  await writeFile(
    at(`copy/${MANIFEST_FILE}`),
    manifestText({ madeAtMs: MADE_AT_MS, files: files.filter((file) => !gone.includes(file)) }),
  )
  await restoreBackup(at('copy'), at('again'))
  const restored = await RelayProcess.start(at('again'))
  expect(restored.started.relayId).toBe(relayId)
  expect(restored.log).toContain('"prekeysDiscarded":2,"blobsMissing":1')
  const again = new Owner(owner.key)
  await again.connect(port, restored.started)
  await again.until(() => again.received.length === 2)
  expect(again.envelopes.map(digestOf)).toEqual(envelopes.map(digestOf))
  expect(await port.takeDirectory(restored.started, lookupId)).toEqual(lastResort)
  const bytes = await port.getBlob(restored.started, { ...keptBlob, offset: 0 }, new AbortController().signal)
  expect(bytes?.totalBytes).toBe(kept.length)
  expect(await restored.end('SIGTERM')).toBe(0)
})

test('a copy that is made under deposits is sound and whole up to a moment', async () => {
  const owner = new Owner()
  owner.acknowledges = false
  await owner.connect(port, relay.contact)
  await owner.connection.close()
  let deposited = 0
  let copying: Promise<unknown> | null = null
  while (deposited < 1_200) {
    const outcomes = await port.deposit(
      relay.contact,
      Array.from({ length: 40 }, () => owner.deposit(random(1_000))),
    )
    deposited += outcomes.filter(({ kind }) => kind === 'held').length
    if (deposited === 400) copying = makeBackup(relay.dataDir, at('copy'), MADE_AT_MS)
  }
  await copying
  const copy = openRelayStore(at('copy/relay.db'), configSchema.parse({}))
  const { envelopeCount } = await copy.usage(owner.mailboxId)
  const found = await copy.envelopesAfter(owner.mailboxId, 0, { count: 10_000, bytes: 1e9 }, Date.now())
  copy.close()
  expect(envelopeCount).toBeGreaterThanOrEqual(400)
  expect(found).toHaveLength(envelopeCount)
})

test('a reader in another process does not hold up the relay; the log is erased once it has gone', async () => {
  const path = at('own.db')
  const database = new SqliteDatabase(path, ['create table t (x blob)'])
  await database.commit(() => database.run('insert into t values (?)', random(50_000)))
  const reader = new SqliteDatabase(path, ['create table t (x blob)'])
  reader.run('begin')
  reader.get('select count(*) as n from t')
  await database.commit(() => database.run('delete from t'))
  const startedAtMs = performance.now()
  database.erase()
  expect(performance.now() - startedAtMs).toBeLessThan(1_000)
  expect((await stat(`${path}-wal`)).size).toBeGreaterThan(0)
  reader.run('rollback')
  database.erase()
  expect((await stat(`${path}-wal`)).size).toBe(0)
  reader.close()
  database.close()
})

test('a backup is readable by its owner alone, and goes into an empty folder only', async () => {
  await makeBackup(relay.dataDir, at('copy'), MADE_AT_MS)
  if (process.platform !== 'win32') {
    for (const name of await readdir(at('copy'))) {
      expect((await stat(at(`copy/${name}`))).mode & 0o077, name).toBe(0)
    }
  }
  await expect(makeBackup(relay.dataDir, at('copy'), MADE_AT_MS)).rejects.toThrow('holds something already')
  await expect(makeBackup(at('nowhere'), at('other'), MADE_AT_MS)).rejects.toThrow("is no relay's folder")
})

test('a restore writes nothing when a byte was altered, a file is missing, or the folder is not empty', async () => {
  await makeBackup(relay.dataDir, at('copy'), MADE_AT_MS)
  const database = await readFile(at('copy/relay.db'))
  const altered = Buffer.from(database)
  altered[5_000] = (altered[5_000] ?? 0) ^ 1
  await writeFile(at('copy/relay.db'), altered)
  await expect(restoreBackup(at('copy'), at('again'))).rejects.toThrow('relay.db is not what was backed up')
  await writeFile(at('copy/relay.db'), database)
  await rm(at('copy/libp2p.key'))
  await expect(restoreBackup(at('copy'), at('again'))).rejects.toThrow('The backup lacks libp2p.key.')
  await writeFile(at('copy/libp2p.key'), randomBytes(32))
  await expect(restoreBackup(at('copy'), at('again'))).rejects.toThrow('libp2p.key is not what was backed up')
  await expect(readdir(at('again'))).rejects.toThrow('ENOENT')
  await expect(restoreBackup(at('copy'), relay.dataDir)).rejects.toThrow()
  await rm(at(`copy/${MANIFEST_FILE}`))
  await expect(restoreBackup(at('copy'), at('again'))).rejects.toThrow('is no backup')
})

test('a verified backup is not put over a folder in use', async () => {
  await makeBackup(relay.dataDir, at('copy'), MADE_AT_MS)
  await expect(restoreBackup(at('copy'), relay.dataDir)).rejects.toThrow('holds something already')
})

test('a manifest names files of a relay and no others', () => {
  const file = { path: 'relay.key', sizeBytes: 32, sha256: 'a'.repeat(64) }
  const text = manifestText({ madeAtMs: MADE_AT_MS, files: [file] })
  expect(parseManifest(text)).toEqual({ madeAtMs: MADE_AT_MS, files: [file] })
  for (const path of ['../relay.key', '/etc/passwd', 'blobs/../relay.key', 'blobs/x', 'incarnation', '']) {
    expect(() => parseManifest(manifestText({ madeAtMs: 0, files: [{ ...file, path }] }))).toThrow('names a file')
  }
  expect(() => parseManifest(manifestText({ madeAtMs: 0, files: [file, file] }))).toThrow('twice')
  for (const wrong of ['', '[]', '{}', text.replace('"version": 1', '"version": 2'), text.slice(0, -5)]) {
    expect(() => parseManifest(wrong)).toThrow('damaged, or of a newer version')
  }
})
