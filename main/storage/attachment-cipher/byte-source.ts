/** Where the bytes of a file to be sent come from: a path that the person chose, or what they pasted. */

import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { AttachmentSource } from '../../ports/attachment-cipher.ts'
import { ParleyError } from '../../../shared/errors.ts'
import { errnoCode, isMissing } from '../file-failure.ts'

export interface ByteSource {
  readonly sizeBytes: number
  /** Exactly `into.length` bytes from `position`, in `into` or where they lay already. @throws file-gone | file-unreadable */
  read(position: number, into: Uint8Array): Promise<Uint8Array>
  close(): Promise<void>
}

/** @throws file-empty | file-too-large | file-gone | file-unreadable */
export async function openSource(source: AttachmentSource, maxSizeBytes: number): Promise<ByteSource> {
  return source.kind === 'path' ? await openPath(source.path, maxSizeBytes) : openBytes(source.bytes, maxSizeBytes)
}

async function openPath(path: string, maxSizeBytes: number): Promise<ByteSource> {
  const file = await openFile(path)
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw new ParleyError('file-unreadable', 'not a file')
    return {
      sizeBytes: checkedSize(stat.size, maxSizeBytes),
      read: (position, into) => readFully(file, position, into),
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

function openBytes(bytes: Uint8Array, maxSizeBytes: number): ByteSource {
  return {
    sizeBytes: checkedSize(bytes.length, maxSizeBytes),
    read: (position, into) => Promise.resolve(bytes.subarray(position, position + into.length)),
    close: () => Promise.resolve(),
  }
}

function checkedSize(sizeBytes: number, maxSizeBytes: number): number {
  if (sizeBytes === 0) throw new ParleyError('file-empty')
  if (sizeBytes > maxSizeBytes) throw new ParleyError('file-too-large', String(sizeBytes))
  return sizeBytes
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (cause) {
    throw new ParleyError(isMissing(cause) ? 'file-gone' : 'file-unreadable', errnoCode(cause), { cause })
  }
}

/** A file that shrinks while it is read is gone as far as its sender is concerned. */
async function readFully(file: FileHandle, position: number, into: Uint8Array): Promise<Uint8Array> {
  let filled = 0
  while (filled < into.length) {
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
    throw new ParleyError('file-unreadable', errnoCode(cause), { cause })
  }
}
