/** The end of a relay by a bug: told as what and where, never in the error's own words, which may hold addresses or ids. */

import type { RelayLog } from '../relay-log.ts'

const EXIT_CRASHED = 70

export function crash(log: RelayLog, error: unknown): never {
  log.error('crashed', { reason: error instanceof Error ? error.name : 'unknown' })
  process.stderr.write(`${JSON.stringify({ event: 'crashed-at', places: crashPlaces(error) })}\n`)
  process.exit(EXIT_CRASHED)
}

/** The lines of the stack that name places in the code. */
export function crashPlaces(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return []
  const { stack = '', message } = error
  // A message may have lines that look like places.
  const after = stack.indexOf(message) + message.length
  const lines = stack.slice(after).split('\n')
  return lines.filter((line) => /^\s+at \S/.test(line)).map((line) => line.trim())
}
