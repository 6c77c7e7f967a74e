/** What every attachment cipher must do, wherever it does it. */

import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { BlobId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import { isParleyError } from '../../../shared/errors.ts'
import type { ErrorCode } from '../../../shared/errors.ts'
import { MAX_RANGE_BYTES } from '../attachment-cipher.ts'
import type { AttachmentCipher, AttachmentSource, StoredAttachment } from '../attachment-cipher.ts'

export interface CipherUnderTest {
  readonly cipher: AttachmentCipher
  /** Where the ciphertext lies, one file a blob under its id; not made before there is one. */
  readonly blobFolder: string
  /** An empty folder for files of the test. */
  readonly folder: string
}

interface Sealed extends StoredAttachment {
  readonly plaintext: Buffer
  readonly ciphertextPath: string
}

const SEGMENT = 65_536
const SEALED_SEGMENT = SEGMENT + 16
/** Below and above what a worker is woken for. */
const SIZES = [1, 65_535, 65_536, 65_537, 524_288, 1_048_577, 3_000_000]
/** So large that it cannot be done before the first progress is told. */
const HUGE_BYTES = 400_000_000
const MAX_BYTES = 500_000_000

const codeOf = async (work: Promise<unknown>): Promise<ErrorCode> => {
  try {
    await work
  } catch (error) {
    if (isParleyError(error)) return error.code
    throw error
  }
  throw new Error('nothing was refused')
}

const filesIn = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder) : [])
const newId = (): BlobId => idFromBytes<BlobId>(randomBytes(16))
const newKey = (): Uint8Array => new Uint8Array(randomBytes(32))

const fileOf = (folder: string, bytes: Uint8Array): AttachmentSource => {
  const path = join(folder, 'source.bin')
  writeFileSync(path, bytes)
  return { kind: 'path', path }
}

const hugeFile = (folder: string): string => {
  const path = join(folder, 'huge.bin')
  writeFileSync(path, '')
  truncateSync(path, HUGE_BYTES)
  return path
}

const seal = async ({ cipher, blobFolder, folder }: CipherUnderTest, sizeBytes: number): Promise<Sealed> => {
  const plaintext = randomBytes(sizeBytes)
  const sealed = { blobId: newId(), key: newKey(), sizeBytes }
  await cipher.encrypt({ ...sealed, source: fileOf(folder, plaintext), maxSizeBytes: MAX_BYTES })
  rmSync(join(folder, 'source.bin'))
  return { ...sealed, plaintext, ciphertextPath: join(blobFolder, sealed.blobId) }
}

export function attachmentCipherContract(name: string, make: () => CipherUnderTest): void {
  describe(`the attachment cipher contract: ${name}`, () => {
    encrypting(make)
    refusingSources(make)
    saving(make)
    damaged(make)
    ranges(make)
    stopping(make)
  })
}

function encrypting(make: () => CipherUnderTest): void {
  test.each(SIZES)('%i bytes of a file come back as they were', async (sizeBytes) => {
    const subject = make()
    const sealed = await seal(subject, sizeBytes)
    const path = join(subject.folder, 'saved')
    await subject.cipher.save({ ...sealed, path })
    expect(readFileSync(path).equals(sealed.plaintext)).toBe(true)
    expect(filesIn(subject.folder)).toEqual(['saved'])
  })

  test.each([1_000, 2_000_000])('%i pasted bytes make the ciphertext that a file makes', async (sizeBytes) => {
    const { cipher, folder, blobFolder } = make()
    const plaintext = randomBytes(sizeBytes)
    const key = newKey()
    const made = async (source: AttachmentSource): Promise<Buffer> => {
      const blobId = newId()
      const told = await cipher.encrypt({ blobId, key, source, maxSizeBytes: sizeBytes })
      const ciphertext = readFileSync(join(blobFolder, blobId))
      expect(told).toEqual({
        sizeBytes,
        ciphertextBytes: sizeBytes + 16 * Math.ceil(sizeBytes / SEGMENT),
        sha256: new Uint8Array(createHash('sha256').update(ciphertext).digest()),
      })
      expect(ciphertext.length).toBe(told.ciphertextBytes)
      return ciphertext
    }
    const ofFile = await made(fileOf(folder, plaintext))
    // A view into a larger buffer: what lies around it is not the attachment's.
    const around = new Uint8Array(sizeBytes + 100)
    around.set(plaintext, 50)
    const ofView = await made({ kind: 'bytes', bytes: around.subarray(50, 50 + sizeBytes) })
    expect(ofView.equals(ofFile)).toBe(true)
    expect(around.length).toBe(sizeBytes + 100)
    expect((await made({ kind: 'bytes', bytes: new Uint8Array(plaintext) })).equals(ofFile)).toBe(true)
    expect(filesIn(blobFolder)).toHaveLength(3)
  })

  test('progress rises to the whole', async () => {
    const { cipher, folder } = make()
    const sizeBytes = 2_500_000
    const told: number[] = []
    const stored = { blobId: newId(), key: newKey(), sizeBytes }
    const onProgress = (doneBytes: number): void => {
      told.push(doneBytes)
    }
    await cipher.encrypt({
      ...stored,
      source: fileOf(folder, randomBytes(sizeBytes)),
      maxSizeBytes: sizeBytes,
      onProgress,
    })
    expect(told.length).toBeGreaterThan(1)
    expect(told).toEqual([...new Set(told)].sort((a, b) => a - b))
    expect(told.splice(0).at(-1)).toBe(sizeBytes)
    await cipher.save({ ...stored, path: join(folder, 'saved'), onProgress })
    expect(told.at(-1)).toBe(sizeBytes)
  })

  test('several at once do not mix', async () => {
    const subject = make()
    const several = await Promise.all(
      [700_000, 800_000, 900_000, 10, 1_000_000].map(async (sizeBytes) => {
        const plaintext = randomBytes(sizeBytes)
        const stored = { blobId: newId(), key: newKey(), sizeBytes }
        const source = { kind: 'bytes', bytes: new Uint8Array(plaintext) } as const
        await subject.cipher.encrypt({ ...stored, source, maxSizeBytes: MAX_BYTES })
        return { stored, plaintext }
      }),
    )
    const read = await Promise.all(several.map(({ stored }) => subject.cipher.read({ ...stored, start: 0, end: null })))
    expect(read.map((bytes, index) => several[index]?.plaintext.equals(bytes))).toEqual(several.map(() => true))
  })
}

function refusingSources(make: () => CipherUnderTest): void {
  const refused = async (subject: CipherUnderTest, source: AttachmentSource, maxSizeBytes: number) => {
    const code = await codeOf(subject.cipher.encrypt({ blobId: newId(), key: newKey(), source, maxSizeBytes }))
    expect(filesIn(subject.blobFolder)).toEqual([])
    return code
  }

  test('a source that is empty, too large, gone or no file is refused, and nothing is left', async () => {
    const subject = make()
    const { folder } = subject
    expect(await refused(subject, fileOf(folder, new Uint8Array()), 10)).toBe('file-empty')
    expect(await refused(subject, { kind: 'bytes', bytes: new Uint8Array() }, 10)).toBe('file-empty')
    expect(await refused(subject, fileOf(folder, new Uint8Array(11)), 10)).toBe('file-too-large')
    expect(await refused(subject, fileOf(folder, new Uint8Array(1_000_000)), 999_999)).toBe('file-too-large')
    expect(await refused(subject, { kind: 'bytes', bytes: new Uint8Array(1_000_000) }, 999_999)).toBe('file-too-large')
    expect(await refused(subject, { kind: 'path', path: join(folder, 'gone') }, 10)).toBe('file-gone')
    expect(await refused(subject, { kind: 'path', path: folder }, MAX_BYTES)).toBe('file-unreadable')
  })

  test('a file that becomes shorter while it is read is gone, and nothing is left', async () => {
    const { cipher, folder, blobFolder } = make()
    const path = hugeFile(folder)
    const encrypted = cipher.encrypt({
      blobId: newId(),
      key: newKey(),
      source: { kind: 'path', path },
      maxSizeBytes: MAX_BYTES,
      onProgress: () => {
        truncateSync(path, 1)
      },
    })
    expect(await codeOf(encrypted)).toBe('file-gone')
    expect(filesIn(blobFolder)).toEqual([])
  })

  test('what was cancelled, before or on the way, leaves nothing', async () => {
    const { cipher, folder, blobFolder } = make()
    const source = { kind: 'path', path: hugeFile(folder) } as const
    const abort = new AbortController()
    const encrypted = cipher.encrypt({
      blobId: newId(),
      key: newKey(),
      source,
      maxSizeBytes: MAX_BYTES,
      signal: abort.signal,
      onProgress: () => {
        abort.abort()
      },
    })
    expect(await codeOf(encrypted)).toBe('cancelled')
    const again = { blobId: newId(), key: newKey(), source, maxSizeBytes: MAX_BYTES, signal: AbortSignal.abort() }
    expect(await codeOf(cipher.encrypt(again))).toBe('cancelled')
    expect(filesIn(blobFolder)).toEqual([])
  })
}

function saving(make: () => CipherUnderTest): void {
  test('takes the place of what was there, and only whole', async () => {
    const subject = make()
    const sealed = await seal(subject, 1_500_000)
    const path = join(subject.folder, 'saved')
    writeFileSync(path, 'kept')
    const abort = new AbortController()
    const cancelled = subject.cipher.save({ ...sealed, path, signal: AbortSignal.abort() })
    expect(await codeOf(cancelled)).toBe('cancelled')
    expect(readFileSync(path, 'utf8')).toBe('kept')
    await subject.cipher.save({ ...sealed, path, signal: abort.signal })
    expect(readFileSync(path).equals(sealed.plaintext)).toBe(true)
  })

  test('to a folder that is not there is refused', async () => {
    const subject = make()
    for (const sizeBytes of [1_000, 1_500_000]) {
      const sealed = await seal(subject, sizeBytes)
      const path = join(subject.folder, 'no', 'folder')
      expect(await codeOf(subject.cipher.save({ ...sealed, path }))).toBe('file-unreadable')
      expect(filesIn(subject.folder)).toEqual([])
    }
  })

  test('of what is not here says so', async () => {
    const subject = make()
    const sealed = await seal(subject, 1_500_000)
    rmSync(sealed.ciphertextPath)
    expect(await codeOf(subject.cipher.save({ ...sealed, path: join(subject.folder, 'saved') }))).toBe('file-gone')
    expect(await codeOf(subject.cipher.read({ ...sealed, start: 0, end: 10 }))).toBe('file-gone')
    expect(await codeOf(subject.cipher.read({ ...sealed, start: 0, end: null }))).toBe('file-gone')
    expect(filesIn(subject.folder)).toEqual([])
  })
}

const DAMAGES: readonly (readonly [name: string, change: (ciphertext: Buffer) => Buffer])[] = [
  ['one bit changed in the last segment', (bytes) => flipped(bytes, bytes.length - 20)],
  ['one bit changed in the first segment', (bytes) => flipped(bytes, 0)],
  ['one byte cut off', (bytes) => bytes.subarray(0, -1)],
  [
    'its last segment cut off',
    (bytes) => bytes.subarray(0, Math.floor(bytes.length / SEALED_SEGMENT) * SEALED_SEGMENT),
  ],
  ['one byte added', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])],
  ['two segments swapped', (bytes) => Buffer.concat([segment(bytes, 1), segment(bytes, 0), from(bytes, 2)])],
  ['one segment twice', (bytes) => Buffer.concat([segment(bytes, 0), segment(bytes, 0), from(bytes, 2)])],
]

const segment = (bytes: Buffer, index: number): Buffer =>
  bytes.subarray(index * SEALED_SEGMENT, (index + 1) * SEALED_SEGMENT)
const from = (bytes: Buffer, index: number): Buffer => bytes.subarray(index * SEALED_SEGMENT)
const flipped = (bytes: Buffer, at: number): Buffer => {
  const changed = Buffer.from(bytes)
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}

function damaged(make: () => CipherUnderTest): void {
  test.each(DAMAGES)('%s: refused, and no plaintext is left', async (_name, change) => {
    const subject = make()
    for (const sizeBytes of [300_000, 1_500_000]) {
      const sealed = await seal(subject, sizeBytes)
      writeFileSync(sealed.ciphertextPath, change(readFileSync(sealed.ciphertextPath)))
      const path = join(subject.folder, 'saved')
      expect(await codeOf(subject.cipher.save({ ...sealed, path }))).toBe('file-damaged')
      expect(filesIn(subject.folder)).toEqual([])
    }
  })

  test('only the segments that a range needs are opened', async () => {
    const subject = make()
    const sealed = await seal(subject, 20 * SEGMENT)
    writeFileSync(sealed.ciphertextPath, flipped(readFileSync(sealed.ciphertextPath), 3 * SEALED_SEGMENT))
    const read = (start: number, end: number) => subject.cipher.read({ ...sealed, start, end })
    for (const [start, end] of [
      [0, 3 * SEGMENT],
      [4 * SEGMENT, 20 * SEGMENT],
    ] as const) {
      expect(sealed.plaintext.subarray(start, end).equals(await read(start, end))).toBe(true)
    }
    expect(await codeOf(read(3 * SEGMENT - 1, 3 * SEGMENT + 1))).toBe('file-damaged')
    expect(await codeOf(read(4 * SEGMENT - 1, 20 * SEGMENT))).toBe('file-damaged')
  })
}

function ranges(make: () => CipherUnderTest): void {
  test('come as they were, wherever they begin and end', async () => {
    const subject = make()
    const sealed = await seal(subject, 2_000_000)
    const borders = [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 524_288, 1_000_000, 1_999_999, 2_000_000, 3_000_000]
    for (const start of borders) {
      for (const end of [...borders, null]) {
        const bytes = await subject.cipher.read({ ...sealed, start, end })
        const wanted = sealed.plaintext.subarray(start, Math.max(start, end ?? sealed.sizeBytes))
        expect(wanted.equals(bytes), `${start} to ${end}`).toBe(true)
      }
    }
  })

  test('are cut to 8 MiB', async () => {
    const subject = make()
    const sealed = await seal(subject, MAX_RANGE_BYTES + 100_000)
    const bytes = await subject.cipher.read({ ...sealed, start: 70_000, end: null })
    expect(sealed.plaintext.subarray(70_000, 70_000 + MAX_RANGE_BYTES).equals(bytes)).toBe(true)
  })
}

function stopping(make: () => CipherUnderTest): void {
  test('ends what is under way and what waits, leaves nothing, and takes no more', async () => {
    const { cipher, folder, blobFolder } = make()
    const source = { kind: 'path', path: hugeFile(folder) } as const
    let begun = (): void => undefined
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve
    })
    const codes = [1, 2, 3].map(() =>
      codeOf(cipher.encrypt({ blobId: newId(), key: newKey(), source, maxSizeBytes: MAX_BYTES, onProgress: begun })),
    )
    await hasBegun
    await cipher.stop()
    expect(await Promise.all(codes)).toEqual(['cancelled', 'cancelled', 'cancelled'])
    expect(filesIn(blobFolder)).toEqual([])
    const stored = { blobId: newId(), key: newKey(), sizeBytes: 1_000_000 }
    expect(await codeOf(cipher.read({ ...stored, start: 0, end: null }))).toBe('cancelled')
    expect(await codeOf(cipher.read({ ...stored, start: 0, end: 1 }))).toBe('cancelled')
    expect(await codeOf(cipher.encrypt({ ...stored, source, maxSizeBytes: MAX_BYTES }))).toBe('cancelled')
    await cipher.stop()
  })
}
