/** One file for plain Node or Electron's Node: everything bundled but native add-ons. */
import { join } from 'node:path'
import { build } from 'vite'
import { EXTERNAL_PACKAGES } from './bundle-options.ts'
import { ROOT } from './paths.ts'

export interface NodeBundle {
  /** Name of a file to its source, relative to the repository's root. */
  readonly entries: Readonly<Record<string, string>>
  readonly outDir: string
  /** `mjs` where no package.json says that files are modules. */
  readonly extension?: 'js' | 'mjs'
}

export const bundleForNode = async ({ entries, outDir, extension = 'js' }: NodeBundle): Promise<void> => {
  const input = Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, join(ROOT, entry)]))
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'warn',
    ssr: { noExternal: true, target: 'node' },
    build: {
      ssr: true,
      outDir,
      emptyOutDir: true,
      target: 'node20',
      minify: false,
      sourcemap: true,
      rolldownOptions: {
        input,
        external: EXTERNAL_PACKAGES,
        output: {
          format: 'es',
          entryFileNames: `[name].${extension}`,
          chunkFileNames: `chunks/[name]-[hash].${extension}`,
        },
      },
    },
  })
}
