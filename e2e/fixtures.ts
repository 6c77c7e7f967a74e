import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test as base } from '@playwright/test'
import type { ElectronApplication, Page } from '@playwright/test'
import { launchApp } from '../scripts/launch-app.ts'

export interface OpenedApp {
  readonly electron: ElectronApplication
  readonly page: Page
  readonly profileDir: string
  /** What the page has written as an error so far, and what it threw. */
  readonly errors: readonly string[]
  /** The engine's process id now, or undefined while none runs. */
  readonly enginePid: () => Promise<number | undefined>
  readonly close: () => Promise<void>
}

export interface OpenOptions {
  /** An earlier app's profile; without one a new, empty folder. */
  readonly profileDir?: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

interface Fixtures {
  /** Opens an app; whatever a test opened is closed and its folders are removed after it. */
  readonly openApp: (options?: OpenOptions) => Promise<OpenedApp>
}

const enginePid = async (electron: ElectronApplication): Promise<number | undefined> =>
  electron.evaluate(({ app }) => app.getAppMetrics().find(({ name }) => name === 'Parley engine')?.pid)

const open = async (profileDir: string, options: OpenOptions): Promise<OpenedApp> => {
  const electron = await launchApp({ ...options, profileDir, say: () => undefined })
  const errors: string[] = []
  let closed = false
  electron.once('close', () => (closed = true))
  const page = await electron.firstWindow()
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(String(error)))
  await page.waitForLoadState('domcontentloaded')
  return {
    electron,
    page,
    profileDir,
    errors,
    enginePid: () => enginePid(electron),
    close: async () => {
      if (!closed) await electron.close()
    },
  }
}

export const test = base.extend<Fixtures>({
  openApp: async ({}, use) => {
    const opened: OpenedApp[] = []
    const folders: string[] = []
    await use(async (options = {}) => {
      const profileDir = options.profileDir ?? (await mkdtemp(join(tmpdir(), 'parley-e2e-')))
      if (options.profileDir === undefined) folders.push(profileDir)
      const app = await open(profileDir, options)
      opened.push(app)
      return app
    })
    for (const app of opened) await app.close()
    for (const folder of folders) await rm(folder, { recursive: true, force: true })
  },
})

export { expect } from '@playwright/test'
