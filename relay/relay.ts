/** A running relay: store, mailboxes, blobs, node, and the timers that sweep and erase. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Libp2p } from '@libp2p/interface'
import type { RelayId } from '../shared/model/ids.ts'
import { concatBytes } from '../shared/wire/bytes.ts'
import { FramedStream } from '../shared/wire/framed-stream.ts'
import { encodeRelayAddress } from '../shared/wire/relay-address.ts'
import { frontEndsBytes, frontEndsToSign } from '../shared/wire/relay-signed.ts'
import { BlobFiles } from './blob-files.ts'
import { Blobs } from './blobs.ts'
import type { RelayConfig } from './config.ts'
import { Mailboxes } from './mailbox.ts'
import { MailboxStream } from './mailbox-stream.ts'
import { startNode } from './node.ts'
import { loadSeed, relayKey } from './relay-key.ts'
import type { RelayKey } from './relay-key.ts'
import { openRelayStore } from './storage/sqlite-relay-store.ts'

/** Acknowledged bytes are gone from database, log and free pages within a minute. */
const ERASE_EVERY_MS = 30_000
const SWEEP_EVERY_MS = 60_000
const MAX_ADDRESSES = 8

export interface RelayLog {
  info(event: string, fields?: Readonly<Record<string, string | number>>): void
  error(event: string, fields?: Readonly<Record<string, string | number>>): void
}

export interface RunningRelay {
  readonly relayId: RelayId
  /** Multiaddrs without PeerId. */
  addresses(): readonly string[]
  /** What people paste into Settings. */
  pasteText(): string
  stop(): Promise<void>
}

export interface RelayOptions {
  readonly dataDir: string
  readonly config: RelayConfig
  readonly log: RelayLog
  readonly now?: () => number
}

export async function startRelay({ dataDir, config, log, now = Date.now }: RelayOptions): Promise<RunningRelay> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const key = relayKey(loadSeed(dataDir, 'relay.key'))
  const store = openRelayStore(join(dataDir, 'relay.db'))
  const files = new BlobFiles(dataDir)
  await files.prepare()
  const mailboxes = new Mailboxes(store, config, key, now)
  const blobs = new Blobs(store, files, config, key, now)
  const node = await startNode(loadSeed(dataDir, 'libp2p.key'), config, {
    onMailboxStream: (stream, connection) => {
      const facts = { config, now, frontEnds: () => signedFrontEnds(key, node, now) }
      const peers = { relayPeer: node.peerId.toString(), clientPeer: connection.remotePeer.toString() }
      void new MailboxStream(new FramedStream(stream), mailboxes, facts, peers).run()
    },
    onBlobStream: (stream) => {
      void blobs.serve(stream)
    },
  })
  const eraser = setInterval(() => {
    store.erase()
  }, ERASE_EVERY_MS)
  const sweeper = setInterval(() => {
    const expired = store.transaction(() => store.sweep(now()))
    blobs.deleteFiles(expired).catch((error: unknown) => {
      log.error('blob-files-not-deleted', { reason: error instanceof Error ? error.name : 'unknown' })
    })
  }, SWEEP_EVERY_MS)
  log.info('relay-started', { listeners: node.getMultiaddrs().length })
  return {
    relayId: key.relayId,
    addresses: () => bareAddresses(node),
    pasteText: () => encodeRelayAddress({ relayId: key.relayId, addresses: bareAddresses(node) }),
    stop: async () => {
      clearInterval(eraser)
      clearInterval(sweeper)
      await node.stop()
      store.erase()
      store.close()
      log.info('relay-stopped')
    },
  }
}

function bareAddresses(node: Libp2p): readonly string[] {
  const all = node.getMultiaddrs().map((address) => address.toString().replace(/\/p2p\/[^/]+$/, ''))
  const direct = [...new Set(all)].filter((address) => !address.includes('/p2p-circuit'))
  // TCP first: it gets through everywhere; link-local and loopback last.
  return direct.sort((a, b) => rank(a) - rank(b)).slice(0, MAX_ADDRESSES)
}

function rank(address: string): number {
  const near = /^\/ip4\/127\.|^\/ip6\/::1\/|^\/ip6\/fe80/.test(address) ? 10 : 0
  return near + (address.includes('/quic') ? 1 : 0) + (address.includes('/ws') ? 2 : 0)
}

function signedFrontEnds(key: RelayKey, node: Libp2p, now: () => number): Uint8Array {
  const body = frontEndsBytes({
    relayId: key.relayId,
    version: Math.floor(now() / 1000),
    peers: [node.peerId.toString()],
    addresses: bareAddresses(node),
  })
  return concatBytes(body, key.sign(frontEndsToSign(body)))
}
