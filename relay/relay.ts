/** A running relay: store, mailboxes, blobs, node, the operator's port, and the order in which they start and stop. */

import { mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { RelayId } from '../shared/model/ids.ts'
import { BLOB_PROTOCOL } from '../shared/wire/blob-stream.ts'
import { FramedStream } from '../shared/wire/framed-stream.ts'
import { encodeRelayAddress } from '../shared/wire/relay-address.ts'
import { MAILBOX_PROTOCOL } from '../shared/wire/relay-requests.ts'
import { prefixesOf } from './address-prefixes.ts'
import { Admission } from './admission.ts'
import { AskLimits } from './ask-limits.ts'
import { BlobFiles } from './blob-files.ts'
import { Blobs } from './blobs.ts'
import { ByteBudget } from './byte-budget.ts'
import type { RelayConfig } from './config.ts'
import { DailyQuota } from './daily-quota.ts'
import { DamageReports } from './damage-reports.ts'
import {
  ADDRESS_FILE,
  INCARNATION_FILE,
  LIBP2P_KEY_FILE,
  LOCK_FILE,
  OPERATOR_FILE,
  RELAY_KEY_FILE,
} from './data-files.ts'
import { Deposits } from './deposits.ts'
import { DiskRoom } from './disk-room.ts'
import { FrontDoor } from './front-door.ts'
import { bareAddresses, signedFrontEnds } from './front-ends.ts'
import { HalfFrames } from './half-frames.ts'
import { Housekeeping } from './housekeeping.ts'
import { KeptClock } from './kept-clock.ts'
import { Mailboxes } from './mailboxes.ts'
import { MailboxStream } from './mailbox-stream.ts'
import { measuredStore } from './measured-store.ts'
import { Meter } from './metrics.ts'
import { startNode } from './node.ts'
import type { RelayHandlers } from './node.ts'
import { OpenStreams } from './open-streams.ts'
import type { OperatorPort } from './operator/port.ts'
import { systemClocks } from './relay-clock.ts'
import type { Clocks, RelayTime } from './relay-clock.ts'
import { loadSeed, relayKey } from './relay-key.ts'
import type { RelayKey } from './relay-key.ts'
import type { RelayLog } from './relay-log.ts'
import { RelayWatch } from './relay-watch.ts'
import { RestoreGuard } from './restore-guard.ts'
import { lockDataDir } from './storage/data-lock.ts'
import { openStore } from './storage/open-store.ts'
import type { OpenedStore } from './storage/open-store.ts'
import type { RelayStore } from './storage/relay-store.ts'
import { turnServers } from './turn.ts'
import { writeWhole } from './whole-file.ts'

const HELLO_WITHIN_MS = 10_000
const DRAIN_WITHIN_MS = 5_000

export interface RunningRelay {
  readonly relayId: RelayId
  /** Multiaddrs without PeerId. */
  addresses(): readonly string[]
  /** The same with PeerId, as every libp2p node dials them. */
  fullAddresses(): readonly string[]
  /** What people paste into Settings. */
  pasteText(): string
  /** `http://127.0.0.1:…`: status page, metrics, health; null when it is off. */
  readonly operatorUrl: string | null
  /** Forgets what expired, now. */
  sweep(): Promise<void>
  /** Answers what is under way, then closes everything. */
  stop(): Promise<void>
}

export interface RelayOptions {
  readonly dataDir: string
  readonly config: RelayConfig
  readonly log: RelayLog
  /** Default: a clock that holds against jumps of these. */
  readonly now?: () => number
  /** Default: the machine's. */
  readonly clocks?: Clocks
  /** Default 10,000. */
  readonly helloWithinMs?: number
  /** Default 30,000: acknowledged bytes are gone from the disk after twice that at most. */
  readonly eraseEveryMs?: number
}

/** @throws Error when another relay runs in that folder, its files are damaged or newer, or no address can be listened on */
export async function startRelay(options: RelayOptions): Promise<RunningRelay> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 })
  const meter = new Meter()
  const watch = new RelayWatch(meter, options.config.minFreeDiskBytes)
  // Whatever was opened is closed in the opposite order, also when the start fails half way.
  const closing: (() => Promise<void> | void)[] = []
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step()
  }
  try {
    closing.push(lockDataDir(join(options.dataDir, LOCK_FILE)))
    // Before anything is written: a relay whose disk is full starts as well.
    const disk = new DiskRoom(options)
    closing.push(() => disk.stop())
    await disk.start()
    const operator = await openOperatorPort(options, meter, watch)
    closing.push(() => closeOperatorPort(options, operator))
    return await startLocked(options, { meter, watch, disk, operator, closing, close })
  } catch (error) {
    await close()
    throw error
  }
}

/** Answers while the rest still starts, and until the rest has stopped. */
async function openOperatorPort(
  { config, dataDir, now = Date.now }: RelayOptions,
  meter: Meter,
  watch: RelayWatch,
): Promise<OperatorPort | null> {
  const { listen } = config.operator
  if (listen === 'off') return null
  const { startOperatorPort } = await import('./operator/port.ts')
  const port = await startOperatorPort({ listen, meter, watch, now })
  writeWhole(join(dataDir, OPERATOR_FILE), new TextEncoder().encode(`${port.url}\n`))
  return port
}

async function closeOperatorPort({ dataDir }: RelayOptions, port: OperatorPort | null): Promise<void> {
  if (port === null) return
  await rm(join(dataDir, OPERATOR_FILE), { force: true })
  await port.stop()
}

interface Opening {
  readonly meter: Meter
  readonly watch: RelayWatch
  readonly disk: DiskRoom
  readonly operator: OperatorPort | null
  readonly closing: (() => Promise<void> | void)[]
  readonly close: () => Promise<void>
}

async function startLocked(options: RelayOptions, opening: Opening): Promise<RunningRelay> {
  const { dataDir, config, log } = options
  const { watch, operator, closing, close } = opening
  const key = relayKey(loadSeed(dataDir, RELAY_KEY_FILE))
  const kept = await startKeeping(options, opening, key)
  const streams = new OpenStreams()
  const asked = askedOf(options, kept.time)
  const blobs = blobsOf(options, opening, { key, kept, asked })
  const mailboxes = mailboxesOf(options, opening, kept, blobs)
  const handlers = handlersOf(options, { key, kept, asked, streams, mailboxes, blobs, meter: opening.meter })
  const node = await startNode(loadSeed(dataDir, LIBP2P_KEY_FILE), config, options.now ?? Date.now, handlers)
  closing.push(() => node.stop())
  await kept.opened.join({ peer: node.peerId.toString(), addresses: bareAddresses(node) }, mailboxes.siblingHandlers)
  logConnections(node, log)
  writeWhole(join(dataDir, ADDRESS_FILE), new TextEncoder().encode(`${pasteText(key, node)}\n`))
  log.info('relay-started', { listeners: node.getMultiaddrs().length })
  watch.running({ node, mailboxes, ...kept })
  return {
    relayId: key.relayId,
    addresses: () => bareAddresses(node),
    fullAddresses: () => bareAddresses(node).map((address) => `${address}/p2p/${node.peerId.toString()}`),
    pasteText: () => pasteText(key, node),
    operatorUrl: operator?.url ?? null,
    sweep: () => kept.housekeeping.sweep(),
    stop: async () => {
      // First of all nobody new is sent here, then nobody new is let in.
      watch.draining()
      log.info('relay-draining', { streams: streams.count })
      await node.unhandle([MAILBOX_PROTOCOL, BLOB_PROTOCOL])
      await Promise.race([streams.drain(), delay(DRAIN_WITHIN_MS, undefined, { ref: false })])
      await close()
      log.info('relay-stopped')
    },
  }
}

type StoppableTime = RelayTime & { stop(): void }

function clockOf({ dataDir, now, clocks = systemClocks }: RelayOptions): StoppableTime {
  return now === undefined ? new KeptClock(dataDir, clocks) : { now, certainNow: now, stop: () => undefined }
}

interface Kept {
  readonly time: RelayTime
  readonly damage: DamageReports
  readonly disk: DiskRoom
  readonly opened: OpenedStore
  readonly store: RelayStore
  readonly files: BlobFiles
  readonly guard: RestoreGuard
  readonly housekeeping: Housekeeping
}

/** What is on the disk is put in order before anybody is let in. */
async function startKeeping(options: RelayOptions, { meter, disk, closing }: Opening, key: RelayKey): Promise<Kept> {
  const { dataDir, config, log, eraseEveryMs } = options
  const damage = new DamageReports(log, meter, () => performance.now())
  const time = clockOf(options)
  closing.push(() => {
    time.stop()
  })
  const onDamage = (): void => {
    damage.met('page')
  }
  const opened = await openStore({ dataDir, config, log, sqlite: { onDamage, disk } }, key.relayId)
  closing.push(() => opened.close())
  const store = measuredStore(opened.store, meter)
  const files = new BlobFiles(opened.blobs.folder, opened.blobs.writer)
  await files.prepare()
  await files.deleteOthers(() => store.blobNames())
  const guard = new RestoreGuard(store, join(dataDir, INCARNATION_FILE))
  const discarded = await guard.check()
  if (discarded !== null) {
    const missing = await forgetMissingBlobs(store, files)
    log.info('database-was-restored', { prekeysDiscarded: discarded, blobsMissing: missing })
  }
  const housekeeping = new Housekeeping({
    ...{ store, files, guard, log, time },
    ...(eraseEveryMs === undefined ? {} : { eraseEveryMs }),
  })
  housekeeping.start()
  closing.push(async () => {
    await housekeeping.stop()
    housekeeping.erase()
  })
  return { time, damage, disk, opened, store, files, guard, housekeeping }
}

/** An attachment that was fetched after the copy of the database was made: its row came back, its file did not. */
async function forgetMissingBlobs(store: RelayStore, files: BlobFiles): Promise<number> {
  const missing = await files.missingOf(await store.blobNames())
  for (const name of missing) await store.deleteBlob(name)
  return missing.length
}

/** What bounds the askers, and what they are given. */
function askedOf({ config }: RelayOptions, time: RelayTime) {
  const now = (): number => time.now()
  return {
    quota: new DailyQuota({ envelopes: config.tokenEnvelopesPerDay, bytes: config.tokenBytesPerDay }),
    asks: new AskLimits(config, now),
    door: new FrontDoor({ bits: config.doorBits, now }),
    requestBytes: new ByteBudget(config.maxRequestBytes),
    halfFrames: new HalfFrames(config.maxRequestBytes),
    turn: turnServers(config),
  }
}

type Asked = ReturnType<typeof askedOf>

function blobsOf(
  { config }: RelayOptions,
  { meter: metrics }: Opening,
  { key, kept, asked }: Pick<HandlerParts, 'key' | 'kept' | 'asked'>,
): Blobs {
  const { store, files, time, disk } = kept
  const { quota, halfFrames } = asked
  const now = (): number => time.now()
  return new Blobs({
    store,
    files,
    config,
    key,
    quota,
    now,
    hasRoomFor: (bytes) => disk.hasRoomFor(bytes),
    halfFrames,
    metrics,
  })
}

function mailboxesOf({ config }: RelayOptions, { meter }: Opening, kept: Kept, blobs: Blobs): Mailboxes {
  const { store, time, guard, files } = kept
  const { siblings, invites } = kept.opened
  const onOpened = (): void => {
    meter.add('mailboxesOpened')
  }
  return new Mailboxes({
    ...{ store, config, time },
    ...(siblings === null ? {} : { siblings }),
    admission: new Admission({ store, config, invites, onOpened }),
    onTaken: () => {
      guard.markTaken()
    },
    deleteBlobs: async (names) => {
      for (const name of names) {
        await blobs.letGo(name)
        await files.delete(name)
      }
    },
  })
}

interface HandlerParts {
  readonly key: RelayKey
  readonly kept: Kept
  readonly asked: Asked
  readonly streams: OpenStreams
  readonly mailboxes: Mailboxes
  readonly blobs: Blobs
  readonly meter: Meter
}

function handlersOf(options: RelayOptions, parts: HandlerParts): RelayHandlers {
  const { config, log, helloWithinMs = HELLO_WITHIN_MS } = options
  const { key, kept, asked, streams, mailboxes, blobs, meter: metrics } = parts
  const { store, time, damage, disk } = kept
  const { quota, halfFrames } = asked
  const now = (): number => time.now()
  const deposits = new Deposits({
    ...{ store, config, key, quota, now, hasRoomFor: (bytes) => disk.hasRoomFor(bytes), metrics },
    onHeld: (mailboxIds) => {
      mailboxes.wake(mailboxIds)
    },
  })
  const onDamaged = (): void => {
    damage.met('envelope')
  }
  return {
    onMailboxStream: (stream, connection, node) => {
      const frontEnds = (): Uint8Array => signedFrontEnds(key, node, kept.opened.siblings, now())
      const shared = { mailboxes, deposits, ...asked, config, now, log, onDamaged, helloWithinMs, frontEnds, metrics }
      streams.serve(new MailboxStream({ ...shared, ...peersOf(stream, connection, node, halfFrames) }))
      log.debug('mailbox-stream-opened', { streams: streams.count })
    },
    onBlobStream: (stream) => {
      log.debug('blob-stream-opened')
      void blobs.serve(stream)
    },
  }
}

function peersOf(stream: Stream, connection: Connection, node: Libp2p, halfFrames: HalfFrames) {
  const onHalfFrame = halfFrames.watch((error) => {
    stream.abort(error)
  })
  return {
    stream: new FramedStream(stream, onHalfFrame),
    relayPeer: node.peerId.toString(),
    clientPeer: connection.remotePeer.toString(),
    clientPrefixes: prefixesOf(connection.remoteAddr.toString()),
  }
}

function logConnections(node: Libp2p, log: RelayLog): void {
  for (const event of ['connection:open', 'connection:close'] as const) {
    node.addEventListener(event, () => {
      log.debug(event.replace(':', '-'), { connections: node.getConnections().length })
    })
  }
}

function pasteText(key: RelayKey, node: Libp2p): string {
  return encodeRelayAddress({ relayId: key.relayId, addresses: bareAddresses(node) })
}
