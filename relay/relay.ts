/** A running relay: store, mailboxes, blobs, node, and the order in which they start and stop. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { RelayId } from '../shared/model/ids.ts'
import { FramedStream } from '../shared/wire/framed-stream.ts'
import { encodeRelayAddress } from '../shared/wire/relay-address.ts'
import { prefixesOf } from './address-prefixes.ts'
import { AskLimits } from './ask-limits.ts'
import { BlobFiles } from './blob-files.ts'
import { Blobs } from './blobs.ts'
import { ByteBudget } from './byte-budget.ts'
import type { RelayConfig } from './config.ts'
import { DailyQuota } from './daily-quota.ts'
import { DamageReports } from './damage-reports.ts'
import { Deposits } from './deposits.ts'
import { FrontDoor } from './front-door.ts'
import { bareAddresses, signedFrontEnds } from './front-ends.ts'
import { DiskRoom } from './disk-room.ts'
import { HalfFrames } from './half-frames.ts'
import { Housekeeping } from './housekeeping.ts'
import { KeptClock } from './kept-clock.ts'
import { Mailboxes } from './mailboxes.ts'
import { MailboxStream } from './mailbox-stream.ts'
import { startNode } from './node.ts'
import { systemClocks } from './relay-clock.ts'
import type { Clocks, RelayTime } from './relay-clock.ts'
import type { RelayHandlers } from './node.ts'
import { loadSeed, relayKey } from './relay-key.ts'
import type { RelayKey } from './relay-key.ts'
import type { RelayLog } from './relay-log.ts'
import { RestoreGuard } from './restore-guard.ts'
import { lockDataDir } from './storage/data-lock.ts'
import type { RelayStore } from './storage/relay-store.ts'
import { openRelayStore } from './storage/sqlite-relay-store.ts'
import { turnServers } from './turn.ts'
import { writeWhole } from './whole-file.ts'

const HELLO_WITHIN_MS = 10_000
const DRAIN_WITHIN_MS = 5_000
/** What people paste into Settings, as of the last start: `parley-relay address` prints it. */
export const ADDRESS_FILE = 'relay-address'

export interface RunningRelay {
  readonly relayId: RelayId
  /** Multiaddrs without PeerId. */
  addresses(): readonly string[]
  /** What people paste into Settings. */
  pasteText(): string
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
  const unlock = lockDataDir(join(options.dataDir, 'lock'))
  try {
    return await startLocked(options, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

async function startLocked(options: RelayOptions, unlock: () => void): Promise<RunningRelay> {
  const { dataDir, config, log } = options
  const key = relayKey(loadSeed(dataDir, 'relay.key'))
  const damage = new DamageReports(log, () => performance.now())
  const disk = new DiskRoom({ dataDir, minFreeDiskBytes: config.minFreeDiskBytes, log })
  await disk.start()
  const clock = clockOf(options)
  let store: RelayStore | null = null
  try {
    const onDamage = (): void => {
      damage.met('page')
    }
    store = openRelayStore(join(dataDir, 'relay.db'), config, { onDamage, disk })
    const kept = await startKeeping(options, { store, time: clock, damage, disk })
    const streams = new OpenStreams()
    const node = await startNode(
      loadSeed(dataDir, 'libp2p.key'),
      config,
      options.now ?? Date.now,
      handlersOf(options, key, kept, streams),
    )
    writeWhole(join(dataDir, ADDRESS_FILE), new TextEncoder().encode(`${pasteText(key, node)}\n`))
    log.info('relay-started', { listeners: node.getMultiaddrs().length })
    return {
      relayId: key.relayId,
      addresses: () => bareAddresses(node),
      pasteText: () => pasteText(key, node),
      sweep: () => kept.housekeeping.sweep(),
      stop: async () => {
        await Promise.race([streams.drain(), delay(DRAIN_WITHIN_MS, undefined, { ref: false })])
        await node.stop()
        await kept.housekeeping.stop()
        await disk.stop()
        clock.stop()
        kept.housekeeping.erase()
        kept.store.close()
        unlock()
        log.info('relay-stopped')
      },
    }
  } catch (error) {
    await disk.stop()
    clock.stop()
    store?.close()
    throw error
  }
}

type StoppableTime = RelayTime & { stop(): void }

function clockOf({ dataDir, now, clocks = systemClocks }: RelayOptions): StoppableTime {
  return now === undefined ? new KeptClock(dataDir, clocks) : { now, certainNow: now, stop: () => undefined }
}

interface Opened {
  readonly store: RelayStore
  readonly time: RelayTime
  readonly damage: DamageReports
  readonly disk: DiskRoom
}

interface Kept extends Opened {
  readonly files: BlobFiles
  readonly guard: RestoreGuard
  readonly housekeeping: Housekeeping
}

/** What is on the disk is put in order before anybody is let in. */
async function startKeeping(options: RelayOptions, opened: Opened): Promise<Kept> {
  const { dataDir, log, eraseEveryMs } = options
  const { store, time } = opened
  const files = new BlobFiles(dataDir)
  await files.prepare()
  await files.deleteOthers(await store.blobNames())
  const guard = new RestoreGuard(store, join(dataDir, 'incarnation'))
  const discarded = await guard.check()
  if (discarded !== null) log.info('database-was-restored', { prekeysDiscarded: discarded })
  const housekeeping = new Housekeeping({
    ...{ store, files, guard, log, time },
    ...(eraseEveryMs === undefined ? {} : { eraseEveryMs }),
  })
  housekeeping.start()
  return { ...opened, files, guard, housekeeping }
}

function handlersOf(options: RelayOptions, key: RelayKey, kept: Kept, streams: OpenStreams): RelayHandlers {
  const { config, log, helloWithinMs = HELLO_WITHIN_MS } = options
  const { time, damage, disk, store, files, guard } = kept
  const now = (): number => time.now()
  const quota = new DailyQuota({ envelopes: config.tokenEnvelopesPerDay, bytes: config.tokenBytesPerDay })
  const isDiskFull = (): boolean => disk.isFull
  const mailboxes = new Mailboxes({
    ...{ store, config, time },
    onTaken: () => {
      guard.markTaken()
    },
    deleteBlobs: async (names) => {
      for (const name of names) await files.delete(name)
    },
  })
  const deposits = new Deposits({
    ...{ store, config, key, quota, now, isDiskFull },
    onHeld: (mailboxIds) => {
      mailboxes.wake(mailboxIds)
    },
  })
  const asked = {
    asks: new AskLimits(config, now),
    door: new FrontDoor({ bits: config.doorBits, now }),
    requestBytes: new ByteBudget(config.maxRequestBytes),
    halfFrames: new HalfFrames(config.maxRequestBytes / 4),
    turn: turnServers(config),
  }
  const onDamaged = (): void => {
    damage.met('envelope')
  }
  const blobs = new Blobs({ store, files, config, key, quota, now, isDiskFull, halfFrames: asked.halfFrames })
  return {
    onMailboxStream: (stream, connection, node) => {
      const frontEnds = (): Uint8Array => signedFrontEnds(key, node, now())
      const parts = { mailboxes, deposits, ...asked, config, now, log, onDamaged, helloWithinMs, frontEnds }
      streams.serve(new MailboxStream({ ...parts, ...peersOf(stream, connection, node, asked.halfFrames) }))
    },
    onBlobStream: (stream) => {
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

function pasteText(key: RelayKey, node: Libp2p): string {
  return encodeRelayAddress({ relayId: key.relayId, addresses: bareAddresses(node) })
}

class OpenStreams {
  readonly #streams = new Set<MailboxStream>()
  #draining = false

  serve(stream: MailboxStream): void {
    // Whoever comes now finds another front end sooner than this one.
    if (this.#draining) {
      stream.turnAway()
      return
    }
    this.#streams.add(stream)
    void stream.run().finally(() => this.#streams.delete(stream))
  }

  async drain(): Promise<void> {
    this.#draining = true
    await Promise.allSettled([...this.#streams].map((stream) => stream.drain()))
  }
}
