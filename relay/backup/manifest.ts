/** What a backup consists of, with the hash of each file. docs/relay.md, "Backups". */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import * as z from 'zod/mini'
import { ConfigError } from '../config.ts'
import { CONFIG_FILE } from '../config-file.ts'
import { BLOBS_DIR, DATABASE_FILE, INVITES_FILE, LIBP2P_KEY_FILE, RELAY_KEY_FILE } from '../data-files.ts'

export const MANIFEST_FILE = 'manifest.json'
const VERSION = 1

/** Of the data folder: what makes this relay this relay. The rest is made anew at the start. */
export const KEPT_FILES: readonly string[] = [RELAY_KEY_FILE, LIBP2P_KEY_FILE, CONFIG_FILE]
export const KEPT_DATABASES: readonly string[] = [DATABASE_FILE, INVITES_FILE]

const manifestSchema = z.strictObject({
  version: z.literal(VERSION),
  madeAtMs: z.int().check(z.minimum(0)),
  files: z.array(
    z.strictObject({
      path: z.string(),
      sizeBytes: z.int().check(z.minimum(0)),
      sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
    }),
  ),
})

export type ManifestFile = z.output<typeof manifestSchema>['files'][number]

export interface Manifest {
  readonly madeAtMs: number
  readonly files: readonly ManifestFile[]
}

export function manifestText({ madeAtMs, files }: Manifest): string {
  return `${JSON.stringify({ version: VERSION, madeAtMs, files }, null, 1)}\n`
}

/** @throws ConfigError when it is none, or names a file that a backup does not hold */
export function parseManifest(text: string): Manifest {
  const parsed = manifestSchema.safeParse(jsonOf(text))
  if (!parsed.success) throw new ConfigError('The manifest of this backup is damaged, or of a newer version.')
  const { files, madeAtMs } = parsed.data
  const strange = files.find(({ path }) => !isKept(path))
  if (strange !== undefined) throw new ConfigError('The manifest of this backup names a file that no backup holds.')
  if (new Set(files.map(({ path }) => path)).size < files.length) {
    throw new ConfigError('The manifest of this backup names a file twice.')
  }
  return { madeAtMs, files }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Names made by a relay: nothing in them can lead out of the folder. */
function isKept(path: string): boolean {
  return KEPT_FILES.includes(path) || KEPT_DATABASES.includes(path) || /^blobs\/[0-9a-f]{64}$/.test(path)
}

export function blobPath(name: string): string {
  return `${BLOBS_DIR}/${name}`
}

/** Constant memory. */
export async function describeFile(file: string, path: string): Promise<ManifestFile> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    sizeBytes += chunk.length
  }
  return { path, sizeBytes, sha256: hash.digest('hex') }
}
