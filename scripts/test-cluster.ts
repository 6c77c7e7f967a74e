/**
 * The faults of several machines: three PostgreSQL nodes under Patroni, each in a network namespace, and two front ends of one
 * relay on them. Wants Linux and root, takes some minutes, and is apart from `npm test`.
 */
import { join } from 'node:path'
import { ROOT } from './paths.ts'
import { failWith, run } from './run.ts'
import { ensureClusterTools } from './system-libraries.ts'

const testCluster = async (): Promise<void> => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error('The tests of a cluster make network namespaces: run them on Linux, as root.')
  }
  await ensureClusterTools()
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
  const args = ['run', '--config', join(ROOT, 'vitest.cluster.config.ts'), '--reporter=verbose']
  const { code } = await run(process.execPath, [vitest, ...args, ...process.argv.slice(2)], {
    env: { ...process.env, NODE_ENV: 'test' },
  })
  process.exitCode = code
}

testCluster().catch(failWith)
