/** The relay's fault and abuse tests at their full size: `npm run test:kills`, `test:abuse`, `test:erasing`. Minutes each. */
import { join } from 'node:path'
import { ROOT } from './paths.ts'
import { failWith, run } from './run.ts'

interface Suite {
  readonly files: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const SUITES: Readonly<Record<string, Suite>> = {
  kills: {
    files: ['relay/custody.test.ts', 'relay/random-kills.test.ts'],
    env: { PARLEY_EVERY_STEP: '1', PARLEY_KILLS: '200' },
  },
  abuse: { files: ['relay/abuse.test.ts'], env: { PARLEY_ABUSE: 'full' } },
  erasing: { files: ['relay/privacy.test.ts'], env: { PARLEY_ERASING: 'full' } },
}

const test = async (name: string): Promise<void> => {
  const suite = SUITES[name]
  if (suite === undefined) throw new Error(`one of: ${Object.keys(SUITES).join(', ')}`)
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
  const { code } = await run(process.execPath, [vitest, 'run', '--reporter=verbose', ...suite.files], {
    env: { ...suite.env, ...process.env, NODE_ENV: 'test' },
  })
  process.exitCode = code
}

test(process.argv[2] ?? '').catch(failWith)
