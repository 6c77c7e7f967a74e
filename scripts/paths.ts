import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** The repository's root. */
export const ROOT = resolve(import.meta.dirname, '..')

/** Where prepared runtimes lie, outside node_modules so that `npm ci` does not cost minutes each time. */
export const cacheDir = (): string => {
  if (process.env.PARLEY_CACHE) return resolve(process.env.PARLEY_CACHE)
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'parley')
  if (process.platform === 'win32')
    return join(process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'parley', 'cache')
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'parley')
}
