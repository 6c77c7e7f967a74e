/**
 * Mutation tests of the cryptography: `npm run mutation`, or `npm run mutation -- --mutate main/crypto/envelope.ts` for one
 * file. docs/mutation.md.
 * @type {import('@stryker-mutator/core').PartialStrykerOptions}
 */
export default {
  mutate: ['main/crypto/**/*.ts', '!main/crypto/**/*.test.ts', '!main/crypto/testing/**'],
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.ts' },
  plugins: ['@stryker-mutator/vitest-runner', './stryker.config.mjs'],
  ignorers: ['error-texts'],
  coverageAnalysis: 'perTest',
  // What runs while a module loads would need every test for each mutant: constants have tests by vectors instead.
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 20_000,
  thresholds: { high: 95, low: 90, break: 85 },
  incremental: true,
  incrementalFile: 'mutation-out/incremental.json',
  reporters: ['clear-text', 'progress', 'html', 'json'],
  clearTextReporter: { reportTests: false, logTests: false, allowColor: false },
  htmlReporter: { fileName: 'mutation-out/report.html' },
  jsonReporter: { fileName: 'mutation-out/report.json' },
  tempDirName: 'mutation-out/tmp',
  ignorePatterns: [
    '*',
    '!main',
    '!main/**',
    '!relay',
    '!relay/**',
    '!shared',
    '!shared/**',
    '!docs',
    '!docs/**',
    '!*.json',
    '!vitest.mutation.config.ts',
    '!stryker.config.mjs',
  ],
}

const ERRORS = new Set(['ParleyError', 'Error', 'RangeError'])

/** True for the words of an error, which nothing decides by: not for a `ParleyError`'s code, its first argument. */
function isErrorText({ node, parent }) {
  if (parent?.type !== 'NewExpression' || !ERRORS.has(parent.callee.name)) return false
  return parent.arguments.indexOf(node) >= (parent.callee.name === 'ParleyError' ? 1 : 0)
}

/** This file is a plugin of its own. */
export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'error-texts',
    value: { shouldIgnore: (path) => (isErrorText(path) ? 'the words of an error' : undefined) },
  },
]
