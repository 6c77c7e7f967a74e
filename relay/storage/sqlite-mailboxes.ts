/** Mailboxes and delivery tokens in SQL; what deposits ask of them again and again is kept in memory. */

import type { MailboxId } from '../../shared/model/ids.ts'
import { idToBytes } from '../../shared/model/ids.ts'
import type { TokenEntry } from '../../shared/wire/relay-requests.ts'
import type { StoreLimits } from './relay-store.ts'
import { bytesAt, numberAt, numberOf } from './sqlite-database.ts'
import type { Prepared, SqliteDatabase } from './sqlite-database.ts'

/** Of mailboxes that were used last: about 1 KiB each. */
const MAX_KNOWN = 20_000
const MAX_KNOWN_TOKENS = 64

/** A mailbox as it is in the database, and in the transaction that runs. */
export interface KnownMailbox {
  readonly number: number
  readonly id: Uint8Array
  envelopeCount: number
  bytes: number
  /** When the store looks for what expired there; null: nothing ever does. */
  dueMs: number | null
  /** Handles by token's hash, those that were asked for. */
  readonly handles: Map<string, Uint8Array>
}

export class SqliteMailboxes {
  readonly #database: SqliteDatabase
  readonly #limits: StoreLimits
  readonly #known = new Map<MailboxId, KnownMailbox>()
  readonly #byNumber = new Map<number, KnownMailbox>()
  readonly #mailbox: Prepared
  readonly #handle: Prepared

  constructor(database: SqliteDatabase, limits: StoreLimits) {
    this.#database = database
    this.#limits = limits
    this.#mailbox = database.prepare(
      `select number, (select due_ms from due where mailbox = number), count(sequence), coalesce(sum(size), 0)
       from mailbox left join waiting on mailbox = number where mailbox_id = ? group by number`,
    )
    this.#handle = database.prepare('select handle from token where mailbox_id = ? and hash = ?')
  }

  /** Null: there is none. */
  find(mailboxId: MailboxId): KnownMailbox | null {
    return this.#known.get(mailboxId) ?? this.#load(mailboxId)
  }

  #load(mailboxId: MailboxId): KnownMailbox | null {
    const id = idToBytes(mailboxId)
    const row = this.#mailbox.first(id)
    if (row === undefined) return null
    const mailbox = {
      number: numberAt(row, 0),
      id,
      envelopeCount: numberAt(row, 2),
      bytes: numberAt(row, 3),
      dueMs: row[1] === null ? null : numberAt(row, 1),
      handles: new Map<string, Uint8Array>(),
    }
    this.#remember(mailboxId, mailbox)
    return mailbox
  }

  #remember(mailboxId: MailboxId, mailbox: KnownMailbox): void {
    if (this.#known.size >= MAX_KNOWN) this.forget()
    this.#known.set(mailboxId, mailbox)
    this.#byNumber.set(mailbox.number, mailbox)
  }

  /** Only where it is kept in memory: of others the database alone says everything. */
  ifKnown(number: number): KnownMailbox | null {
    return this.#byNumber.get(number) ?? null
  }

  /** A transaction was undone, or memory is full: the database says it anew. */
  forget(): void {
    this.#known.clear()
    this.#byNumber.clear()
  }

  open(
    mailbox: { readonly mailboxId: MailboxId; readonly publicKey: Uint8Array; readonly openedAtMs: number },
    admits: boolean,
  ): 'open' | 'not-admitted' | 'full' {
    if (this.find(mailbox.mailboxId) !== null) return 'open'
    if (!admits) return 'not-admitted'
    const count = numberOf(this.#database.get("select value from counter where name = 'mailboxes'"), 'value')
    if (count >= this.#limits.maxMailboxes) return 'full'
    this.#database.run("update counter set value = value + 1 where name = 'mailboxes'")
    this.#database.run(
      'insert into mailbox (mailbox_id, public_key, created_ms, door_closed) values (?, ?, ?, 0)',
      idToBytes(mailbox.mailboxId),
      mailbox.publicKey,
      mailbox.openedAtMs,
    )
    return 'open'
  }

  /** It is gone, with all that it held. */
  delete(mailboxId: MailboxId): void {
    const mailbox = this.find(mailboxId)
    if (mailbox === null) return
    this.#database.run('delete from due where mailbox = ?', mailbox.number)
    this.#database.run('delete from mailbox where number = ?', mailbox.number)
    this.#database.run("update counter set value = value - 1 where name = 'mailboxes'")
    this.#known.delete(mailboxId)
    this.#byNumber.delete(mailbox.number)
  }

  revokeAllTokens(mailbox: KnownMailbox): void {
    this.#database.run('delete from token where mailbox_id = ?', mailbox.id)
    mailbox.handles.clear()
  }

  putTokens(mailboxId: MailboxId, tokens: readonly TokenEntry[]): 'stored' | 'full' {
    const owner = idToBytes(mailboxId)
    const known = numberOf(this.#database.get('select count(*) as n from token where mailbox_id = ?', owner), 'n')
    const added = tokens.filter(({ hash }) => this.#handle.first(owner, hash) === undefined)
    if (known + added.length > this.#limits.mailboxMaxTokens) return 'full'
    for (const { hash, handle } of added) {
      this.#database.run('insert or ignore into token values (?, ?, ?)', owner, hash, handle)
    }
    return 'stored'
  }

  revokeTokens(mailboxId: MailboxId, hashes: readonly Uint8Array[]): void {
    const owner = idToBytes(mailboxId)
    for (const hash of hashes) this.#database.run('delete from token where mailbox_id = ? and hash = ?', owner, hash)
    this.#known.get(mailboxId)?.handles.clear()
  }

  hasToken(mailboxId: MailboxId, tokenHash: Uint8Array): boolean {
    const mailbox = this.find(mailboxId)
    return mailbox !== null && this.handleOf(mailbox, tokenHash) !== null
  }

  /** Null: no such token. */
  handleOf(mailbox: KnownMailbox, tokenHash: Uint8Array): Uint8Array | null {
    const name = latin1(tokenHash)
    const known = mailbox.handles.get(name)
    if (known !== undefined) return known
    const row = this.#handle.first(mailbox.id, tokenHash)
    if (row === undefined) return null
    const handle = new Uint8Array(bytesAt(row, 0))
    if (mailbox.handles.size >= MAX_KNOWN_TOKENS) mailbox.handles.clear()
    mailbox.handles.set(name, handle)
    return handle
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
