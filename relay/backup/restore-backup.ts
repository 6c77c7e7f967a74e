/** Makes a data folder of a backup: nothing is written before all of it was verified. */

import { constants } from 'node:fs'
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../config.ts'
import { BLOBS_DIR } from '../data-files.ts'
import { describeFile, MANIFEST_FILE, parseManifest } from './manifest.ts'
import type { Manifest, ManifestFile } from './manifest.ts'
import { flush, isThere } from './make-backup.ts'

/**
 * The value by which the relay tells a restored database is left away, so that the relay notices at its next start and
 * discards one-time prekeys: some may have been handed out after the copy was made.
 * @throws ConfigError when a file is missing, altered or damaged, or when `to` holds something
 */
export async function restoreBackup(from: string, to: string): Promise<Manifest> {
  const manifest = parseManifest(await manifestOf(from))
  await verify(from, manifest)
  await mkdir(to, { recursive: true, mode: 0o700 })
  if ((await readdir(to)).length > 0) {
    throw new ConfigError(`${to} holds something already: a backup goes into a new or empty folder.`)
  }
  await mkdir(join(to, BLOBS_DIR), { mode: 0o700 })
  for (const file of manifest.files) {
    await copyFile(join(from, file.path), join(to, file.path), constants.COPYFILE_EXCL)
    await flush(join(to, file.path))
    await verifyFile(to, file)
  }
  return manifest
}

async function manifestOf(from: string): Promise<string> {
  const path = join(from, MANIFEST_FILE)
  if (!(await isThere(path))) {
    throw new ConfigError(`${from} is no backup: it has no ${MANIFEST_FILE}, or it was not finished.`)
  }
  return readFile(path, 'utf8')
}

async function verify(from: string, { files }: Manifest): Promise<void> {
  for (const file of files) {
    if (!(await isThere(join(from, file.path)))) throw new ConfigError(`The backup lacks ${file.path}.`)
    await verifyFile(from, file)
  }
}

async function verifyFile(dir: string, { path, sizeBytes, sha256 }: ManifestFile): Promise<void> {
  const found = await describeFile(join(dir, path), path)
  if (found.sizeBytes === sizeBytes && found.sha256 === sha256) return
  throw new ConfigError(`${path} is not what was backed up: it was altered or is damaged.`)
}
