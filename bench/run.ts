/** Every benchmark, one after the other, each in its own process. With `--json`: one report a line. */
import { join } from 'node:path'
import { ROOT } from '../scripts/paths.ts'
import { run } from '../scripts/run.ts'

const BENCHMARKS = ['delivery', 'start', 'sessions', 'relay'] as const

let failed = 0
for (const name of BENCHMARKS) {
  const { code } = await run(process.execPath, [join(ROOT, 'bench', `${name}.ts`), ...process.argv.slice(2)])
  if (code !== 0) failed += 1
}
process.exitCode = failed === 0 ? 0 : 1
