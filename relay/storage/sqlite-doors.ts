/** The front door of a mailbox, and the end of a mailbox, in SQL. Each function runs inside a commit. */

import type { MailboxId } from '../../shared/model/ids.ts'
import { idToBytes } from '../../shared/model/ids.ts'
import type { BlobName, DepositItem, DepositResult, MailboxHoldings } from './relay-store.ts'
import { blobName } from './sqlite-blobs.ts'
import { numberOf } from './sqlite-database.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import type { SqliteEnvelopes } from './sqlite-envelopes.ts'
import type { KnownMailbox, SqliteMailboxes } from './sqlite-mailboxes.ts'

/** Of strangers: no token, so no handle. */
const NO_HANDLE = new Uint8Array()
/** Envelopes of one slice, while others wait. */
const CLOSE_ROWS = 500

export class SqliteDoors {
  readonly #database: SqliteDatabase
  readonly #mailboxes: SqliteMailboxes
  readonly #envelopes: SqliteEnvelopes

  constructor(database: SqliteDatabase, mailboxes: SqliteMailboxes, envelopes: SqliteEnvelopes) {
    this.#database = database
    this.#mailboxes = mailboxes
    this.#envelopes = envelopes
  }

  deposit(item: Omit<DepositItem, 'tokenHash'>, maxPending: number): DepositResult {
    const mailbox = this.#mailboxes.find(item.mailboxId)
    // A mailbox that is not there costs as much as one whose door is closed.
    if (!this.#isOpen(item.mailboxId) || mailbox === null) return { kind: 'no-token' }
    const isKnown = this.#envelopes.isKnown(mailbox, item.envelopeId)
    if (!isKnown && this.#pending(mailbox) >= maxPending) return { kind: 'full' }
    return this.#envelopes.keep(mailbox, item, NO_HANDLE)
  }

  #isOpen(mailboxId: MailboxId): boolean {
    const open = 'select 1 from mailbox where mailbox_id = ? and door_closed = 0'
    return this.#database.get(open, idToBytes(mailboxId)) !== undefined
  }

  #pending({ number }: KnownMailbox): number {
    const pending = 'select count(*) as n from waiting where mailbox = ? and at_door = 1'
    return numberOf(this.#database.get(pending, number), 'n')
  }

  set(mailboxId: MailboxId, open: boolean): void {
    this.#database.run('update mailbox set door_closed = ? where mailbox_id = ?', open ? 0 : 1, idToBytes(mailboxId))
  }

  holdings(mailboxId: MailboxId): Omit<MailboxHoldings, 'blobBytes'> {
    const mailbox = this.#mailboxes.find(mailboxId)
    if (mailbox === null) return { tokens: 0, doorEnvelopes: 0, doorOpen: false }
    const tokens = this.#database.get('select count(*) as n from token where mailbox_id = ?', mailbox.id)
    return { tokens: numberOf(tokens, 'n'), doorEnvelopes: this.#pending(mailbox), doorOpen: this.#isOpen(mailboxId) }
  }

  closeMailbox(id: MailboxId): { readonly blobs: readonly BlobName[]; readonly more: boolean } {
    const mailbox = this.#mailboxes.find(id)
    if (mailbox === null) return { blobs: [], more: false }
    this.set(id, false)
    this.#mailboxes.revokeAllTokens(mailbox)
    if (this.#envelopes.deleteSome(mailbox, CLOSE_ROWS)) return { blobs: [], more: true }
    const blobs = this.#database
      .all('select mailbox_id, blob_id from blob where mailbox_id = ?', mailbox.id)
      .map(blobName)
    this.#database.run(
      'delete from directory_item where lookup_id in (select lookup_id from directory where mailbox_id = ?)',
      mailbox.id,
    )
    for (const table of ['directory', 'invite', 'blob']) {
      this.#database.run(`delete from ${table} where mailbox_id = ?`, mailbox.id)
    }
    this.#mailboxes.delete(id)
    return { blobs, more: false }
  }
}
