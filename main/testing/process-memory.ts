/** Everything that a process of this user has in memory, as a core dump holds it. Linux only. */

import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

const CHUNK_BYTES = 4 * 1024 * 1024

/** Chunks overlap by `overlapBytes`, so that what is searched for is whole in one of them. */
export function* memoryOf(pid: number, overlapBytes: number): Generator<Buffer> {
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  try {
    for (const line of maps) {
      const match = /^([0-9a-f]+)-([0-9a-f]+) r(\S)\S+ \S+ \S+ \S+\s*(.*)$/.exec(line)
      const [, from = '', to = '', writable = '', name = ''] = match ?? []
      // What the kernel lends cannot be read; what is mapped from a file and not written to is the program.
      if (match === null || name.startsWith('[v') || (name.startsWith('/') && writable !== 'w')) continue
      yield* region(memory, Number.parseInt(from, 16), Number.parseInt(to, 16), overlapBytes)
    }
  } finally {
    closeSync(memory)
  }
}

function* region(memory: number, from: number, to: number, overlapBytes: number): Generator<Buffer> {
  for (let at = from; at < to; at += CHUNK_BYTES) {
    const chunk = Buffer.alloc(Math.min(CHUNK_BYTES + overlapBytes, to - at))
    const read = readSome(memory, chunk, at)
    if (read > 0) yield chunk.subarray(0, read)
  }
}

/** 0: pages that were given back since. */
function readSome(memory: number, chunk: Buffer, at: number): number {
  try {
    return readSync(memory, chunk, 0, chunk.length, at)
  } catch {
    return 0
  }
}
