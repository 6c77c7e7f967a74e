/** The front door, and what an owner does with the mailbox as a whole, as every client and relay must treat them. */

import { expect, test } from 'vitest'
import type { BlobId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import { decodeReceipt, isReceiptProven } from '../../../shared/wire/relay-receipt.ts'
import type { DepositOutcome, DoorDeposit } from '../relay.ts'
import { codeOf, nameOf, one, Owner, random, sha256, verifyEd25519 } from './relay-owner.ts'
import type { RelaySuite } from './relay-owner.ts'

const CLOSED: DepositOutcome = { kind: 'refused', code: 'door-closed' }

export function doorSuite({ port, relay }: RelaySuite): void {
  const never = new AbortController().signal
  const knock = (owner: Owner, envelope: Uint8Array, more: Partial<DoorDeposit> = {}): Promise<DepositOutcome> =>
    port().depositAtDoor(relay().contact, { mailboxId: owner.mailboxId, envelope, ttlSeconds: 3_600, ...more }, never)

  test('what a stranger lays there reaches the owner without a handle, for a receipt; once', async () => {
    const owner = new Owner()
    owner.acknowledges = false
    await owner.connect(port(), relay().contact)
    const envelope = random(16_384)
    const outcome = await knock(owner, envelope)
    if (outcome.kind !== 'held') throw new Error(outcome.kind)
    const receipt = decodeReceipt(outcome.receipt)
    expect([receipt.kind, receipt.subject, receipt.mailboxId]).toEqual(['envelope', nameOf(envelope), owner.mailboxId])
    expect(isReceiptProven(receipt, sha256, verifyEd25519)).toBe(true)
    await owner.until(() => owner.received.length === 1)
    expect(owner.received[0]).toMatchObject({ envelope, handle: new Uint8Array() })
    expect(await knock(owner, envelope)).toEqual(outcome)
    expect((await owner.connection.allowance()).doorEnvelopes.used).toBe(1)
    await owner.connection.acknowledge([nameOf(envelope)])
    expect(await knock(owner, envelope)).toEqual({ kind: 'collected' })
  })

  test('a closed door answers as a mailbox that is not there; tokens go on, and it opens again', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    await owner.connection.setDoor(false)
    expect(await knock(owner, random(50))).toEqual(CLOSED)
    expect(await knock(new Owner(), random(50))).toEqual(CLOSED)
    expect((await one(port(), relay().contact, owner.deposit(random(50)))).kind).toBe('held')
    await relay().restart()
    expect(await knock(owner, random(50))).toEqual(CLOSED)
    await owner.connect(port(), relay().contact)
    await owner.connection.setDoor(true)
    expect((await knock(owner, random(50))).kind).toBe('held')
  })

  test('an envelope that is too large for strangers is refused', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    expect(await knock(owner, random(16_385))).toEqual({ kind: 'refused', code: 'too-large' })
  })

  test('an owner sees what it uses, of what it may use', async () => {
    const owner = new Owner()
    owner.acknowledges = false
    await owner.connect(port(), relay().contact)
    await one(port(), relay().contact, owner.deposit(random(300)))
    await knock(owner, random(50))
    const bytes = random(4_000)
    await port().putBlob(
      relay().contact,
      {
        blobId: idFromBytes<BlobId>(random(16)),
        mailboxId: owner.mailboxId,
        token: owner.token,
        sizeBytes: bytes.length,
        sha256: sha256(bytes),
        readCapability: random(32),
        ttlSeconds: 86_400,
        async *read() {
          yield bytes
        },
        onProgress: () => undefined,
      },
      never,
    )
    expect(await owner.connection.allowance()).toEqual({
      envelopes: { used: 2, limit: 20_000 },
      bytes: { used: 350, limit: 200_000_000 },
      blobBytes: { used: 4_000, limit: 1_000_000_000 },
      tokens: { used: 1, limit: 20_000 },
      doorEnvelopes: { used: 1, limit: 32 },
      doorOpen: true,
    })
  })

  test('a mailbox that is closed is gone with all that lay there, and may be opened anew, empty', async () => {
    const owner = new Owner()
    owner.acknowledges = false
    await owner.connect(port(), relay().contact)
    const [lookupId, slotId] = [random(32), random(32)]
    await owner.connection.putDirectory({ lookupId, items: [random(9)], lastResort: random(9), replace: true })
    await owner.connection.putInviteSlot({ slotId, item: random(9), expiresAtMs: Date.now() + 3_600_000 })
    await one(port(), relay().contact, owner.deposit(random(100)))
    await owner.connection.closeMailbox()
    expect(await codeOf(owner.connection.ping())).toBe('unreachable')
    expect(await one(port(), relay().contact, owner.deposit(random(100)))).toEqual({
      kind: 'refused',
      code: 'token-revoked',
    })
    expect(await knock(owner, random(50))).toEqual(CLOSED)
    expect(await port().takeDirectory(relay().contact, lookupId)).toBeNull()
    expect(await port().takeInvite(relay().contact, slotId, random(16))).toEqual({ kind: 'unknown' })
    owner.received.length = 0
    await owner.connect(port(), relay().contact)
    expect(await owner.connection.usage()).toEqual({ envelopeCount: 0, bytes: 0 })
    expect(owner.received).toEqual([])
  })

  test('where there is no TURN server, there are no credentials', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    expect(await owner.connection.turnCredentials()).toBeNull()
  })

  test('an owner hears that the relay stops', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    await relay().restart()
    await owner.until(() => owner.closed.length === 1)
    expect(owner.closed).toEqual(['relay-stops'])
  })
}
