import { defineConfig } from '@playwright/test'

/** One worker: two real apps and a relay already fill two cores. No retries: a flaky test is a bug. */
export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.spec.ts',
  outputDir: 'test-results/end-to-end',
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 90_000,
  expect: { timeout: 20_000 },
  reporter: 'list',
})
