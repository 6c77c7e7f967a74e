// Stands in for Electron's default app in the prepared runtime: opens the app folder that is the
// first path argument. `ready` waits for this module, and so for the app's own entry.
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { app } from 'electron'

const folder = process.argv.slice(1).find((argument) => !argument.startsWith('-'))
if (folder === undefined) {
  process.stderr.write('usage: electron <app folder>\n')
  process.exit(1)
}
const appDir = resolve(folder)
const description = JSON.parse(await readFile(join(appDir, 'package.json'), 'utf8'))
app.setName(description.productName ?? description.name)
app.setVersion(description.version)
app.setAppPath(appDir)
await import(pathToFileURL(join(appDir, description.main)).href)
