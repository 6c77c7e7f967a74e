/**
 * The window in a plain browser with an engine in memory: `npx vite --config renderer/testing/vite.config.mjs`.
 * The address takes `?scene=…&theme=dark&contrast=more&density=compact&dir=rtl`.
 */

import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [vue()],
  server: { host: '127.0.0.1', fs: { allow: [resolve(import.meta.dirname, '../..')] } },
  build: { outDir: resolve(import.meta.dirname, '../../out/window'), emptyOutDir: true, assetsInlineLimit: 0 },
})
