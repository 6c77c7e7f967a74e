/** The replicated engine of a relay's store: PostgreSQL 15 or newer, any number of front ends on it. docs/relay.md. */

import { createHash, randomBytes } from 'node:crypto'
import type { UsageAnswer } from '../../shared/wire/relay-answers.ts'
import { idToBytes } from '../../shared/model/ids.ts'
import { equalBytes } from '../../shared/wire/bytes.ts'
import {
  beginBlob,
  BLOB_BY_CAPABILITY,
  blobName,
  blobRow,
  completeBlob,
  deleteBlob,
  sweepBlobs,
} from './postgres-blobs.ts'
import { PostgresDatabase } from './postgres-database.ts'
import type { DatabaseParts } from './postgres-database.ts'
import {
  closeInvite,
  DIRECTORY_STOCK,
  directoryStock,
  discardOneTimeItems,
  putDirectory,
  putInvite,
  sweepInvites,
  takeDirectory,
  takeInvite,
} from './postgres-directory.ts'
import {
  closeMailbox,
  MAILBOX_HOLDINGS,
  mailboxHoldings,
  setDoor,
  STORE_TOTALS,
  storeTotals,
} from './postgres-doors.ts'
import { ENVELOPES_AFTER, PostgresEnvelopes, storedEnvelope } from './postgres-envelopes.ts'
import { PostgresFrontEnds } from './postgres-front-ends.ts'
import type { FrontEndTimes } from './postgres-front-ends.ts'
import { PostgresGroups } from './postgres-groups.ts'
import { incarnation, setIncarnation } from './postgres-incarnation.ts'
import { openMailbox, putTokens, revokeTokens } from './postgres-mailboxes.ts'
import { migrate } from './postgres-schema.ts'
import { bytesOf, numberOf } from './postgres-values.ts'
import type { RelayStore, StoreLimits } from './relay-store.ts'
import type { PostgresConfig } from './store-config.ts'

export interface PostgresStoreOptions {
  readonly config: PostgresConfig
  readonly limits: StoreLimits
  /** Of this machine, the same after a restart; each front end has its own. */
  readonly frontEndId: string
  readonly onEvent: DatabaseParts['onEvent']
  /** The store turned out to be a copy from before; so many one-time items were discarded. */
  readonly onWentBack: (discarded: number) => void
  readonly times?: FrontEndTimes | undefined
}

export interface PostgresStore extends RelayStore {
  readonly database: PostgresDatabase
  readonly frontEnds: PostgresFrontEnds
  /** Whether that name has this value: the first one to say it sets it. */
  agree(name: string, value: Uint8Array): Promise<boolean>
  /** Resolves when every connection is closed. */
  ended(): Promise<void>
}

/** @throws Error: no server that may be used, or one with a newer schema */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const { config, limits, frontEndId, onEvent } = options
  const frontEnds = new PostgresFrontEnds({ frontEndId, onWentBack: options.onWentBack, times: options.times })
  const { pulse, onConnected } = frontEnds
  const database = new PostgresDatabase({ config, frontEndId, pulse, onConnected, onEvent })
  await database.start((session) => migrate(session, config.partitions))
  try {
    const tombstoneKey = await agreed(database, 'tombstone', new Uint8Array(randomBytes(32)))
    const envelopes = new PostgresEnvelopes(limits, tombstoneKey)
    return storeOf(options, database, frontEnds, envelopes)
  } catch (error) {
    await database.close()
    throw error
  }
}

/** The value under that name: this one, if it is the first. */
function agreed(database: PostgresDatabase, name: string, value: Uint8Array): Promise<Uint8Array> {
  return database.write(async (transaction) => {
    await transaction.all('insert into secret values ($1, $2) on conflict (name) do nothing', name, value)
    const row = await transaction.get('select value from secret where name = $1 for update', name)
    if (row === undefined) throw new Error('a secret that was there is gone')
    return bytesOf(row, 'value')
  })
}

function storeOf(
  { limits, frontEndId }: PostgresStoreOptions,
  database: PostgresDatabase,
  frontEnds: PostgresFrontEnds,
  envelopes: PostgresEnvelopes,
): PostgresStore {
  const groups = new PostgresGroups(database, envelopes)
  let ended: Promise<void> = Promise.resolve()
  return {
    database,
    frontEnds,
    agree: async (name, value) => equalBytes(await agreed(database, name, sha256(value)), sha256(value)),
    ended: () => ended,

    openMailbox: (mailbox, admits) => database.write((tx) => openMailbox(tx, limits, mailbox, admits)),
    usage: async (mailboxId): Promise<UsageAnswer> => {
      const sql = 'select envelopes, bytes from mailbox_usage where mailbox_id = $1'
      const [row] = await database.read(sql, idToBytes(mailboxId))
      return row === undefined
        ? { envelopeCount: 0, bytes: 0 }
        : { envelopeCount: numberOf(row, 'envelopes'), bytes: numberOf(row, 'bytes') }
    },

    totals: async () => storeTotals((await database.read(STORE_TOTALS))[0]),
    holdings: async (mailboxId) => mailboxHoldings((await database.read(MAILBOX_HOLDINGS, idToBytes(mailboxId)))[0]),
    setDoor: (mailboxId, open) => database.write((tx) => setDoor(tx, mailboxId, open)),
    closeMailbox: (mailboxId) => database.write((tx) => closeMailbox(tx, mailboxId)),

    putTokens: (mailboxId, tokens) => database.write((tx) => putTokens(tx, limits, mailboxId, tokens)),
    revokeTokens: (mailboxId, hashes) => database.write((tx) => revokeTokens(tx, mailboxId, hashes)),
    hasToken: async (mailboxId, tokenHash) => {
      const sql = 'select 1 as one from token where mailbox_id = $1 and hash = $2'
      return (await database.read(sql, idToBytes(mailboxId), tokenHash)).length > 0
    },

    deposit: (items) => groups.deposit(items),
    depositAtDoor: (item, maxPending) => database.write((tx) => envelopes.atDoor(tx, item, maxPending)),
    envelopesAfter: async (mailboxId, sequence, { count, bytes }, nowMs) => {
      const rows = await database.read(ENVELOPES_AFTER, idToBytes(mailboxId), sequence, nowMs, count, bytes)
      return rows.map(storedEnvelope)
    },
    collect: (mailboxId, envelopeIds, nowMs) =>
      groups.collect(envelopeIds.map((envelopeId) => ({ mailboxId, envelopeId, collectedAtMs: nowMs }))),

    collectPushed: (mailboxId, pushed, nowMs) =>
      groups.collect(pushed.map(({ envelopeId }) => ({ mailboxId, envelopeId, collectedAtMs: nowMs }))),

    // Items that are laid twice would go out twice.
    putDirectory: (mailboxId, entry) =>
      database.write((tx) => putDirectory(tx, limits, mailboxId, entry), entry.replace || entry.items.length === 0),
    takeDirectory: (lookupId, mayHaveOneTimeItem = true) =>
      database.write((tx) => takeDirectory(tx, lookupId, mayHaveOneTimeItem)),
    directoryStock: async (mailboxId) =>
      (await database.read(DIRECTORY_STOCK, idToBytes(mailboxId))).map(directoryStock),
    discardOneTimeItems: () => database.write(discardOneTimeItems),

    putInvite: (mailboxId, slot) => database.write((tx) => putInvite(tx, limits, mailboxId, slot)),
    closeInvite: (mailboxId, slotId) => database.write((tx) => closeInvite(tx, mailboxId, slotId)),
    takeInvite: (slotId, nonce, nowMs) => database.write((tx) => takeInvite(tx, slotId, nonce, nowMs)),

    beginBlob: (row) => database.write((tx) => beginBlob(tx, limits, row)),
    completeBlob: (name, storedAtMs) => database.write((tx) => completeBlob(tx, name, storedAtMs)),
    blobByCapability: async (blobId, capabilityHash, nowMs) => {
      const [row] = await database.read(BLOB_BY_CAPABILITY, idToBytes(blobId), capabilityHash, nowMs)
      return row === undefined ? null : blobRow(row)
    },
    deleteBlob: (name) => database.write((tx) => deleteBlob(tx, name)),
    blobNames: async () => (await database.read('select mailbox_id, blob_id from blob')).map(blobName),

    incarnation: () => incarnation(database, frontEndId),
    setIncarnation: (value) => setIncarnation(database, frontEndId, value),

    sweep: async (nowMs) => {
      const more = await database.write((tx) => envelopes.sweepEnvelopes(tx, nowMs))
      const moreMarks = await database.write((tx) => envelopes.sweepTombstones(tx, nowMs))
      await database.write((tx) => sweepInvites(tx, nowMs))
      const expired = await database.write((tx) => sweepBlobs(tx, nowMs))
      return { blobs: expired.blobs, more: more || moreMarks || expired.more }
    },
    // The server's own vacuum does that, in its time: docs/relay.md.
    erase: () => undefined,
    close: () => {
      ended = frontEnds.leave().then(() => database.close())
    },
  }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}
