/** What every client of relays must do, held against a relay that answers. */

import { createHash, createPrivateKey, createPublicKey, randomBytes, verify } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../../shared/errors.ts'
import { isParleyError, ParleyError } from '../../../shared/errors.ts'
import type { BlobId, EnvelopeId, MailboxId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import { concatBytes } from '../../../shared/wire/bytes.ts'
import { decodeReceipt, isReceiptProven } from '../../../shared/wire/relay-receipt.ts'
import type {
  BlobUpload,
  Deposit,
  DepositOutcome,
  MailboxKey,
  OwnerConnection,
  PushedEnvelope,
  RelayContactPoint,
  RelayPort,
} from '../relay.ts'

export interface RelayUnderTest {
  readonly contact: RelayContactPoint
  /** Lets that much time pass on the relay's clock. */
  advance(milliseconds: number): void
  /** Down and up again, at the same addresses, with what it kept. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export interface RelayPortSubject {
  /** With a clean relay for each test. */
  startRelay(): Promise<RelayUnderTest>
  makeClient(): RelayPort
}

const DAY_MS = 24 * 60 * 60 * 1000
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
export const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))
const nameOf = (envelope: Uint8Array): EnvelopeId => idFromBytes<EnvelopeId>(sha256(envelope).slice(0, 16))

function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey])
  return verify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature)
}

export function mailboxKey(): MailboxKey {
  const secretKey = random(32)
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), secretKey])
  const spki = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
  return { secretKey, publicKey: new Uint8Array(spki.export({ format: 'der', type: 'spki' }).subarray(-32)) }
}

/** An owner that keeps what it is pushed and says when something came. */
export class Owner {
  readonly key: MailboxKey
  readonly mailboxId: MailboxId
  readonly token = random(32)
  readonly handle = random(4)
  readonly received: PushedEnvelope[] = []
  readonly stock: number[] = []
  readonly closed: ErrorCode[] = []
  acknowledges = true
  #connection: OwnerConnection | null = null
  #waiters: (() => void)[] = []

  constructor(key: MailboxKey = mailboxKey()) {
    this.key = key
    this.mailboxId = idFromBytes<MailboxId>(sha256(key.publicKey))
  }

  get connection(): OwnerConnection {
    if (this.#connection === null) throw new Error('the owner is not connected')
    return this.#connection
  }

  get envelopes(): readonly Uint8Array[] {
    return this.received.map(({ envelope }) => envelope)
  }

  async connect(port: RelayPort, relay: RelayContactPoint): Promise<void> {
    this.#connection = await port.connectOwner(relay, this.key, {
      onPush: (batch) => {
        this.received.push(...batch)
        this.#wake()
        return Promise.resolve(this.acknowledges ? batch.map(({ envelope }) => nameOf(envelope)) : [])
      },
      onStock: (_lookupId, remaining) => {
        this.stock.push(remaining)
        this.#wake()
      },
      onClosed: (code) => {
        this.closed.push(code)
        this.#wake()
      },
    })
    await this.connection.putTokens([{ token: this.token, handle: this.handle }])
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake()
  }

  /** Resolves when `isSo`; asked again whenever something comes. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve)
      })
    }
  }

  /** The relay has carried out every acknowledgement that was sent before. */
  async untilEmpty(): Promise<void> {
    for (let left = await this.connection.usage(); left.envelopeCount > 0; left = await this.connection.usage());
  }

  deposit(envelope: Uint8Array, ttlSeconds = 86_400): Deposit {
    return { mailboxId: this.mailboxId, token: this.token, envelope, ttlSeconds }
  }
}

interface Suite {
  port(): RelayPort
  relay(): RelayUnderTest
}

async function codeOf(work: Promise<unknown>): Promise<ErrorCode> {
  try {
    await work
  } catch (error) {
    if (isParleyError(error)) return error.code
    throw error
  }
  throw new Error('nothing was refused')
}

async function one(port: RelayPort, relay: RelayContactPoint, deposit: Deposit): Promise<DepositOutcome> {
  const [outcome] = await port.deposit(relay, [deposit])
  if (outcome === undefined) throw new Error('no outcome')
  return outcome
}

export function relayPortContract(name: string, subject: RelayPortSubject): void {
  describe(`the relay contract: ${name}`, () => {
    let port: RelayPort
    let relay: RelayUnderTest
    beforeEach(async () => {
      relay = await subject.startRelay()
      port = subject.makeClient()
    })
    afterEach(async () => {
      await port.stop()
      await relay.stop()
    })
    const suite: Suite = { port: () => port, relay: () => relay }
    describe('mailbox', () => mailbox(suite))
    describe('tokens', () => tokens(suite))
    describe('directory', () => directory(suite))
    describe('invites', () => invites(suite))
    describe('blobs', () => blobs(suite))
    describe('finding a relay', () => finding(suite))
  })
}

function mailbox({ port, relay }: Suite): void {
  test('what is deposited is pushed to a connected owner, with its handle, and acknowledged away', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const envelope = random(1_000)
    const outcome = await one(port(), relay().contact, owner.deposit(envelope))
    expect(outcome.kind).toBe('held')
    await owner.until(() => owner.received.length === 1)
    expect(owner.received[0]?.envelope).toEqual(envelope)
    expect(owner.received[0]?.handle).toEqual(owner.handle)
    await owner.untilEmpty()
    expect(await one(port(), relay().contact, owner.deposit(envelope))).toEqual({ kind: 'collected' })
    expect(owner.received).toHaveLength(1)
  })

  test('an absent owner is sent everything in the order of deposit, with the time it lay there', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    await owner.connection.close()
    const envelopes = Array.from({ length: 600 }, (_, index) => concatBytes(random(900), Uint8Array.of(index % 256)))
    for (let at = 0; at < envelopes.length; at += 150) {
      const outcomes = await port().deposit(
        relay().contact,
        envelopes.slice(at, at + 150).map((envelope) => owner.deposit(envelope)),
      )
      expect(outcomes.every(({ kind }) => kind === 'held')).toBe(true)
    }
    relay().advance(5_000)
    await owner.connect(port(), relay().contact)
    await owner.until(() => owner.received.length === 600)
    expect(owner.envelopes).toEqual(envelopes)
    expect(owner.received.every(({ heldMs }) => heldMs >= 5_000)).toBe(true)
  })

  test('what was not acknowledged is pushed again, also after the relay restarted', async () => {
    const owner = new Owner()
    owner.acknowledges = false
    await owner.connect(port(), relay().contact)
    const envelope = random(2_000)
    await one(port(), relay().contact, owner.deposit(envelope))
    await owner.until(() => owner.received.length === 1)
    await relay().restart()
    await owner.until(() => owner.closed.length === 1)
    await owner.connect(port(), relay().contact)
    await owner.until(() => owner.received.length === 2)
    expect(owner.envelopes).toEqual([envelope, envelope])
  })

  test('a repeated deposit is stored once, and its receipt states the first time', async () => {
    const owner = new Owner()
    owner.acknowledges = false
    await owner.connect(port(), relay().contact)
    const envelope = random(500)
    const first = await one(port(), relay().contact, owner.deposit(envelope))
    relay().advance(60_000)
    const second = await one(port(), relay().contact, owner.deposit(envelope))
    expect(second).toEqual(first)
    expect(await owner.connection.usage()).toEqual({ envelopeCount: 1, bytes: 500 })
  })

  test("each receipt of a batch is the relay's signature for that envelope, checkable alone", async () => {
    const owner = new Owner()
    owner.acknowledges = false
    await owner.connect(port(), relay().contact)
    const envelopes = Array.from({ length: 7 }, () => random(300))
    const outcomes = await port().deposit(
      relay().contact,
      envelopes.map((envelope) => owner.deposit(envelope)),
    )
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.kind !== 'held') throw new Error(outcome.kind)
      const receipt = decodeReceipt(outcome.receipt)
      expect(receipt.relayId).toBe(relay().contact.relayId)
      expect(receipt.mailboxId).toBe(owner.mailboxId)
      expect(receipt.subject).toBe(nameOf(envelopes[index] ?? new Uint8Array()))
      expect(isReceiptProven(receipt, sha256, verifyEd25519)).toBe(true)
      expect(isReceiptProven({ ...receipt, expiresAtMs: receipt.expiresAtMs + 1 }, sha256, verifyEd25519)).toBe(false)
    }
  })

  test('one ciphertext goes to many mailboxes, each answered for itself', async () => {
    const [first, second, stranger] = [new Owner(), new Owner(), new Owner()]
    await first.connect(port(), relay().contact)
    await second.connect(port(), relay().contact)
    const envelope = random(4_000)
    const outcomes = await port().deposit(relay().contact, [
      first.deposit(envelope),
      stranger.deposit(envelope),
      first.deposit(random(10)),
      second.deposit(envelope),
    ])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['held', 'refused', 'held', 'held'])
    await first.until(() => first.received.length === 2)
    await second.until(() => second.received.length === 1)
    expect(second.envelopes).toEqual([envelope])
  })

  test('an envelope of the largest size passes, a larger one is refused without harm', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const { maxEnvelopeBytes } = owner.connection.info
    const outcomes = await port().deposit(relay().contact, [
      owner.deposit(random(maxEnvelopeBytes + 1)),
      owner.deposit(random(maxEnvelopeBytes)),
    ])
    expect(outcomes[0]).toEqual({ kind: 'refused', code: 'too-large' })
    expect(outcomes[1]?.kind).toBe('held')
    await owner.until(() => owner.received.length === 1)
  })

  test('what arrived another way is dropped by its id without being pushed', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    await owner.connection.close()
    const [known, other] = [random(100), random(100)]
    await port().deposit(relay().contact, [owner.deposit(known), owner.deposit(other)])
    owner.acknowledges = false
    await owner.connect(port(), relay().contact)
    await owner.until(() => owner.received.length === 2)
    await owner.connection.acknowledge([nameOf(known)])
    expect(await owner.connection.usage()).toEqual({ envelopeCount: 1, bytes: 100 })
  })

  test('what is past its time is not pushed', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    await owner.connection.close()
    const [short, long] = [random(100), random(100)]
    await port().deposit(relay().contact, [owner.deposit(short, 60), owner.deposit(long, 3_600)])
    relay().advance(61_000)
    await owner.connect(port(), relay().contact)
    await owner.until(() => owner.received.length === 1)
    expect(owner.envelopes).toEqual([long])
  })

  test('an owner that takes nothing is sent no more than its credit, and the rest as it takes', async () => {
    const owner = new Owner()
    owner.acknowledges = false
    await owner.connect(port(), relay().contact)
    const envelopes = Array.from({ length: 30 }, () => random(100_000))
    for (const envelope of envelopes) await one(port(), relay().contact, owner.deposit(envelope))
    await owner.connection.ping()
    const before = owner.received.length
    expect(before).toBeLessThan(15)
    owner.acknowledges = true
    await owner.connection.acknowledge(owner.envelopes.map(nameOf))
    await owner.until(() => owner.received.length === 30)
    expect(owner.envelopes).toEqual(envelopes)
  })

  test('the newest connection of an owner is the one that is pushed to; the older one ends', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const again = new Owner(owner.key)
    await again.connect(port(), relay().contact)
    await owner.until(() => owner.closed.length === 1)
    await one(port(), relay().contact, owner.deposit(random(50)))
    await again.until(() => again.received.length === 1)
    expect(owner.received).toHaveLength(0)
  })

  test('a failing owner keeps what it could not take', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    await owner.connection.close()
    await one(port(), relay().contact, owner.deposit(random(50)))
    const failure = await new Promise<ErrorCode>((resolve) => {
      const handlers = {
        onPush: () => Promise.reject(new ParleyError('disk-full')),
        onStock: () => undefined,
        onClosed: resolve,
      }
      // It may come before the connection stands.
      codeOf(port().connectOwner(relay().contact, owner.key, handlers)).then(resolve, () => undefined)
    })
    expect(failure).toBe('disk-full')
    await owner.connect(port(), relay().contact)
    await owner.until(() => owner.received.length === 1)
  })
}

function tokens({ port, relay }: Suite): void {
  test('a revoked token is refused as if the mailbox did not exist; the others go on', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const other = { token: random(32), handle: random(4) }
    await owner.connection.putTokens([other])
    await owner.connection.revokeTokens([owner.token])
    const envelope = random(100)
    const revoked = await one(port(), relay().contact, owner.deposit(envelope))
    expect(revoked).toEqual(await one(port(), relay().contact, new Owner().deposit(envelope)))
    expect(revoked).toEqual({ kind: 'refused', code: 'token-revoked' })
    const through = await one(port(), relay().contact, { ...owner.deposit(envelope), token: other.token })
    expect(through.kind).toBe('held')
    await owner.until(() => owner.received.length === 1)
    expect(owner.received[0]?.handle).toEqual(other.handle)
  })

  test('a known token keeps its handle when it is put again', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    await owner.connection.putTokens([{ token: owner.token, handle: random(4) }])
    await one(port(), relay().contact, owner.deposit(random(10)))
    await owner.until(() => owner.received.length === 1)
    expect(owner.received[0]?.handle).toEqual(owner.handle)
  })
}

function directory({ port, relay }: Suite): void {
  const fill = (count: number, size = 1_700) => ({
    lookupId: random(32),
    items: Array.from({ length: count }, () => random(size)),
    lastResort: random(size),
    replace: true,
  })
  const takeAll = async (lookupId: Uint8Array, count: number): Promise<readonly (Uint8Array | null)[]> =>
    Promise.all(Array.from({ length: count }, () => port().takeDirectory(relay().contact, lookupId)))

  test('each item goes out once, in order, then the last resort again and again; also across a restart', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const entry = fill(6)
    expect(await owner.connection.putDirectory(entry)).toEqual({ remaining: 6 })
    expect(await takeAll(entry.lookupId, 3)).toEqual(entry.items.slice(0, 3))
    await relay().restart()
    expect(await takeAll(entry.lookupId, 5)).toEqual([...entry.items.slice(3), entry.lastResort, entry.lastResort])
    expect(await port().takeDirectory(relay().contact, random(32))).toBeNull()
  })

  test('more than a frame holds goes in parts; `replace` discards what was there', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const entry = fill(200)
    expect(await owner.connection.putDirectory(entry)).toEqual({ remaining: 200 })
    const next = { ...fill(2), lookupId: entry.lookupId }
    expect(await owner.connection.putDirectory(next)).toEqual({ remaining: 2 })
    expect(await takeAll(entry.lookupId, 3)).toEqual([...next.items, next.lastResort])
  })

  test('the owner is told under twenty, once until it fills up; also when it was away', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const entry = fill(21, 100)
    await owner.connection.putDirectory(entry)
    await takeAll(entry.lookupId, 4)
    await owner.until(() => owner.stock.length > 0)
    await owner.connection.ping()
    expect(owner.stock).toEqual([19])
    await owner.connection.putDirectory({ ...entry, items: [random(100)], replace: false })
    await takeAll(entry.lookupId, 1)
    await owner.until(() => owner.stock.length === 2)
    expect(owner.stock).toEqual([19, 17])
    await owner.connection.close()
    await owner.connect(port(), relay().contact)
    expect(owner.stock).toEqual([19, 17, 17])
  })

  test("another mailbox's directory cannot be filled", async () => {
    const [owner, other] = [new Owner(), new Owner()]
    await owner.connect(port(), relay().contact)
    await other.connect(port(), relay().contact)
    const entry = fill(1)
    await owner.connection.putDirectory(entry)
    expect(await codeOf(other.connection.putDirectory({ ...fill(1), lookupId: entry.lookupId }))).toBe('relay-refused')
    expect(await port().takeDirectory(relay().contact, entry.lookupId)).toEqual(entry.items[0])
  })
}

function invites({ port, relay }: Suite): void {
  const nowMs = Date.now()
  const slot = () => ({ slotId: random(32), item: random(9_000), expiresAtMs: nowMs + 7 * DAY_MS })

  test('the first taker gets the item, and again when it asks again; everybody else hears that it was used', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const invite = slot()
    await owner.connection.putInviteSlot(invite)
    const nonces = Array.from({ length: 8 }, () => random(16))
    const answers = await Promise.all(nonces.map((nonce) => port().takeInvite(relay().contact, invite.slotId, nonce)))
    expect(answers.filter(({ kind }) => kind === 'item')).toEqual([{ kind: 'item', item: invite.item }])
    expect(answers.filter(({ kind }) => kind === 'used')).toHaveLength(7)
    await owner.connection.putInviteSlot(invite)
    await relay().restart()
    for (const [index, nonce] of nonces.entries()) {
      expect(await port().takeInvite(relay().contact, invite.slotId, nonce)).toEqual(answers[index])
    }
  })

  test('expired, unknown and closed are told apart', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const [short, closed] = [slot(), slot()]
    await owner.connection.putInviteSlot({ ...short, expiresAtMs: nowMs + 60_000 })
    await owner.connection.putInviteSlot(closed)
    await owner.connection.closeInviteSlot(closed.slotId)
    relay().advance(DAY_MS)
    expect(await port().takeInvite(relay().contact, short.slotId, random(16))).toEqual({ kind: 'expired' })
    expect(await port().takeInvite(relay().contact, closed.slotId, random(16))).toEqual({ kind: 'unknown' })
    expect(await port().takeInvite(relay().contact, random(32), random(16))).toEqual({ kind: 'unknown' })
  })
}

function blobs({ port, relay }: Suite): void {
  const never = new AbortController().signal

  const upload = (owner: Owner, bytes: Uint8Array, more: Partial<BlobUpload> = {}): BlobUpload => ({
    blobId: idFromBytes<BlobId>(random(16)),
    mailboxId: owner.mailboxId,
    token: owner.token,
    sizeBytes: bytes.length,
    sha256: sha256(bytes),
    readCapability: random(32),
    ttlSeconds: 86_400,
    read: async function* (offset) {
      for (let at = offset; at < bytes.length; at += 65_536) yield bytes.slice(at, at + 65_536)
    },
    onProgress: () => undefined,
    ...more,
  })

  const readAll = async (blob: Pick<BlobUpload, 'blobId' | 'readCapability'>, offset = 0) => {
    const found = await port().getBlob(relay().contact, { ...blob, offset }, never)
    if (found === null) return null
    const chunks: Uint8Array[] = []
    for await (const chunk of found.chunks) chunks.push(chunk)
    return { totalBytes: found.totalBytes, bytes: concatBytes(...chunks) }
  }

  test('bytes come back equal, from any offset, until the reader says done', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const bytes = random(3_000_000)
    const progress: number[] = []
    const blob = upload(owner, bytes, { onProgress: (doneBytes) => progress.push(doneBytes) })
    const outcome = await port().putBlob(relay().contact, blob, never)
    if (outcome.kind !== 'held') throw new Error(outcome.code)
    expect(progress.at(-1)).toBe(bytes.length)
    const receipt = decodeReceipt(outcome.receipt)
    expect([receipt.kind, receipt.subject, receipt.mailboxId]).toEqual(['blob', blob.blobId, owner.mailboxId])
    expect(isReceiptProven(receipt, sha256, verifyEd25519)).toBe(true)
    expect(await readAll(blob)).toEqual({ totalBytes: bytes.length, bytes })
    expect(await readAll(blob, 2_999_000)).toEqual({ totalBytes: bytes.length, bytes: bytes.slice(2_999_000) })
    expect(await readAll(blob, bytes.length)).toEqual({ totalBytes: bytes.length, bytes: new Uint8Array() })
    expect(await readAll({ ...blob, readCapability: random(32) })).toBeNull()
    await port().blobDone(relay().contact, blob.blobId, random(32))
    expect(await readAll(blob)).not.toBeNull()
    await port().blobDone(relay().contact, blob.blobId, blob.readCapability)
    expect(await readAll(blob)).toBeNull()
  })

  test('an upload that broke off goes on where the relay stopped, also after a restart', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const bytes = random(2_000_000)
    const stop = new AbortController()
    const blob = upload(owner, bytes)
    const broken = port().putBlob(
      relay().contact,
      {
        ...blob,
        onProgress: (doneBytes) => {
          if (doneBytes > 1_500_000) stop.abort()
        },
      },
      stop.signal,
    )
    expect(await codeOf(broken)).toBe('cancelled')
    expect(await readAll(blob)).toBeNull()
    await relay().restart()
    const offsets: number[] = []
    const outcome = await port().putBlob(
      relay().contact,
      {
        ...blob,
        read: (offset) => {
          offsets.push(offset)
          return blob.read(offset)
        },
      },
      never,
    )
    expect(outcome.kind).toBe('held')
    expect(offsets).toHaveLength(1)
    expect(offsets[0]).toBeGreaterThan(0)
    expect((await readAll(blob))?.bytes).toEqual(bytes)
    const again = await port().putBlob(relay().contact, blob, never)
    expect(again).toEqual(outcome)
  })

  test('bytes that are not what was announced are refused and forgotten', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const bytes = random(100_000)
    const blob = upload(owner, bytes, { sha256: random(32) })
    expect(await port().putBlob(relay().contact, blob, never)).toEqual({ kind: 'refused', code: 'file-damaged' })
    const right = await port().putBlob(relay().contact, { ...blob, sha256: sha256(bytes) }, never)
    expect(right.kind).toBe('held')
  })

  test('without a token, or too large, it is refused; acknowledging an envelope leaves it', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const bytes = random(1_000)
    const refused = async (more: Partial<BlobUpload>) =>
      port().putBlob(relay().contact, upload(owner, bytes, more), never)
    expect(await refused({ token: random(32) })).toEqual({ kind: 'refused', code: 'token-revoked' })
    const tooLarge = owner.connection.info.maxBlobBytes + 1
    expect(await refused({ sizeBytes: tooLarge })).toEqual({ kind: 'refused', code: 'too-large' })
    const blob = upload(owner, bytes)
    await port().putBlob(relay().contact, blob, never)
    await one(port(), relay().contact, owner.deposit(random(20)))
    await owner.until(() => owner.received.length === 1)
    await owner.untilEmpty()
    expect((await readAll(blob))?.bytes).toEqual(bytes)
  })
}

function finding({ port, relay }: Suite): void {
  test('a probe tells who answers and what it takes', async () => {
    const { relayId, addresses } = relay().contact
    const info = await port().probe(addresses, null)
    expect(info.relayId).toBe(relayId)
    expect(info.addresses).toEqual(addresses)
    expect(info.retentionSeconds).toBe(30 * 86_400)
    expect(info.roundTripMs).toBeGreaterThanOrEqual(0)
  })

  test('another relay than the expected one is lying, in every role', async () => {
    const { addresses } = relay().contact
    const wrong = { relayId: idFromBytes<RelayContactPoint['relayId']>(mailboxKey().publicKey), addresses }
    expect(await codeOf(port().probe(addresses, wrong.relayId))).toBe('relay-lying')
    expect(await codeOf(new Owner().connect(port(), wrong))).toBe('relay-lying')
    expect(await codeOf(port().takeDirectory(wrong, random(32)))).toBe('relay-lying')
    expect(await codeOf(port().deposit(wrong, [new Owner().deposit(random(10))]))).toBe('relay-lying')
  })

  test('nobody there is unreachable; an address that answers is found among those that do not', async () => {
    const { addresses, relayId } = relay().contact
    const nowhere = '/ip4/127.0.0.1/tcp/1'
    expect(await codeOf(port().probe([nowhere], null))).toBe('unreachable')
    expect((await port().probe([nowhere, ...addresses], relayId)).relayId).toBe(relayId)
  })

  test('after `stop` nothing is sent any more', async () => {
    await port().stop()
    expect(await codeOf(port().takeDirectory(relay().contact, random(32)))).toBe('cancelled')
  })
}
