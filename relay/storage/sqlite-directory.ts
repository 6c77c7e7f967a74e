/** The prekey directory and the invite slots in SQL. Each function runs inside a commit. */

import type { MailboxId } from '../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../shared/model/ids.ts'
import { equalBytes } from '../../shared/wire/bytes.ts'
import type { InviteTaken } from '../../shared/wire/relay-answers.ts'
import { MAX_DIRECTORY_ITEMS } from '../../shared/wire/relay-requests.ts'
import type { DirectoryEntry } from '../../shared/wire/relay-requests.ts'
import type { DirectoryStock, StoreLimits } from './relay-store.ts'
import { bytesOf, numberOf } from './sqlite-database.ts'
import type { SqliteDatabase } from './sqlite-database.ts'

/** A used or expired invite is still told apart from an unknown one for this long. */
const INVITE_MEMORY_MS = 30 * 24 * 60 * 60 * 1000

export class SqliteDirectory {
  readonly #database: SqliteDatabase
  readonly #limits: StoreLimits

  constructor(database: SqliteDatabase, limits: StoreLimits) {
    this.#database = database
    this.#limits = limits
  }

  put(mailboxId: MailboxId, entry: DirectoryEntry): number | 'foreign' | 'full' {
    const owner = idToBytes(mailboxId)
    const known = this.#database.get('select mailbox_id from directory where lookup_id = ?', entry.lookupId)
    if (known !== undefined && !equalBytes(bytesOf(known, 'mailbox_id'), owner)) return 'foreign'
    if (known === undefined) {
      const count = numberOf(this.#database.get('select count(*) as n from directory where mailbox_id = ?', owner), 'n')
      if (count >= this.#limits.mailboxMaxDirectories) return 'full'
    }
    this.#database.run(
      'insert into directory values (?, ?, ?) on conflict (lookup_id) do update set last_resort = excluded.last_resort',
      entry.lookupId,
      owner,
      entry.lastResort,
    )
    if (entry.replace) this.#database.run('delete from directory_item where lookup_id = ?', entry.lookupId)
    const room = MAX_DIRECTORY_ITEMS - this.#remaining(entry.lookupId)
    for (const item of entry.items.slice(0, room)) {
      this.#database.run('insert into directory_item (lookup_id, item) values (?, ?)', entry.lookupId, item)
    }
    return this.#remaining(entry.lookupId)
  }

  #remaining(lookupId: Uint8Array): number {
    return numberOf(this.#database.get('select count(*) as n from directory_item where lookup_id = ?', lookupId), 'n')
  }

  take(lookupId: Uint8Array, mayHaveOneTimeItem: boolean) {
    const directory = this.#database.get('select mailbox_id, last_resort from directory where lookup_id = ?', lookupId)
    if (directory === undefined) return null
    const taken = mayHaveOneTimeItem ? this.#takeOneTimeItem(lookupId) : undefined
    return {
      item: taken === undefined ? bytesOf(directory, 'last_resort') : bytesOf(taken, 'item'),
      mailboxId: idFromBytes<MailboxId>(bytesOf(directory, 'mailbox_id')),
      remaining: this.#remaining(lookupId),
    }
  }

  #takeOneTimeItem(lookupId: Uint8Array) {
    return this.#database.get(
      `delete from directory_item where sequence =
       (select min(sequence) from directory_item where lookup_id = ?) returning item`,
      lookupId,
    )
  }

  stock(mailboxId: MailboxId): readonly DirectoryStock[] {
    return this.#database
      .all('select lookup_id from directory where mailbox_id = ?', idToBytes(mailboxId))
      .map((row) => bytesOf(row, 'lookup_id'))
      .map((lookupId) => ({ lookupId, remaining: this.#remaining(lookupId) }))
  }

  discardOneTimeItems(): number {
    return this.#database.run('delete from directory_item')
  }

  putInvite(
    mailboxId: MailboxId,
    slot: { readonly slotId: Uint8Array; readonly item: Uint8Array; readonly expiresAtMs: number },
  ): 'stored' | 'foreign' | 'full' {
    const owner = idToBytes(mailboxId)
    const known = this.#database.get('select mailbox_id from invite where slot_id = ?', slot.slotId)
    // Laying the same slot again changes nothing: whoever has taken it keeps it.
    if (known !== undefined) return equalBytes(bytesOf(known, 'mailbox_id'), owner) ? 'stored' : 'foreign'
    const count = numberOf(
      this.#database.get('select count(*) as n from invite where mailbox_id = ? and item is not null', owner),
      'n',
    )
    if (count >= this.#limits.mailboxMaxInvites) return 'full'
    const { slotId, item, expiresAtMs } = slot
    this.#database.run('insert into invite values (?, ?, ?, null, ?)', slotId, owner, item, expiresAtMs)
    return 'stored'
  }

  closeInvite(mailboxId: MailboxId, slotId: Uint8Array): void {
    this.#database.run('delete from invite where slot_id = ? and mailbox_id = ?', slotId, idToBytes(mailboxId))
  }

  takeInvite(slotId: Uint8Array, takerNonce: Uint8Array, nowMs: number): InviteTaken {
    const row = this.#database.get('select item, taker_nonce, expires_ms from invite where slot_id = ?', slotId)
    if (row === undefined) return { kind: 'unknown' }
    const taker = row['taker_nonce'] === null ? null : bytesOf(row, 'taker_nonce')
    if (taker !== null && !equalBytes(taker, takerNonce)) return { kind: 'used' }
    if (row['item'] === null || numberOf(row, 'expires_ms') <= nowMs) return { kind: 'expired' }
    if (taker === null) this.#database.run('update invite set taker_nonce = ? where slot_id = ?', takerNonce, slotId)
    return { kind: 'item', item: bytesOf(row, 'item') }
  }

  sweep(nowMs: number): void {
    this.#database.run('update invite set item = null where expires_ms <= ? and item is not null', nowMs)
    this.#database.run('delete from invite where expires_ms <= ?', nowMs - INVITE_MEMORY_MS)
  }
}
