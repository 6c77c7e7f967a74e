/** The kept inputs: `fuzz/corpus/TARGET/*.bin`. Real values under their names, and under `broke-…` whatever once broke something. */

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../scripts/paths.ts'

const CORPUS = join(ROOT, 'fuzz', 'corpus')

/** File name without `.bin` to content, in the order of the names. */
export function readCorpus(target: string): ReadonlyMap<string, Uint8Array> {
  const folder = join(CORPUS, target)
  const files = existsSync(folder) ? readdirSync(folder).sort() : []
  return new Map(files.map((file) => [file.replace(/\.bin$/, ''), new Uint8Array(readFileSync(join(folder, file)))]))
}

/** Folders in the corpus. */
export function corpusNames(): readonly string[] {
  return existsSync(CORPUS) ? readdirSync(CORPUS).sort() : []
}

/** The file's path from the repository's root. */
export function writeInput(target: string, name: string, input: Uint8Array): string {
  mkdirSync(join(CORPUS, target), { recursive: true })
  writeFileSync(join(CORPUS, target, `${name}.bin`), input)
  return `fuzz/corpus/${target}/${name}.bin`
}

/** Keeps an input that broke something, under a name made of its content. */
export function keepBroken(target: string, input: Uint8Array): string {
  return writeInput(target, `${BROKEN_PREFIX}${createHash('sha256').update(input).digest('hex').slice(0, 12)}`, input)
}

export const BROKEN_PREFIX = 'broke-'

export function dropInput(target: string, name: string): void {
  rmSync(join(CORPUS, target, `${name}.bin`))
}
