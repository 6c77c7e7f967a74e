/** One relay a data folder: a lock that the operating system lets go of when its process ends, in whatever way. */

import Database from 'better-sqlite3'

/** @throws Error when another process holds it */
export function lockDataDir(path: string): () => void {
  const lock = new Database(path)
  try {
    // Whoever holds it keeps it: waiting is of no use.
    lock.pragma('busy_timeout = 0')
    lock.pragma('locking_mode = EXCLUSIVE')
    lock.exec('begin exclusive')
  } catch (cause) {
    lock.close()
    throw new Error('Another parley-relay runs in this data folder.', { cause })
  }
  return () => {
    lock.close()
  }
}
