/** Small files that the person named, read and written whole. */

import { open, readFile, stat } from 'node:fs/promises'
import { ParleyError } from '../../shared/errors.ts'

/** @throws file-gone | file-unreadable | file-empty | file-too-large */
export async function readWhole(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const { size } = await stat(path)
    if (size === 0) throw new ParleyError('file-empty')
    if (size > maxBytes) throw new ParleyError('file-too-large', String(size))
    return new Uint8Array(await readFile(path))
  } catch (cause) {
    if (cause instanceof ParleyError) throw cause
    throw new ParleyError(errno(cause) === 'ENOENT' ? 'file-gone' : 'file-unreadable', errno(cause), { cause })
  }
}

/** On disk when it resolves. @throws disk-full | file-unreadable */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  try {
    const file = await open(path, 'w', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw new ParleyError(errno(cause) === 'ENOSPC' ? 'disk-full' : 'file-unreadable', errno(cause), { cause })
  }
}

function errno(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
