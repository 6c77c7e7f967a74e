/** Attachments at a relay, as every client and relay must treat them. */

import { expect, test } from 'vitest'
import type { BlobId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import { concatBytes } from '../../../shared/wire/bytes.ts'
import { decodeReceipt, isReceiptProven } from '../../../shared/wire/relay-receipt.ts'
import type { BlobUpload } from '../relay.ts'
import { codeOf, digestOf, one, Owner, random, sha256, verifyEd25519 } from './relay-owner.ts'
import type { RelaySuite } from './relay-owner.ts'

export function blobSuite({ port, relay }: RelaySuite): void {
  const never = new AbortController().signal

  const upload = (owner: Owner, bytes: Uint8Array, more: Partial<BlobUpload> = {}): BlobUpload => ({
    blobId: idFromBytes<BlobId>(random(16)),
    mailboxId: owner.mailboxId,
    token: owner.token,
    sizeBytes: bytes.length,
    sha256: sha256(bytes),
    readCapability: random(32),
    ttlSeconds: 86_400,
    async *read(offset) {
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
    return { totalBytes: found.totalBytes, digest: digestOf(concatBytes(...chunks)) }
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
    expect(await readAll(blob)).toEqual({ totalBytes: bytes.length, digest: digestOf(bytes) })
    expect((await readAll(blob, 2_999_000))?.digest).toBe(digestOf(bytes.slice(2_999_000)))
    expect((await readAll(blob, bytes.length))?.digest).toBe(digestOf(new Uint8Array()))
    expect(await readAll({ ...blob, readCapability: random(32) })).toBeNull()
    await port().blobDone(relay().contact, blob.blobId, random(32))
    expect(await readAll(blob)).not.toBeNull()
    await port().blobDone(relay().contact, blob.blobId, blob.readCapability)
    expect(await readAll(blob)).toBeNull()
  })

  test('an upload that broke off goes on where the relay stopped, also after a restart', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const bytes = random(8_000_000)
    const stop = new AbortController()
    const blob = upload(owner, bytes)
    const broken = port().putBlob(
      relay().contact,
      {
        ...blob,
        onProgress: (doneBytes) => {
          if (doneBytes > 2_000_000) stop.abort()
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
    expect(offsets[0]).toBeGreaterThanOrEqual(2_000_000)
    expect(offsets[0]).toBeLessThan(bytes.length)
    expect((await readAll(blob))?.digest).toBe(digestOf(bytes))
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
    expect((await readAll(blob))?.digest).toBe(digestOf(bytes))
  })
}
