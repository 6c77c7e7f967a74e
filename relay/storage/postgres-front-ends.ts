/** The front ends of one relay as they find each other in the store: who there is, where, who has an owner, what came in where. */

import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { MailboxId } from '../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../shared/model/ids.ts'
import { equalBytes } from '../../shared/wire/bytes.ts'
import type { FrontEndList, SiblingHandlers, Siblings } from '../front-ends.ts'
import { mergedFrontEnds } from '../front-ends.ts'
import { noticeTexts, readNotice } from './front-end-notices.ts'
import type { Notice } from './front-end-notices.ts'
import { OwnerClaims } from './owner-claims.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import { discardOneTimeItems } from './postgres-directory.ts'
import type { PostgresSession } from './postgres-session.ts'
import type { Transaction } from './postgres-transaction.ts'
import { bytesArray, bytesOf, numberOf, textOf } from './postgres-values.ts'
import type { Row } from './postgres-values.ts'

const CHANNEL = 'parley_relay'
/** One that gave no sign for this long is not in the list. */
const SEEN_WITHIN_MS = 60_000
const DEFAULT_TIMES: FrontEndTimes = { listEveryMs: 3_000, pollEveryMs: 30_000 }
/** Where the database has no NOTIFY. */
const POLL_EVERY_WITHOUT_NOTICES_MS = 1_000
const POLL_MAILBOXES = 1_000
const LISTEN_WITHIN_MS = 5_000

const NOW_MS = '(extract(epoch from now()) * 1000)::bigint'

export interface FrontEndTimes {
  readonly listEveryMs: number
  /** For what was committed by a front end that ended before it could tell. */
  readonly pollEveryMs: number
}

export interface FrontEndParts {
  readonly frontEndId: string
  readonly onWentBack: (discarded: number) => void
  readonly times?: FrontEndTimes | undefined
}

interface Self {
  readonly peer: string
  readonly addresses: readonly string[]
}

export class PostgresFrontEnds implements Siblings {
  readonly #frontEndId: string
  readonly #onWentBack: (discarded: number) => void
  readonly #times: FrontEndTimes
  readonly #claims = new OwnerClaims()
  readonly #ended = new AbortController()
  readonly #pending = { deposited: new Set<MailboxId>(), stock: new Set<MailboxId>(), owned: new Set<MailboxId>() }
  /** The next sequence number of each mailbox with an owner here, as of the last poll. */
  #polled = new Map<MailboxId, number>()
  #database: PostgresDatabase | null = null
  #handlers: SiblingHandlers | null = null
  #self: Self | null = null
  #list: FrontEndList | null = null
  #listedAtMs = 0
  #listChanged = false
  /** Of the last sign of life whose commit was confirmed: what was not may be missing, and says nothing. */
  #beats = 0
  #hasNotices = true
  #telling = false
  #working: Promise<unknown> = Promise.resolve()

  constructor({ frontEndId, onWentBack, times = DEFAULT_TIMES }: FrontEndParts) {
    this.#frontEndId = frontEndId
    this.#onWentBack = onWentBack
    this.#times = times
  }

  /** A sign of life, written to the store. A store that does not know of the last one is a copy from before: docs/relay.md. */
  readonly pulse = async (transaction: Transaction): Promise<() => void> => {
    const { peer = '', addresses = [] } = this.#self ?? {}
    const [row] = await transaction.all(
      `insert into front_end (front_end_id, peer, addresses, beats, seen_ms) values ($1, $2, $3, $4, ${NOW_MS})
       on conflict (front_end_id) do update set peer = excluded.peer, addresses = excluded.addresses,
       beats = front_end.beats + 1, seen_ms = excluded.seen_ms returning beats`,
      this.#frontEndId,
      peer,
      addresses.join(' '),
      1,
    )
    const beats = numberOf(row, 'beats')
    const discarded = beats > this.#beats ? null : await discardOneTimeItems(transaction)
    return () => {
      this.#beats = beats
      if (discarded !== null) this.#onWentBack(discarded)
    }
  }

  /** Notices of the time without a primary are lost: everybody looks. */
  readonly onConnected = async ({ watcher }: PostgresSession): Promise<void> => {
    watcher.onNotification((text) => {
      const notice = readNotice(this.#frontEndId, text)
      if (notice !== null) this.#hear(notice)
    })
    try {
      await watcher.script(`listen ${CHANNEL}`, LISTEN_WITHIN_MS)
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error
      this.#hasNotices = false
    }
    setImmediate(() => {
      this.#handlers?.onDeposited(this.#claims.mailboxIds())
      for (const [mailboxId] of this.#claims.numbered()) this.#pending.owned.add(mailboxId)
      this.#tell()
    })
  }

  /** Resolves when the others know of this one. @throws unreachable */
  async join(database: PostgresDatabase, self: Self, handlers: SiblingHandlers): Promise<void> {
    this.#database = database
    this.#self = self
    this.#handlers = handlers
    const confirm = await database.write(this.pulse)
    confirm()
    await this.#refreshList()
    this.#working = Promise.all([
      this.#every(
        () => this.#times.listEveryMs,
        () => this.#refreshList(),
      ),
      this.#pollOn(),
    ])
  }

  get list(): FrontEndList | null {
    // Without the store for so long the others have gone on without this one.
    return performance.now() - this.#listedAtMs > SEEN_WITHIN_MS ? null : this.#list
  }

  deposited(mailboxIds: ReadonlySet<MailboxId>): void {
    for (const mailboxId of mailboxIds) this.#pending.deposited.add(mailboxId)
    this.#tell()
  }

  stockFell(mailboxId: MailboxId): void {
    this.#pending.stock.add(mailboxId)
    this.#tell()
  }

  async owned(mailboxId: MailboxId): Promise<void> {
    const numbered = this.#claims.begin(mailboxId)
    let number = 0
    try {
      const rows = await this.#database?.aside("select nextval('owner_claim') as claim")
      number = numberOf(rows?.[0], 'claim')
    } catch {
      // Without a number it gives way to any other.
    }
    if (!numbered(number)) this.#handlers?.onOwnedElsewhere(mailboxId)
    this.#pending.owned.add(mailboxId)
    this.#tell()
  }

  released(mailboxId: MailboxId): void {
    this.#claims.end(mailboxId)
    this.#polled.delete(mailboxId)
  }

  #hear(notice: Notice): void {
    const handlers = this.#handlers
    if (handlers === null) return
    if (notice.kind === 'list') {
      // The next turn comes where this one fails.
      this.#refreshList().catch(() => undefined)
    } else if (notice.kind === 'deposited') handlers.onDeposited(notice.mailboxIds)
    else if (notice.kind === 'stock') handlers.onStock(notice.mailboxIds)
    else {
      for (const [mailboxId, claim] of notice.claims) {
        if (this.#claims.elsewhere(mailboxId, claim)) handlers.onOwnedElsewhere(mailboxId)
      }
    }
  }

  /** What came together goes together; what does not get through goes again with the next connection. */
  #tell(): void {
    if (this.#telling || !this.#hasNotices) return
    this.#telling = true
    setImmediate(() => void this.#tellAll().finally(() => (this.#telling = false)))
  }

  async #tellAll(): Promise<void> {
    const { deposited, stock, owned } = this.#pending
    while (deposited.size + stock.size + owned.size > 0 || this.#listChanged) {
      const claims = this.#claims.numbered().filter(([mailboxId]) => owned.has(mailboxId))
      const taken: readonly Notice[] = [
        ...(this.#listChanged ? [{ kind: 'list' } as const] : []),
        { kind: 'deposited', mailboxIds: [...deposited] },
        { kind: 'stock', mailboxIds: [...stock] },
        { kind: 'owned', claims },
      ]
      for (const set of [deposited, stock, owned]) set.clear()
      this.#listChanged = false
      const texts = taken.flatMap((notice) => noticeTexts(this.#frontEndId, notice))
      try {
        const sql = `select pg_notify('${CHANNEL}', text) as told from unnest($1::text[]) as w (text)`
        if (texts.length > 0) await this.#database?.aside(sql, texts)
      } catch (error) {
        if (error instanceof pg.DatabaseError) throw error
        this.#putBack(taken)
        return
      }
    }
  }

  #putBack(taken: readonly Notice[]): void {
    for (const notice of taken) {
      if (notice.kind === 'list') this.#listChanged = true
      else if (notice.kind === 'owned') for (const [mailboxId] of notice.claims) this.#pending.owned.add(mailboxId)
      else for (const mailboxId of notice.mailboxIds) this.#pending[notice.kind].add(mailboxId)
    }
  }

  async #every(everyMs: () => number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#ended
    while (!signal.aborted) {
      await delay(everyMs(), undefined, { signal, ref: false }).catch(() => undefined)
      if (signal.aborted) return
      // Without a primary there is nothing to do; the next turn comes.
      await work().catch(() => undefined)
    }
  }

  #pollOn(): Promise<void> {
    const everyMs = (): number => (this.#hasNotices ? this.#times.pollEveryMs : POLL_EVERY_WITHOUT_NOTICES_MS)
    return this.#every(everyMs, () => this.#poll())
  }

  async #poll(): Promise<void> {
    const mailboxIds = this.#claims.mailboxIds()
    for (let at = 0; at < mailboxIds.length; at += POLL_MAILBOXES) {
      const part = mailboxIds.slice(at, at + POLL_MAILBOXES)
      const rows = await this.#database?.read(
        `select u.mailbox_id, u.next_sequence from unnest($1::bytea[]) as w (mailbox_id)
         join mailbox_usage u on u.mailbox_id = w.mailbox_id`,
        bytesArray(part.map(idToBytes)),
      )
      this.#handlers?.onDeposited((rows ?? []).flatMap((row) => this.#news(row)))
    }
  }

  #news(row: Row): readonly MailboxId[] {
    const mailboxId = idFromBytes<MailboxId>(bytesOf(row, 'mailbox_id'))
    const next = numberOf(row, 'next_sequence')
    if (this.#polled.get(mailboxId) === next) return []
    this.#polled.set(mailboxId, next)
    return [mailboxId]
  }

  async #refreshList(): Promise<void> {
    const database = this.#database
    const self = this.#self
    if (database === null || self === null) return
    const rows = await database.read(
      `select peer, addresses from front_end where peer <> '' and seen_ms > ${NOW_MS} - ${SEEN_WITHIN_MS} order by front_end_id`,
    )
    const known = rows.map((row) => ({
      peer: textOf(row, 'peer'),
      addresses: textOf(row, 'addresses')
        .split(' ')
        .filter((address) => address !== ''),
    }))
    const merged = mergedFrontEnds(known, self)
    const digest = new Uint8Array(createHash('sha256').update(JSON.stringify(merged)).digest())
    const version = await this.#versionOf(database, digest)
    // Two that look at once may end in the other order.
    if (version < (this.#list?.version ?? 0)) return
    this.#list = { ...merged, version }
    this.#listedAtMs = performance.now()
  }

  /** Grows whenever the list is another than before, whoever of them notices first; at least by the clock. */
  async #versionOf(database: PostgresDatabase, digest: Uint8Array): Promise<number> {
    const sql = 'select version, digest from front_end_list where one = 1'
    const [now] = await database.read(sql)
    if (now !== undefined && equalBytes(bytesOf(now, 'digest'), digest)) return numberOf(now, 'version')
    this.#listChanged = true
    const version = await database.write(async (transaction) => {
      const before = await transaction.get(`${sql} for update`)
      if (before !== undefined && equalBytes(bytesOf(before, 'digest'), digest)) return numberOf(before, 'version')
      const [after] = await transaction.all(
        `update front_end_list set version = greatest(version + 1, ${NOW_MS} / 1000), digest = $1 where one = 1 returning version`,
        digest,
      )
      return numberOf(after, 'version')
    })
    this.#tell()
    return version
  }

  /** The others need not wait until they miss it. */
  async leave(): Promise<void> {
    this.#ended.abort()
    await this.#working
    await this.#database
      ?.write(async (transaction) => {
        await transaction.all("update front_end set peer = '' where front_end_id = $1", this.#frontEndId)
      })
      .catch(() => undefined)
  }
}
