/** The store that the settings ask for, and what goes with it: where attachments lie, and who else is on it. */

import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { RelayId } from '../../shared/model/ids.ts'
import { idToBytes } from '../../shared/model/ids.ts'
import type { RelayConfig } from '../config.ts'
import { DATABASE_FILE, INVITES_FILE, LIBP2P_KEY_FILE } from '../data-files.ts'
import type { SiblingHandlers, Siblings } from '../front-ends.ts'
import { loadSeed } from '../relay-key.ts'
import type { RelayLog } from '../relay-log.ts'
import { readWhole, writeWhole } from '../whole-file.ts'
import type { OperatorInvites } from './operator-invites.ts'
import { connectInvites, invitesIn } from './postgres-operator-invites.ts'
import { openPostgresStore } from './postgres-relay-store.ts'
import type { RelayStore } from './relay-store.ts'
import type { SqliteOptions } from './sqlite-database.ts'
import { openOperatorInvites } from './sqlite-operator-invites.ts'
import { openRelayStore } from './sqlite-relay-store.ts'
import type { PostgresConfig } from './store-config.ts'

export interface OpenedStore {
  readonly store: RelayStore
  /** Null: this machine is all there is. */
  readonly siblings: Siblings | null
  readonly blobs: { readonly folder: string; readonly writer: string }
  readonly invites: OperatorInvites
  /** Resolves when the other front ends know of this one. */
  join(self: { readonly peer: string; readonly addresses: readonly string[] }, handlers: SiblingHandlers): Promise<void>
  close(): Promise<void>
}

export interface StoreOptions {
  readonly dataDir: string
  readonly config: RelayConfig
  readonly log: RelayLog
  readonly sqlite?: SqliteOptions
}

/** @throws Error: the store cannot be used, with a sentence that says why */
export async function openStore(options: StoreOptions, relayId: RelayId): Promise<OpenedStore> {
  const { dataDir, config } = options
  const ownBlobs = join(dataDir, 'blobs')
  if (config.store.kind === 'postgres') return openShared(options, config.store, relayId, ownBlobs)
  const store = openRelayStore(join(dataDir, DATABASE_FILE), config, options.sqlite)
  const invites = openOperatorInvites(join(dataDir, INVITES_FILE))
  return {
    ...{ store, invites },
    siblings: null,
    blobs: { folder: ownBlobs, writer: '' },
    join: async () => undefined,
    close: async () => {
      invites.close()
      store.close()
    },
  }
}

/** The operator's invites alone, beside a relay that may be running. @throws Error: the store cannot be reached */
export async function openInvites({
  dataDir,
  config,
}: Pick<StoreOptions, 'dataDir' | 'config'>): Promise<OperatorInvites> {
  if (config.store.kind === 'postgres') return connectInvites(config.store)
  return openOperatorInvites(join(dataDir, INVITES_FILE))
}

async function openShared(
  { dataDir, config, log }: StoreOptions,
  postgres: PostgresConfig,
  relayId: RelayId,
  ownBlobs: string,
): Promise<OpenedStore> {
  const frontEndId = frontEndIdOf(dataDir)
  const store = await openPostgresStore({
    config: postgres,
    limits: config,
    frontEndId,
    onEvent: (event) => {
      log.info(event)
    },
    onWentBack: (prekeysDiscarded) => {
      log.info('database-was-restored', { prekeysDiscarded })
    },
  })
  const close = async (): Promise<void> => {
    store.close()
    await store.ended()
  }
  try {
    const folder = postgres.blobsFolder === '' ? ownBlobs : postgres.blobsFolder
    if (!(await store.agree('relay', idToBytes(relayId)))) {
      throw new Error('The store belongs to another relay: all front ends of one share its relay.key.')
    }
    if (!(await store.agree('blobs', folderMark(folder)))) {
      throw new Error(
        `The folder ${folder} is not the one that holds this relay's attachments: all front ends share one (store.blobsFolder).`,
      )
    }
    return {
      store,
      siblings: store.frontEnds,
      invites: invitesIn(store.database),
      blobs: { folder, writer: frontEndId },
      join: (self, handlers) => store.frontEnds.join(store.database, self, handlers),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Says nothing of the key that it is made from. */
function frontEndIdOf(dataDir: string): string {
  const hash = createHash('sha256').update('parley front end').update(loadSeed(dataDir, LIBP2P_KEY_FILE))
  return hash.digest('hex').slice(0, 16)
}

/** A file in it tells the folder from any other: a mount that is missing leaves an empty one under the same name. */
function folderMark(folder: string): Uint8Array {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'folder-mark')
  const known = readWhole(path)
  if (known !== null) return known
  const mark = new Uint8Array(randomBytes(16))
  writeWhole(path, mark)
  return mark
}
