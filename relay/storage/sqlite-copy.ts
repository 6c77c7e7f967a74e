/** A consistent copy of a SQLite file that is in use: SQLite's backup API, in one step, as of one moment. */

import Database from 'better-sqlite3'

const ALL_PAGES = 0x7fffffff

/**
 * Writers go on meanwhile. The copy is one file, without a log beside it, and checked.
 * @throws Error when the copy is not sound
 */
export async function copyDatabase(from: string, to: string): Promise<void> {
  const source = new Database(from, { readonly: true, fileMustExist: true })
  try {
    // In one step: between steps a write of the relay would send it back to the start.
    await source.backup(to, { progress: () => ALL_PAGES })
  } finally {
    source.close()
  }
  const copy = new Database(to, { fileMustExist: true })
  try {
    copy.pragma('journal_mode = DELETE')
    const verdict = copy.pragma('quick_check', { simple: true })
    if (verdict !== 'ok') throw new Error('The copy of the database is damaged: the original is, or the disk.')
  } finally {
    copy.close()
  }
}
