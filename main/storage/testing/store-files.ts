/** A store of its own in a temporary folder, for tests that open it more than once. */

import { join } from 'node:path'
import { readFileSync, readdirSync } from 'node:fs'
import { isParleyError } from '../../../shared/errors.ts'
import type { ErrorCode } from '../../../shared/errors.ts'
import type { Store } from '../../ports/store/store.ts'
import { openDatabase } from '../database.ts'
import type { DatabaseOptions } from '../database.ts'
import type { Sql } from '../sql.ts'
import { createStore } from '../store.ts'

export const TEST_KEY = new Uint8Array(32).fill(7)

type OpenOptions = Partial<Pick<DatabaseOptions, 'key' | 'migrations'>>

/** The database alone: an older schema has no store of today's. */
export function openSqlIn(folder: string, mode: DatabaseOptions['mode'], options: OpenOptions = {}): Sql {
  return openDatabase({ path: join(folder, 'store.db'), key: TEST_KEY, nativeBinding: null, mode, ...options })
}

export function openIn(
  folder: string,
  mode: DatabaseOptions['mode'],
  options: OpenOptions = {},
): { readonly sql: Sql; readonly store: Store } {
  const sql = openSqlIn(folder, mode, options)
  return { sql, store: createStore(sql, { clock: { nowMs: () => 1_700_000_000_000 } }) }
}

/** The code of the expected failure that `work` ends with; anything else is thrown on. */
export async function codeOf(work: () => unknown): Promise<ErrorCode | 'none'> {
  try {
    await work()
    return 'none'
  } catch (error) {
    if (isParleyError(error)) return error.code
    throw error
  }
}

/** Every file below `folder`, as name and bytes. */
export function allFiles(folder: string): readonly (readonly [name: string, bytes: Buffer])[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => [path.slice(folder.length + 1), readFileSync(path)] as const)
}
