import Sqlite from 'better-sqlite3'
import { ParleyError } from '../../shared/errors.ts'

/** What a failing disk says when it cannot give back what was written. */
const UNREADABLE = /^SQLITE_(CORRUPT|NOTADB|IOERR_(READ|SHORT_READ|CORRUPTFS|DATA))/
const UNWRITABLE = /^SQLITE_(FULL|IOERR|CANTOPEN|READONLY)/

/**
 * The failures of SQLite that are expected, as the codes of the port. Everything else, a broken
 * constraint above all, is a bug and comes back as it is.
 */
export function storeFailure(error: unknown): unknown {
  if (!(error instanceof Sqlite.SqliteError)) return error
  const { code } = error
  if (UNREADABLE.test(code)) return new ParleyError('store-damaged', code, { cause: error })
  if (UNWRITABLE.test(code)) return new ParleyError('disk-full', code, { cause: error })
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return new ParleyError('profile-open', code, { cause: error })
  return error
}

/** @throws disk-full | store-damaged | profile-open, else what `work` threw */
export function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw storeFailure(error)
  }
}
