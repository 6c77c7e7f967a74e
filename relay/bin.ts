#!/usr/bin/env node
/** `parley-relay`: a relay without a window. */

import { runCommandLine } from './cli.ts'

await runCommandLine(process.argv)
