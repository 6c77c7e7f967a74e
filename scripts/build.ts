/**
 * Bundles all programs into out/. `--if-stale` skips it when nothing has changed since the last
 * build.
 */
import { createHash } from 'node:crypto'
import { chmod, glob, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build as buildElectron } from 'electron-vite'
import { bundleForNode } from './bundle-for-node.ts'
import { exclusive } from './exclusive.ts'
import { ROOT } from './paths.ts'
import { failWith } from './run.ts'

const OUT = join(ROOT, 'out')
const STAMP = join(OUT, 'build-stamp')
const INPUTS = [
  '{main,preload,renderer,relay,shared}/**/*.{ts,vue,css,html,svg,png,json,woff2}',
  'package.json',
  'package-lock.json',
  'electron.vite.config.ts',
  'scripts/{build,bundle-for-node,bundle-options}.ts',
]

interface NodeProgram {
  readonly folder: string
  /** Each becomes `<name>.js` in the folder. */
  readonly entries: Readonly<Record<string, string>>
  /** The one that people start. */
  readonly command: string
}

const NODE_PROGRAMS: readonly NodeProgram[] = [
  {
    folder: 'headless',
    entries: {
      parley: 'main/headless.ts',
      'attachment-worker': 'main/storage/attachment-cipher/attachment-worker.ts',
      'hash-worker': 'main/storage/attachment-cipher/hash-worker.ts',
    },
    command: 'parley',
  },
  { folder: 'relay', entries: { 'parley-relay': 'relay/bin.ts' }, command: 'parley-relay' },
]

const inputsStamp = async (): Promise<string> => {
  const lines: string[] = []
  for await (const path of glob(INPUTS, { cwd: ROOT })) {
    if (path.endsWith('.test.ts')) continue
    const { mtimeMs, size } = await stat(join(ROOT, path))
    lines.push(`${path} ${mtimeMs} ${size}`)
  }
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex')
}

const buildNodeProgram = async ({ folder, entries, command }: NodeProgram): Promise<void> => {
  await bundleForNode({ entries, outDir: join(OUT, folder) })
  const file = join(OUT, folder, `${command}.js`)
  const text = await readFile(file, 'utf8')
  if (!text.startsWith('#!')) await writeFile(file, `#!/usr/bin/env node\n${text}`)
  await chmod(file, 0o755)
}

const buildAll = async (): Promise<void> => {
  await rm(STAMP, { force: true })
  await buildElectron({ root: ROOT, logLevel: 'warn' })
  for (const program of NODE_PROGRAMS) {
    await buildNodeProgram(program)
  }
}

/** Builds when a source is newer than the last build; one build at a time. */
export const buildIfStale = async (options: { readonly force?: boolean } = {}): Promise<void> => {
  await mkdir(OUT, { recursive: true })
  await exclusive(join(ROOT, 'node_modules', '.cache', 'parley-build.lock'), async () => {
    const wanted = await inputsStamp()
    const present = await readFile(STAMP, 'utf8').catch(() => '')
    if (wanted === present && options.force !== true) return
    const startedAtMs = performance.now()
    await buildAll()
    await writeFile(STAMP, wanted)
    console.log(`built in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`)
  })
}

if (import.meta.main) {
  buildIfStale({ force: !process.argv.includes('--if-stale') }).catch(failWith)
}
