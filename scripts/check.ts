/** Everything that can be checked without running the programs. Ends with `N passed, N failed`. */
import { join } from 'node:path'
import { ROOT } from './paths.ts'
import { run } from './run.ts'

interface Step {
  readonly name: string
  /** A package's program, by its file below node_modules. */
  readonly program: string
  readonly args: readonly string[]
}

const STEPS: readonly Step[] = [
  { name: 'format', program: 'prettier/bin/prettier.cjs', args: ['--check', '--log-level', 'warn', '.'] },
  { name: 'types', program: 'vue-tsc/bin/vue-tsc.js', args: ['--build'] },
  { name: 'lint', program: 'eslint/bin/eslint.js', args: ['.', '--max-warnings', '0'] },
  {
    name: 'layers',
    program: 'dependency-cruiser/bin/dependency-cruiser.mjs',
    args: [
      '--config',
      '.dependency-cruiser.mjs',
      'main',
      'preload',
      'renderer',
      'relay',
      'shared',
      'e2e',
      'bench',
      'fuzz',
      'scripts',
    ],
  },
  { name: 'dead code', program: 'knip/bin/knip.js', args: [] },
]

let failed = 0
for (const step of STEPS) {
  const startedAtMs = performance.now()
  const { code } = await run(process.execPath, [join(ROOT, 'node_modules', step.program), ...step.args])
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1)
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${step.name} (${seconds} s)`)
  if (code !== 0) failed += 1
}
console.log(`${STEPS.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
