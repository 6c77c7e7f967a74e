/** The front door of a mailbox, and the end of a mailbox, in SQL. Each function runs inside a commit. */

import type { MailboxId } from '../../shared/model/ids.ts'
import { idToBytes } from '../../shared/model/ids.ts'
import type { BlobName, DepositItem, DepositResult, MailboxHoldings } from './relay-store.ts'
import { blobName } from './sqlite-blobs.ts'
import { numberOf } from './sqlite-database.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import type { SqliteEnvelopes } from './sqlite-envelopes.ts'

/** Of strangers: no token, so no handle. */
const NO_HANDLE = new Uint8Array()
/** Envelopes of one slice, while others wait. */
const CLOSE_ROWS = 500

export class SqliteDoors {
  readonly #database: SqliteDatabase
  readonly #envelopes: SqliteEnvelopes

  constructor(database: SqliteDatabase, envelopes: SqliteEnvelopes) {
    this.#database = database
    this.#envelopes = envelopes
  }

  deposit(item: Omit<DepositItem, 'tokenHash'>, maxPending: number): DepositResult {
    const mailboxId = idToBytes(item.mailboxId)
    // A mailbox that is not there costs as much as one whose door is closed.
    const open = this.#database.get('select 1 from mailbox where mailbox_id = ? and door_closed = 0', mailboxId)
    if (open === undefined) return { kind: 'no-token' }
    const known = this.#database.get(
      'select 1 from envelope where mailbox_id = ? and envelope_id = ?',
      mailboxId,
      idToBytes(item.envelopeId),
    )
    if (known === undefined && this.#pending(mailboxId) >= maxPending) return { kind: 'full' }
    return this.#envelopes.keep(item, NO_HANDLE)
  }

  #pending(mailboxId: Uint8Array): number {
    const pending = 'select count(*) as n from envelope where mailbox_id = ? and length(handle) = 0'
    return numberOf(this.#database.get(pending, mailboxId), 'n')
  }

  set(mailboxId: MailboxId, open: boolean): void {
    this.#database.run('update mailbox set door_closed = ? where mailbox_id = ?', open ? 0 : 1, idToBytes(mailboxId))
  }

  holdings(mailboxId: MailboxId): Omit<MailboxHoldings, 'blobBytes'> {
    const owner = idToBytes(mailboxId)
    const tokens = this.#database.get('select count(*) as n from token where mailbox_id = ?', owner)
    const open = this.#database.get('select 1 from mailbox where mailbox_id = ? and door_closed = 0', owner)
    return { tokens: numberOf(tokens, 'n'), doorEnvelopes: this.#pending(owner), doorOpen: open !== undefined }
  }

  closeMailbox(id: MailboxId): { readonly blobs: readonly BlobName[]; readonly more: boolean } {
    const mailboxId = idToBytes(id)
    this.set(id, false)
    this.#database.run('delete from token where mailbox_id = ?', mailboxId)
    const deleted = this.#database.run(
      `delete from envelope where sequence in (select sequence from envelope where mailbox_id = ? limit ${CLOSE_ROWS})`,
      mailboxId,
    )
    if (deleted === CLOSE_ROWS) return { blobs: [], more: true }
    const blobs = this.#database
      .all('select mailbox_id, blob_id from blob where mailbox_id = ?', mailboxId)
      .map(blobName)
    this.#database.run(
      'delete from directory_item where lookup_id in (select lookup_id from directory where mailbox_id = ?)',
      mailboxId,
    )
    for (const table of ['directory', 'invite', 'blob', 'mailbox_usage', 'mailbox']) {
      this.#database.run(`delete from ${table} where mailbox_id = ?`, mailboxId)
    }
    return { blobs, more: false }
  }
}
