/**
 * Every test: prepares the machine, builds, then runs the unit tests, the fuzz targets and the
 * end-to-end tests in real Electron. Ends with one line `N passed, N failed` over all.
 */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { buildIfStale } from './build.ts'
import { openDisplay } from './display.ts'
import { electronRuntime } from './electron-runtime.ts'
import { ROOT } from './paths.ts'
import { failWith, run } from './run.ts'
import { ensureNetworkTools, ensurePostgres, ensureSystemLibraries } from './system-libraries.ts'

interface Tally {
  readonly passed: number
  readonly failed: number
}

const RESULTS = join(ROOT, 'test-results')

/** The counts out of a report; a run that failed without one, or says so in no count, is one failure. */
const tally = async (
  name: string,
  reportFile: string,
  code: number,
  read: (report: unknown) => Tally,
): Promise<Tally> => {
  const report = await readFile(reportFile, 'utf8').then(
    (text) => JSON.parse(text) as unknown,
    () => undefined,
  )
  const counted = report === undefined ? { passed: 0, failed: 0 } : read(report)
  const failed = code !== 0 && counted.failed === 0 ? 1 : counted.failed
  const nothingRan = counted.passed === 0 && failed === 0 ? 1 : 0
  console.log(`${name}: ${counted.passed} passed, ${failed + nothingRan} failed`)
  return { passed: counted.passed, failed: failed + nothingRan }
}

const unitTests = async (): Promise<Tally> => {
  const report = join(RESULTS, 'unit.json')
  const { code } = await run(
    process.execPath,
    [
      join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    // A build in this process leaves NODE_ENV at production, in which Vue tells its test tools nothing.
    { env: { ...process.env, NODE_ENV: 'test' } },
  )
  return await tally('unit tests', report, code, (value) => {
    const counts = value as { numPassedTests: number; numFailedTests: number }
    return { passed: counts.numPassedTests, failed: counts.numFailedTests }
  })
}

/** All targets together, for PARLEY_FUZZ_SECONDS or a minute. */
const fuzzTargets = async (): Promise<Tally> => {
  const report = join(RESULTS, 'fuzz.json')
  const { code } = await run(process.execPath, [join(ROOT, 'fuzz', 'run.ts'), '--report', report])
  return await tally('fuzz targets', report, code, (value) => value as Tally)
}

const endToEndTests = async (env: NodeJS.ProcessEnv): Promise<Tally> => {
  const report = join(RESULTS, 'end-to-end.json')
  const { code } = await run(
    process.execPath,
    [join(ROOT, 'node_modules', '@playwright', 'test', 'cli.js'), 'test', '--reporter=list,json'],
    { env: { ...env, PLAYWRIGHT_JSON_OUTPUT_NAME: report } },
  )
  return await tally('end-to-end tests', report, code, (value) => {
    const { stats } = value as { stats: { expected: number; unexpected: number; flaky: number } }
    return { passed: stats.expected, failed: stats.unexpected + stats.flaky }
  })
}

const test = async (): Promise<void> => {
  await rm(RESULTS, { recursive: true, force: true })
  await mkdir(RESULTS, { recursive: true })
  await ensureSystemLibraries()
  await ensureNetworkTools()
  await ensurePostgres()
  const runtime = await electronRuntime()
  console.log(`Electron ${runtime.version} at ${runtime.executablePath}`)
  await buildIfStale()
  const unit = await unitTests()
  const fuzz = await fuzzTargets()
  const display = await openDisplay()
  try {
    const endToEnd = await endToEndTests({ ...process.env, ...display.env })
    const failed = unit.failed + fuzz.failed + endToEnd.failed
    console.log(`${unit.passed + fuzz.passed + endToEnd.passed} passed, ${failed} failed`)
    process.exitCode = failed === 0 ? 0 : 1
  } finally {
    await display.stop()
  }
}

test().catch((error: unknown) => {
  failWith(error)
  console.log('0 passed, 1 failed')
})
