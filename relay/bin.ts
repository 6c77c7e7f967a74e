#!/usr/bin/env node
/** `parley-relay`: a relay without a window. */

import process from 'node:process'

/** What the database's add-on is built for; an older Node crashes on it without a word. */
const NODE_API = 10

if (Number(process.versions.napi) < NODE_API) {
  process.stderr.write(`parley-relay needs Node 22.14 or newer; this is ${process.version}.\n`)
  process.exit(2)
}
// Whatever it writes is the operator's alone.
process.umask(0o077)
const { runCommandLine } = await import('./cli/index.ts')
await runCommandLine(process.argv)
