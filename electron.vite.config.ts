import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'
import { EXTERNAL_PACKAGES } from './scripts/bundle-options.ts'

const at = (path: string): string => resolve(import.meta.dirname, path)

export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      target: 'node20',
      externalizeDeps: false,
      sourcemap: true,
      minify: false,
      rolldownOptions: {
        input: {
          index: at('main/index.ts'),
          'engine-process': at('main/engine-process.ts'),
          'attachment-worker': at('main/storage/attachment-cipher/attachment-worker.ts'),
          'hash-worker': at('main/storage/attachment-cipher/hash-worker.ts'),
        },
        external: EXTERNAL_PACKAGES,
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      target: 'node20',
      externalizeDeps: false,
      minify: false,
      rolldownOptions: {
        input: { index: at('preload/index.ts') },
        // a sandboxed preload script is CommonJS
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: at('renderer'),
    base: './',
    plugins: [vue()],
    build: {
      outDir: at('out/renderer'),
      emptyOutDir: true,
      target: 'chrome130',
      // the content security policy has no data: for fonts and scripts
      assetsInlineLimit: 0,
      rolldownOptions: { input: { index: at('renderer/index.html') } },
    },
  },
})
