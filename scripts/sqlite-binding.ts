/**
 * The SQLite add-on for a runtime that knows Node-API 9 only (before Electron 36): the shipped
 * binary is built for Node-API 10 and crashes there, so it is built once more (80 to 130 s).
 */
import { access, cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { exclusive } from './exclusive.ts'
import { ROOT, cacheDir } from './paths.ts'
import { runOrThrow } from './run.ts'
import { ensureBuildTools } from './system-libraries.ts'

/** Raised when the shim or the flags change. */
const REVISION = 1

const exists = async (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** The folder whose include/node holds Node's headers; undefined lets node-gyp fetch them. */
const headersFolder = async (): Promise<string | undefined> => {
  const npmNode = process.env.npm_node_execpath
  const candidates = [
    process.env.npm_config_nodedir,
    npmNode === undefined ? undefined : resolve(dirname(npmNode), '..'),
    '/usr',
    '/usr/local',
  ]
  for (const candidate of candidates) {
    if (candidate && (await exists(join(candidate, 'include', 'node', 'common.gypi')))) return candidate
  }
  return undefined
}

const build = async (cache: string, target: string): Promise<void> => {
  await ensureBuildTools()
  await mkdir(cache, { recursive: true })
  const temporary = await mkdtemp(join(cache, 'sqlite-'))
  try {
    console.log('building the SQLite add-on for Node-API 9; this takes about two minutes, once')
    const source = join(temporary, 'source')
    await cp(join(ROOT, 'node_modules', 'better-sqlite3'), source, {
      recursive: true,
      filter: (path) => !path.includes('prebuilds'),
    })
    await cp(join(ROOT, 'node_modules', 'node-addon-api'), join(temporary, 'node_modules', 'node-addon-api'), {
      recursive: true,
    })
    const shim = join(temporary, 'napi9-shim.h')
    await cp(join(ROOT, 'scripts', 'napi9-shim.h'), shim)
    const headers = await headersFolder()
    const nodeGyp = join(ROOT, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js')
    const args = [nodeGyp, 'rebuild', '--release', '--force_build=1', ...(headers ? [`--nodedir=${headers}`] : [])]
    await runOrThrow(process.execPath, args, {
      cwd: source,
      env: { ...process.env, CXXFLAGS: `-UNAPI_VERSION -DNAPI_VERSION=9 -include ${shim}` },
      output: 'collect',
    })
    await mkdir(dirname(target), { recursive: true })
    await rename(join(source, 'build', 'Release', 'better_sqlite3.node'), target)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** The path of the rebuilt add-on, built now when the cache does not hold it. */
export const sqliteBindingForNapi9 = async (): Promise<string> => {
  const text = await readFile(join(ROOT, 'node_modules', 'better-sqlite3', 'package.json'), 'utf8')
  const { name, version } = JSON.parse(text) as { name: string; version: string }
  const cache = cacheDir()
  const key = `${name}-${version}-napi9-${process.platform}-${process.arch}-r${REVISION}`
  const target = join(cache, key, 'better_sqlite3.node')
  if (await exists(target)) return target
  return await exclusive(join(cache, `${key}.lock`), async () => {
    if (!(await exists(target))) await build(cache, target)
    return target
  })
}
