import { defineConfig } from 'vitest/config'

/** The tests of the cryptography as mutants meet them: whole, but with few runs of the random ones, which a mutant fails in the first. */
export default defineConfig({
  test: {
    name: 'main',
    environment: 'node',
    include: ['main/crypto/**/*.test.ts'],
    testTimeout: 30_000,
    restoreMocks: true,
    env: { PARLEY_SEEDS: '8', PARLEY_FUZZ_RUNS: '40', PARLEY_BIT_STEP: '37' },
  },
})
