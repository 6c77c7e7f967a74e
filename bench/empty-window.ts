/** Builds bench/empty-app into a folder that Electron can start. */
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { build } from 'vite'
import { ROOT } from '../scripts/paths.ts'

const SOURCE = join(ROOT, 'bench', 'empty-app')

export const buildEmptyWindow = async (outDir: string): Promise<void> => {
  await build({
    root: SOURCE,
    configFile: false,
    logLevel: 'warn',
    base: './',
    plugins: [vue()],
    build: { outDir, emptyOutDir: true, target: 'chrome130' },
  })
  await copyFile(join(SOURCE, 'main.mjs'), join(outDir, 'main.mjs'))
  const description = { name: 'empty-window', version: '1.0.0', main: 'main.mjs' }
  await writeFile(join(outDir, 'package.json'), JSON.stringify(description))
}
