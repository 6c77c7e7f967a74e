/** Copies a relay into a folder while it runs. */

import { constants } from 'node:fs'
import { copyFile, mkdir, open, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../config.ts'
import { BLOBS_DIR, RELAY_KEY_FILE } from '../data-files.ts'
import { copyDatabase } from '../storage/sqlite-copy.ts'
import { blobPath, describeFile, KEPT_DATABASES, KEPT_FILES, MANIFEST_FILE, manifestText } from './manifest.ts'
import type { Manifest, ManifestFile } from './manifest.ts'

/**
 * The databases first, then attachments: one that was fetched in between is missing in the copy, and a restored relay forgets
 * it; one that came in between has no row, and a restored relay removes it. The manifest comes last: without it there is no backup.
 * @throws ConfigError when `from` is no relay's folder or `to` holds something
 */
export async function makeBackup(from: string, to: string, nowMs: number): Promise<Manifest> {
  await mkdir(to, { recursive: true, mode: 0o700 })
  if ((await readdir(to)).length > 0) throw new ConfigError(`${to} holds something already: choose a new folder.`)
  const files: ManifestFile[] = []
  for (const name of KEPT_DATABASES) files.push(...(await copied(from, to, name, copyDatabase)))
  for (const name of KEPT_FILES) files.push(...(await copied(from, to, name, copyOne)))
  if (!files.some(({ path }) => path === RELAY_KEY_FILE)) throw new ConfigError(`${from} is no relay's folder.`)
  await mkdir(join(to, BLOBS_DIR), { mode: 0o700 })
  for (const name of await namesIn(join(from, BLOBS_DIR))) {
    files.push(...(await copied(from, to, blobPath(name), copyOne)))
  }
  const manifest = { madeAtMs: nowMs, files }
  await writeFile(join(to, MANIFEST_FILE), manifestText(manifest), { mode: 0o600, flush: true })
  return manifest
}

async function copied(
  from: string,
  to: string,
  path: string,
  copy: (from: string, to: string) => Promise<void>,
): Promise<readonly ManifestFile[]> {
  if (!(await isThere(join(from, path)))) return []
  try {
    await copy(join(from, path), join(to, path))
  } catch (error) {
    // An attachment that its reader is done with goes at any time.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
  await flush(join(to, path))
  return [await describeFile(join(to, path), path)]
}

async function copyOne(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL)
}

export async function isThere(path: string): Promise<boolean> {
  try {
    await (await open(path, 'r')).close()
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

/** On disk, and readable by its owner alone. */
export async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.chmod(0o600)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
