import Sqlite from 'better-sqlite3'
import { storeFailure } from './failure.ts'
import { makePrivateFile } from './private-file.ts'

/** How long a second start waits for a first one that is just going away, in milliseconds. */
const WAIT_MS = 500

/**
 * One engine a profile. The lock is the operating system's, on a file that SQLite holds: it ends with
 * the process however that ends, so no stale lock is ever left.
 * @returns what releases it
 * @throws profile-open
 */
export function lockProfile(path: string, nativeBinding: string | null): () => void {
  makePrivateFile(path)
  const database = new Sqlite(path, { timeout: WAIT_MS, ...(nativeBinding === null ? {} : { nativeBinding }) })
  try {
    database.pragma('journal_mode = MEMORY')
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    throw storeFailure(error)
  }
  return () => {
    database.close()
  }
}
