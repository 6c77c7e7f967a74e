import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

/** Time limits are for a machine with two busy cores; a test that needs more says so itself. */
const shared = { testTimeout: 30_000, hookTimeout: 30_000, restoreMocks: true, unstubGlobals: true } as const

const node = (name: string) => ({
  test: { ...shared, name, environment: 'node' as const, include: [`${name}/**/*.test.ts`] },
})

export default defineConfig({
  test: {
    projects: [
      node('shared'),
      node('main'),
      node('relay'),
      node('preload'),
      node('scripts'),
      node('fuzz'),
      {
        plugins: [vue()],
        test: { ...shared, name: 'renderer', environment: 'happy-dom', include: ['renderer/**/*.test.ts'] },
      },
    ],
  },
})
