/** The embedded engine of a relay's store: one SQLite file. */

import type { InviteTaken, UsageAnswer } from '../../shared/wire/relay-answers.ts'
import { RELAY_MIGRATIONS } from './migrations.ts'
import type { RelayStore, StoreLimits } from './relay-store.ts'
import { SqliteBlobs } from './sqlite-blobs.ts'
import { aroundDamage, depositAlone, envelopesAround, sweepAround } from './sqlite-damage.ts'
import { bytesOf, SqliteDatabase } from './sqlite-database.ts'
import type { SqliteOptions } from './sqlite-database.ts'
import { SqliteDirectory } from './sqlite-directory.ts'
import { SqliteDoors } from './sqlite-doors.ts'
import { SqliteEnvelopes } from './sqlite-envelopes.ts'
import { SqliteExpiry } from './sqlite-expiry.ts'
import { SqliteMailboxes } from './sqlite-mailboxes.ts'
import { totalsOf } from './sqlite-totals.ts'

/** @throws Error when the file was written by a newer version */
export function openRelayStore(path: string, limits: StoreLimits, options: SqliteOptions = {}): RelayStore {
  const database = new SqliteDatabase(path, RELAY_MIGRATIONS, options)
  const mailboxes = new SqliteMailboxes(database, limits)
  const envelopes = new SqliteEnvelopes(database, mailboxes, limits)
  const expiry = new SqliteExpiry(database, mailboxes)
  const doors = new SqliteDoors(database, mailboxes, envelopes)
  const directory = new SqliteDirectory(database, limits)
  const blobs = new SqliteBlobs(database, limits)
  database.onRollback = () => {
    mailboxes.forget()
    envelopes.forget()
  }
  const write = <T>(body: () => T): Promise<T> => database.commit(body, 'goes-on')
  /** What takes room for good. */
  const add = <T>(body: () => T): Promise<T> => database.commit(body, 'grows')
  const read = <T>(body: () => T): Promise<T> => database.read(body)
  return {
    openMailbox: (mailbox, admits) => add(() => mailboxes.open(mailbox, admits)),
    usage: (mailboxId) => read((): UsageAnswer => envelopes.usage(mailboxId)),
    totals: () => totalsOf(database),
    holdings: (mailboxId) => read(() => ({ ...doors.holdings(mailboxId), blobBytes: blobs.bytesOfMailbox(mailboxId) })),
    setDoor: (mailboxId, open) =>
      write(() => {
        doors.set(mailboxId, open)
      }),
    closeMailbox: (mailboxId) => write(() => doors.closeMailbox(mailboxId)),

    putTokens: (mailboxId, tokens) => add(() => mailboxes.putTokens(mailboxId, tokens)),
    revokeTokens: (mailboxId, hashes) =>
      write(() => {
        mailboxes.revokeTokens(mailboxId, hashes)
      }),
    hasToken: (mailboxId, tokenHash) => read(() => mailboxes.hasToken(mailboxId, tokenHash)),

    deposit: (items) =>
      aroundDamage(
        add(() => items.map((item) => envelopes.deposit(item))),
        () => Promise.all(items.map((item) => depositAlone(add, envelopes, item))),
      ),
    depositAtDoor: (item, maxPending) => add(() => doors.deposit(item, maxPending)),
    envelopesAfter: (mailboxId, sequence, limit, nowMs) =>
      aroundDamage(
        read(() => envelopes.envelopesAfter(mailboxId, sequence, limit, nowMs)),
        () => read(() => envelopesAround(database, mailboxes, mailboxId, sequence, limit, nowMs)),
      ),
    collect: (mailboxId, envelopeIds, nowMs) =>
      write(() => {
        envelopes.collect(mailboxId, envelopeIds, nowMs)
      }),

    collectPushed: (mailboxId, pushed, nowMs) =>
      write(() => {
        envelopes.collectPushed(mailboxId, pushed, nowMs)
      }),

    putDirectory: (mailboxId, entry) => add(() => directory.put(mailboxId, entry)),
    takeDirectory: (lookupId, mayHaveOneTimeItem = true) => write(() => directory.take(lookupId, mayHaveOneTimeItem)),
    directoryStock: (mailboxId) => read(() => directory.stock(mailboxId)),
    discardOneTimeItems: () => write(() => directory.discardOneTimeItems()),

    putInvite: (mailboxId, slot) => add(() => directory.putInvite(mailboxId, slot)),
    closeInvite: (mailboxId, slotId) =>
      write(() => {
        directory.closeInvite(mailboxId, slotId)
      }),
    takeInvite: (slotId, takerNonce, nowMs) =>
      write((): InviteTaken => directory.takeInvite(slotId, takerNonce, nowMs)),

    beginBlob: (row) => add(() => blobs.begin(row)),
    completeBlob: (name, storedAtMs) =>
      write(() => {
        blobs.complete(name, storedAtMs)
      }),
    blobByCapability: (blobId, capabilityHash, nowMs) => read(() => blobs.byCapability(blobId, capabilityHash, nowMs)),
    deleteBlob: (name) =>
      write(() => {
        blobs.delete(name)
      }),
    blobNames: () => read(() => blobs.names()),

    incarnation: () => read(() => incarnationOf(database)),
    setIncarnation: (value) =>
      write(() => {
        database.run("insert or replace into secret (name, value) values ('incarnation', ?)", value)
      }),

    sweep: async (nowMs) => {
      const moreEnvelopes = await aroundDamage(
        write(() => expiry.sweep(nowMs)),
        () => sweepAround(write, expiry, nowMs),
      )
      return write(() => {
        directory.sweep(nowMs)
        const expired = blobs.sweep(nowMs)
        return { blobs: expired.blobs, more: moreEnvelopes || expired.more }
      })
    },
    erase: () => {
      database.erase()
    },
    close: () => {
      database.close()
    },
  }
}

function incarnationOf(database: SqliteDatabase): Uint8Array | null {
  const row = database.get("select value from secret where name = 'incarnation'")
  return row === undefined ? null : bytesOf(row, 'value')
}
