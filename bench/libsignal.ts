/**
 * `@signalapp/libsignal-client` as the reference: installed by the benchmark beside the project and never part of it (AGPL).
 * Its stores are called back for each message, as an app's are; two kinds of them are timed and the faster one counts.
 */
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cacheDir } from '../scripts/paths.ts'
import { run } from '../scripts/run.ts'

export const LIBSIGNAL_VERSION = '0.103.0'

/** The entry of an installed copy. @throws when npm cannot install it */
export const installLibsignal = async (): Promise<string> => {
  const folder = join(cacheDir(), `libsignal-client-${LIBSIGNAL_VERSION}`)
  const home = join(folder, 'node_modules', '@signalapp', 'libsignal-client')
  if (!existsSync(join(home, 'package.json'))) {
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'package.json'), '{"private":true}\n')
    const name = `@signalapp/libsignal-client@${LIBSIGNAL_VERSION}`
    const { code } = await run(
      'npm',
      ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', name],
      {
        output: 'collect',
      },
    )
    if (code !== 0) throw new Error('npm could not install it')
  }
  const { main } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as { readonly main: string }
  return pathToFileURL(join(home, main)).href
}
