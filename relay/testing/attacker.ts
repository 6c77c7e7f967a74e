/** A process that abuses a relay until it is ended: `node attacker.ts '{"name": …}'`. */

import process from 'node:process'
import { attack } from './attacks.ts'
import type { Attack } from './attacks.ts'

process.on('disconnect', () => process.exit(0))
await attack(JSON.parse(process.argv[2] ?? '') as Attack)
process.send?.({ kind: 'attacking' })
