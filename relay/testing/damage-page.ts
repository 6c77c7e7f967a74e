/** Turns bits over in a database file whose relay does not run, as a failing disk does. */

import { readFileSync, writeFileSync } from 'node:fs'

/** From the file's header. */
function pageBytesOf(file: Buffer): number {
  const stored = file.readUInt16BE(16)
  return stored === 1 ? 65_536 : stored
}

/** One bit of the only place where `bytes` lie. */
export function flipBitOf(path: string, bytes: Uint8Array): void {
  const file = readFileSync(path)
  const wanted = Buffer.from(bytes)
  const at = file.indexOf(wanted)
  if (at < 0 || file.includes(wanted, at + 1)) throw new Error('the bytes are not there once')
  file.writeUInt8(file.readUInt8(at + 5) ^ 1, at + 5)
  writeFileSync(path, file)
}

/** The head of the page that `bytes` begin on: SQLite cannot read it any more. */
export function breakPageOf(path: string, bytes: Uint8Array): void {
  const file = readFileSync(path)
  const at = file.indexOf(bytes)
  if (at < 0) throw new Error('the bytes are not there')
  const pageBytes = pageBytesOf(file)
  file.fill(0xff, Math.floor(at / pageBytes) * pageBytes, Math.floor(at / pageBytes) * pageBytes + 8)
  writeFileSync(path, file)
}
