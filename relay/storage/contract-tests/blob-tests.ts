/** What is known of attachments. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { BlobId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import type { BlobRow, RelayStore } from '../relay-store.ts'
import { envelope, filled, HOUR_MS, mailboxOf, openWithToken } from './store-factory.ts'
import type { OpenedForTest, StoreFactory } from './store-factory.ts'

const mailboxId = mailboxOf(1)

const blob = (value: number, sizeBytes = 400): BlobRow => ({
  ...{ mailboxId, blobId: idFromBytes<BlobId>(filled(16, value)), sizeBytes },
  sha256: filled(32, value),
  capabilityHash: filled(32, value + 1),
  complete: false,
  storedAtMs: 5,
  expiresAtMs: HOUR_MS,
})

export function blobTests(factory: StoreFactory): void {
  let opened: OpenedForTest
  let store: RelayStore

  beforeEach(async () => {
    opened = await factory({ mailboxMaxBlobBytes: 1_000 })
    store = opened.store
    await openWithToken(store, 1)
    await openWithToken(store, 2)
  })

  afterEach(async () => {
    await opened.remove()
  })

  const find = (row: BlobRow, nowMs = 0) => store.blobByCapability(row.blobId, row.capabilityHash, nowMs)

  describe('blobs', () => {
    test('one is found by its capability once it is complete, until it expires', async () => {
      const row = blob(1)
      expect(await store.beginBlob(row)).toBe(row)
      expect(await find(row)).toBeNull()
      await store.completeBlob(row, 77)
      const complete = { ...row, complete: true, storedAtMs: 77 }
      expect(await find(row)).toEqual(complete)
      expect(await store.blobByCapability(row.blobId, filled(32, 99), 0)).toBeNull()
      expect(await find(row, HOUR_MS - 1)).toEqual(complete)
      expect(await find(row, HOUR_MS)).toBeNull()
      await opened.reopen().then(async (again) => {
        expect(await again.blobByCapability(row.blobId, row.capabilityHash, 0)).toEqual(complete)
      })
    })

    test('begun again it is what it was, whatever the second one says', async () => {
      await store.beginBlob(blob(1))
      expect(await store.beginBlob({ ...blob(1), sizeBytes: 1, sha256: filled(32, 9) })).toEqual(blob(1))
    })

    test('a mailbox takes only so many bytes, and each has its own', async () => {
      await store.beginBlob(blob(1))
      await store.beginBlob(blob(2))
      expect(await store.beginBlob(blob(3))).toBe('full')
      const elsewhere = { ...blob(3), mailboxId: mailboxOf(2) }
      expect(await store.beginBlob(elsewhere)).toEqual(elsewhere)
      await store.deleteBlob(blob(1))
      expect(await store.beginBlob(blob(3))).toEqual(blob(3))
      expect(await store.blobNames()).toHaveLength(3)
    })

    test('an acknowledged envelope takes no blob with it', async () => {
      await store.beginBlob(blob(1))
      await store.completeBlob(blob(1), 5)
      await store.deposit([envelope(1)])
      await store.collect(mailboxId, [envelope(1).envelopeId], 0)
      expect(await find(blob(1))).not.toBeNull()
    })

    test('a sweep forgets what expired and names it, so that its file goes', async () => {
      await store.beginBlob(blob(1))
      await store.beginBlob({ ...blob(2), expiresAtMs: 2 * HOUR_MS })
      const { blobId } = blob(1)
      expect(await store.sweep(HOUR_MS)).toEqual({ blobs: [{ mailboxId, blobId }], more: false })
      expect(await store.sweep(HOUR_MS)).toEqual({ blobs: [], more: false })
      expect((await store.blobNames()).map((name) => name.blobId)).toEqual([blob(2).blobId])
    })
  })
}
