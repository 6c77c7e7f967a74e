/** Files of a profile: readable by their owner alone, whole after a kill. */

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { isMissing, writeFailure } from './file-failure.ts'

const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

function writing<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw writeFailure(error)
  }
}

/** @throws disk-full */
export function makePrivateFolder(path: string): void {
  writing(() => mkdirSync(path, { recursive: true, mode: FOLDER_MODE }))
}

/** An empty file, made before SQLite would make it readable for others. @throws disk-full */
export function makePrivateFile(path: string): void {
  writing(() => {
    closeSync(openSync(path, 'a', FILE_MODE))
  })
}

/** After a kill at any instant `path` holds the old bytes or the new ones. @throws disk-full */
export function replaceFile(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.new`
  writing(() => {
    const file = openSync(temporary, 'w', FILE_MODE)
    try {
      writeFileSync(file, bytes)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
    syncFolder(dirname(path))
  })
}

/** Makes new names in a folder durable. Windows cannot, and needs not: its names are journalled. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Null: there is no such file. */
export function readFileIfThere(path: string): Uint8Array | null {
  try {
    return readFileSync(path)
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

export function isThere(path: string): boolean {
  return existsSync(path)
}

export function removeFile(path: string): void {
  writing(() => {
    rmSync(path, { force: true })
  })
}
