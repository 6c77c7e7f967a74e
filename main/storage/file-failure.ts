/** What the system says of a file, as the codes of the ports. Apart from failure.ts: the attachment worker loads no SQLite. */

import { ParleyError } from '../../shared/errors.ts'

const DISK_FULL_CODES = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS', 'EACCES', 'EPERM'])

export function errnoCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** A file that could not be written, as the code of the port. */
export function writeFailure(error: unknown): unknown {
  const code = errnoCode(error)
  return DISK_FULL_CODES.has(code) ? new ParleyError('disk-full', code, { cause: error }) : error
}

export function isMissing(error: unknown): boolean {
  return errnoCode(error) === 'ENOENT'
}
