/** Where the bytes of a file to be sent come from: a path that the person chose, or what they pasted. */

import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { MAX_FILE_BYTES } from '../../../shared/features/files.ts'
import { ParleyError } from '../../../shared/errors.ts'

export interface ByteSource {
  readonly sizeBytes: number
  /** Exactly `length` bytes from `position`. @throws file-gone | file-unreadable */
  read(position: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** @throws file-empty | file-too-large | file-gone | file-unreadable */
export async function openPath(path: string): Promise<ByteSource> {
  const file = await openFile(path)
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw new ParleyError('file-unreadable', 'not a file')
    return {
      sizeBytes: checkedSize(stat.size),
      read: (position, length) => readFully(file, position, length),
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** @throws file-empty | file-too-large */
export function openBytes(bytes: Uint8Array): ByteSource {
  return {
    sizeBytes: checkedSize(bytes.length),
    read: (position, length) => Promise.resolve(bytes.subarray(position, position + length)),
    close: () => Promise.resolve(),
  }
}

function checkedSize(sizeBytes: number): number {
  if (sizeBytes === 0) throw new ParleyError('file-empty')
  if (sizeBytes > MAX_FILE_BYTES) throw new ParleyError('file-too-large', String(sizeBytes))
  return sizeBytes
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (cause) {
    throw new ParleyError(isErrno(cause, 'ENOENT') ? 'file-gone' : 'file-unreadable', errnoOf(cause), { cause })
  }
}

/** A file that shrinks while it is read is gone as far as its sender is concerned. */
async function readFully(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const into = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await readOnce(file, into, filled, position + filled)
    if (bytesRead === 0) throw new ParleyError('file-gone', 'the file became shorter while it was read')
    filled += bytesRead
  }
  return into
}

async function readOnce(file: FileHandle, into: Uint8Array, offset: number, position: number) {
  try {
    return await file.read(into, offset, into.length - offset, position)
  } catch (cause) {
    throw new ParleyError('file-unreadable', errnoOf(cause), { cause })
  }
}

export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

export function isErrno(error: unknown, code: string): boolean {
  return errnoOf(error) === code
}
