/** The relay is killed at any instant, again and again, while everything goes on at once. `npm run test:kills`: 200 times. */

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRelayClient } from '../main/net/relay-client/index.ts'
import { mailboxKey, nameOf } from '../main/ports/contract-tests/relay-owner.ts'
import type { Deposit, OwnerConnection, RelayPort } from '../main/ports/relay.ts'
import { systemClock } from '../main/runtime/system-clock.ts'
import { isParleyError } from '../shared/errors.ts'
import { idFromBytes } from '../shared/model/ids.ts'
import type { EnvelopeId, MailboxId } from '../shared/model/ids.ts'
import { sha256 } from './hashes.ts'
import { CustodyLedger } from './testing/custody-ledger.ts'
import { RelayProcess } from './testing/relay-process.ts'
import type { StartLine } from './testing/relay-process.ts'

const KILLS = Number(process.env['PARLEY_KILLS'] ?? 4)
const SECONDS_A_KILL = 15
const SENDERS = 3
const OWNERS = 4
const BATCH = 8
const MIN_LIFE_MS = 50
const MAX_LIFE_MS = 600
const PREKEYS = 100

const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))
const below = (limit: number): number => randomBytes(4).readUInt32BE() % limit

let dataDir: string
let port: RelayPort
let ledger: CustodyLedger
let alive: boolean

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parley-kills-'))
  port = createRelayClient({ clock: systemClock })
  ledger = new CustodyLedger()
  alive = true
})

afterEach(async () => {
  await port.stop()
  await rm(dataDir, { recursive: true, force: true })
})

/** Null: the relay died first, or is not there again yet. */
async function ifAlive<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (!isParleyError(error)) throw error
    return null
  }
}

/** Acknowledges some of what it is pushed, at some time; keeps coming back. */
class BusyOwner {
  readonly #key = mailboxKey()
  readonly #token = random(32)
  readonly #lookupId = random(32)
  readonly #lastResort = random(40)
  readonly mailboxId = idFromBytes<MailboxId>(sha256(this.#key.publicKey))
  readonly failures: unknown[] = []
  #connection: OwnerConnection | null = null

  /** One life of the relay. */
  async serve(relay: StartLine, acknowledgesAll: boolean): Promise<void> {
    const inThisLife = new Set<EnvelopeId>()
    const early: EnvelopeId[][] = []
    this.#connection = null
    const connection = await port.connectOwner(relay, this.#key, {
      onPush: async (batch) => {
        const ids = batch.map(({ envelope }) => this.#received(envelope, inThisLife))
        const done = acknowledgesAll ? ids : ids.filter(() => below(2) === 0)
        if (this.#connection === null) early.push(done)
        else void this.#acknowledge(this.#connection, done)
        return []
      },
      onStock: () => undefined,
      onClosed: () => undefined,
    })
    this.#connection = connection
    for (const ids of early) void this.#acknowledge(connection, ids)
    await connection.putTokens([{ token: this.#token, handle: random(4) }])
    const items = Array.from({ length: PREKEYS }, () => random(40))
    await connection.putDirectory({ lookupId: this.#lookupId, items, lastResort: this.#lastResort, replace: false })
  }

  #received(envelope: Uint8Array, inThisLife: Set<EnvelopeId>): EnvelopeId {
    try {
      const id = ledger.pushed(envelope)
      expect(inThisLife.has(id), 'pushed twice on one connection').toBe(false)
      inThisLife.add(id)
    } catch (error) {
      this.failures.push(error)
    }
    return nameOf(envelope)
  }

  async #acknowledge(connection: OwnerConnection, ids: readonly EnvelopeId[]): Promise<void> {
    if (ids.length === 0) return
    const answered = await ifAlive(() => connection.acknowledge(ids).then(() => true))
    if (answered === true) ledger.acknowledged(ids)
  }

  deposit(envelope: Uint8Array): Deposit {
    return { mailboxId: this.mailboxId, token: this.#token, envelope, ttlSeconds: 86_400 }
  }

  async takePrekey(relay: StartLine): Promise<void> {
    const item = await ifAlive(() => port.takeDirectory(relay, this.#lookupId))
    if (item !== null && !Buffer.from(item).equals(this.#lastResort)) ledger.prekeyTaken(item)
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    const connection = this.#connection
    if (connection === null) throw new Error('not connected')
    for (let left = await connection.usage(); left.envelopeCount > 0; left = await connection.usage()) await delay(5)
  }
}

async function send(relay: StartLine, owners: readonly BusyOwner[]): Promise<void> {
  /** Whether they were stored nobody knows: the sender deposits them again. */
  let unanswered: Deposit[] = []
  while (alive) {
    const fresh = Array.from({ length: BATCH }, () => {
      const owner = owners[below(owners.length)]
      if (owner === undefined) throw new Error('no owners')
      return owner.deposit(random(300 + below(4_000)))
    })
    const batch = [...unanswered.splice(0, BATCH), ...fresh]
    for (const { envelope } of batch) ledger.deposits(envelope)
    const outcomes = await ifAlive(() => port.deposit(relay, batch))
    if (outcomes === null) {
      unanswered = [...unanswered, ...batch].slice(-8 * BATCH)
      await delay(20)
    }
    for (const [index, outcome] of (outcomes ?? []).entries()) {
      const deposit = batch[index]
      if (outcome.kind === 'held' && deposit !== undefined) ledger.held(deposit.envelope)
    }
  }
}

async function takePrekeys(relay: StartLine, owners: readonly BusyOwner[]): Promise<void> {
  while (alive) {
    for (const owner of owners) await owner.takePrekey(relay)
    await delay(5)
  }
}

test(
  `${KILLS} kills: what has a receipt is delivered, what was acknowledged is not, prekeys go out once`,
  { timeout: (KILLS + 4) * SECONDS_A_KILL * 1000 },
  async () => {
    let relay = await RelayProcess.start(dataDir)
    const contact = relay.started
    const owners = Array.from({ length: OWNERS }, () => new BusyOwner())
    await Promise.all(owners.map((owner) => owner.serve(contact, false)))
    const load = [...Array.from({ length: SENDERS }, () => send(contact, owners)), takePrekeys(contact, owners)]
    for (let kill = 0; kill < KILLS; kill++) {
      await delay(MIN_LIFE_MS + below(MAX_LIFE_MS - MIN_LIFE_MS))
      await relay.end('SIGKILL')
      relay = await RelayProcess.start(dataDir, contact.addresses[0])
      await Promise.all(owners.map((owner) => owner.serve(contact, false)))
    }
    alive = false
    await Promise.all(load)
    await relay.end('SIGKILL')
    relay = await RelayProcess.start(dataDir, contact.addresses[0])
    await Promise.all(owners.map((owner) => owner.serve(contact, true)))
    await Promise.all(owners.map((owner) => owner.drain()))
    await relay.end('SIGTERM')
    expect(owners.flatMap(({ failures }) => failures)).toEqual([])
    ledger.expectKept()
    expect(ledger.heldCount).toBeGreaterThan(KILLS * BATCH)
    expect(ledger.acknowledgedCount).toBeGreaterThan(0)
    expect(ledger.prekeyCount).toBeGreaterThan(0)
  },
)
