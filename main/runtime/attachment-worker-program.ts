/** Where the attachment worker's program lies: beside its source, or as a bundle beside the engine's (scripts/build.ts, electron.vite.config.ts). */

import { existsSync } from 'node:fs'

const SOURCE = '../storage/attachment-cipher/attachment-worker.ts'
/** A bundler may put this module into the engine's file or into a chunk of its own, one folder below. */
const BUNDLES = ['./attachment-worker.js', '../attachment-worker.js']

/** Null: there is none, and attachments are encrypted in the engine's own loop. */
export function attachmentWorkerProgram(): URL | null {
  const here = import.meta.url
  if (here.endsWith('.ts')) return new URL(SOURCE, here)
  return BUNDLES.map((path) => new URL(path, here)).find((program) => existsSync(program)) ?? null
}
