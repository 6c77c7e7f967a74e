import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ElectronApplication, Page } from '@playwright/test'
import { startRelayProcess } from '../scripts/relay-process.ts'
import type { RelayProcess } from '../scripts/relay-process.ts'
import { expect, test as base } from './fixtures.ts'

const test = base.extend<{ readonly relay: RelayProcess }>({
  relay: async ({}, use) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'parley-e2e-relay-'))
    const relay = await startRelayProcess(dataDir)
    await use(relay)
    await relay.stop()
    await rm(dataDir, { recursive: true, force: true })
  },
})

/** In a window and a session of its own: the app's rules for its window are not those of a browser. */
const openInBrowser = async (electron: ElectronApplication, url: string): Promise<Page> => {
  const opening = electron.waitForEvent('window')
  await electron.evaluate(async ({ BrowserWindow }, address) => {
    const window = new BrowserWindow({ width: 1280, height: 1000, webPreferences: { partition: 'status' } })
    await window.loadURL(address)
  }, url)
  return await opening
}

test("a relay's status page is drawn by a browser, in light and dark, and is read without its pictures", async ({
  openApp,
  relay,
}) => {
  const { electron } = await openApp()
  const page = await openInBrowser(electron, `${relay.operatorUrl ?? ''}/`)
  const errors: string[] = []
  page.on('console', (message) => errors.push(message.text()))
  await page.reload()

  await expect(page.getByRole('heading', { name: 'Parley relay' })).toBeVisible()
  await expect(page.getByText('Running', { exact: true })).toBeVisible()
  await expect(page.getByRole('img')).toHaveCount(6)
  for (const name of ['Deposits', 'Drains', 'Refusals', 'Connections', 'Free disk', 'Event loop delay']) {
    await expect(page.getByRole('region', { name })).toBeVisible()
  }
  // The hash in the policy lets exactly this style in.
  const background = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  await page.emulateMedia({ colorScheme: 'light' })
  const light = await background()
  await page.emulateMedia({ colorScheme: 'dark' })
  expect(await background()).not.toBe(light)
  expect(light).not.toBe('rgba(0, 0, 0, 0)')

  const deposits = page.getByRole('region', { name: 'Deposits' })
  await expect(deposits.getByRole('table')).toBeHidden()
  await deposits.getByText('As a table').focus()
  await page.keyboard.press('Enter')
  await expect(deposits.getByRole('row')).toHaveCount(25)

  await page.setViewportSize({ width: 380, height: 800 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(380)
  expect(errors).toEqual([])
})
