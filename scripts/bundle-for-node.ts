/** One file for plain Node or Electron's Node: everything bundled but native add-ons. */
import { join } from 'node:path'
import { build } from 'vite'
import { EXTERNAL_PACKAGES } from './bundle-options.ts'
import { ROOT } from './paths.ts'

export interface NodeBundle {
  /** Relative to the repository's root. */
  readonly entry: string
  readonly outDir: string
  readonly fileName: string
}

export const bundleForNode = async ({ entry, outDir, fileName }: NodeBundle): Promise<string> => {
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'warn',
    ssr: { noExternal: true, target: 'node' },
    build: {
      ssr: join(ROOT, entry),
      outDir,
      emptyOutDir: true,
      target: 'node20',
      minify: false,
      sourcemap: true,
      rolldownOptions: {
        external: EXTERNAL_PACKAGES,
        output: { format: 'es', entryFileNames: fileName, chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  })
  return join(outDir, fileName)
}
