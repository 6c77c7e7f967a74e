import { defineConfig } from 'vitest/config'

/** One cluster for all of them, one after the other. */
export default defineConfig({
  test: {
    name: 'cluster',
    environment: 'node',
    include: ['main/**/*.cluster.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 180_000,
  },
})
