import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { BlobId } from '../../shared/model/ids.ts'
import { blobIdOf, sampleAccount } from '../ports/contract-tests/sample-records.ts'
import { createBlobFiles } from './blob-files.ts'
import { startChild } from './testing/child.ts'
import { RECOVERY_KEY, testProfile } from './testing/profile-parts.ts'
import { codeOf } from './testing/store-files.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const blobId = blobIdOf(1)
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

function blobsIn(folder = join(temporaryFolder(), 'attachments')) {
  return { folder, blobs: createBlobFiles(folder) }
}

test('a part becomes a file when it is whole', async () => {
  const { blobs, folder } = blobsIn()
  const part = await blobs.openPart(blobId, 0)
  await part.append(bytes(1, 2, 3))
  await part.append(bytes(4))
  expect(await blobs.partSize(blobId)).toBe(4)
  expect(await blobs.size(blobId)).toBeNull()
  expect(await blobs.readPart(blobId, 1, 3)).toEqual(bytes(2, 3))
  expect(await codeOf(() => blobs.read(blobId, 0, 1))).toBe('file-gone')
  await part.finish()
  await part.close()
  expect(await blobs.size(blobId)).toBe(4)
  expect(await blobs.partSize(blobId)).toBe(0)
  expect(await blobs.read(blobId, 0, 4)).toEqual(bytes(1, 2, 3, 4))
  expect(await blobs.read(blobId, 3, 99)).toEqual(bytes(4))
  expect(readdirSync(folder)).toEqual([blobId])
})

test('a part goes on where it stopped, and what lay behind that is cut off', async () => {
  const { blobs } = blobsIn()
  const first = await blobs.openPart(blobId, 0)
  await first.append(bytes(1, 2, 3, 9, 9))
  await first.close()
  const second = await blobs.openPart(blobId, 3)
  expect(await blobs.partSize(blobId)).toBe(3)
  await second.append(bytes(4))
  await second.finish()
  expect(await blobs.read(blobId, 0, 10)).toEqual(bytes(1, 2, 3, 4))
})

test('a part that is shorter than was thought, or gone, is not gone on with', async () => {
  const { blobs } = blobsIn()
  expect(await codeOf(() => blobs.openPart(blobId, 3))).toBe('file-gone')
  const part = await blobs.openPart(blobId, 0)
  await part.append(bytes(1))
  await part.close()
  expect(await codeOf(() => blobs.openPart(blobId, 3))).toBe('file-gone')
  expect(await blobs.partSize(blobId)).toBe(1)
})

test('deleting takes the part and the file, and may be done twice', async () => {
  const { blobs, folder } = blobsIn()
  const part = await blobs.openPart(blobId, 0)
  await part.append(bytes(1))
  await part.finish()
  await (await blobs.openPart(blobId, 0)).close()
  await blobs.delete(blobId)
  await blobs.delete(blobId)
  expect(readdirSync(folder)).toEqual([])
})

describe('an id that is no id', () => {
  test.each(['../keys.json', '', 'a/b', '.', `${blobId}x`, `${blobId.slice(0, -1)}/`, '..\\..\\keys', `${blobId}\n`])(
    '%j reaches no file',
    async (text) => {
      const { blobs, folder } = blobsIn()
      const outside = join(folder, '..', 'keys.json')
      writeFileSync(outside, 'kept')
      const id = text as BlobId
      const calls = [
        () => blobs.openPart(id, 0),
        () => blobs.partSize(id),
        () => blobs.read(id, 0, 1),
        () => blobs.readPart(id, 0, 1),
        () => blobs.size(id),
        () => blobs.delete(id),
      ]
      for (const call of calls) expect(await codeOf(call)).toBe('malformed')
      expect(existsSync(outside)).toBe(true)
      expect(existsSync(folder)).toBe(false)
    },
  )
})

test('a disk that takes no more is said so; what was there before stays', async () => {
  const folder = temporaryFolder()
  const profile = testProfile(folder)
  const store = await profile.create({ passphrase: null, recoveryKey: RECOVERY_KEY })
  store.transaction(() => store.account.put(sampleAccount()))
  await profile.close()

  const child = startChild(new URL('./testing/fill-disk.ts', import.meta.url), [folder], 2_048)
  const told: unknown = JSON.parse((await child.line()) ?? '')
  expect(told).toEqual({ blob: 'disk-full', rows: 'disk-full', left: 0, whole: true })

  await child.ended
  expect((await profile.openWithKeychain()).account.get()).toStrictEqual(sampleAccount())
  await profile.close()
})
