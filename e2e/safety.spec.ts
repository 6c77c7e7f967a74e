import { APP_ENV, expect, test } from './fixtures-pair.ts'
import type { Page } from 'playwright'
import { acceptInvite, makeInvite, message, onboard, openChat, sendText, untilTick } from './person.ts'

/** The digits as the panel shows them. */
const digitsOf = async (page: Page): Promise<string> => {
  const shown = page.getByTestId('safety-number')
  await expect(shown).toHaveText(/(\d\s*){60}/)
  return ((await shown.textContent()) ?? '').replace(/\s/g, '')
}

const compare = async (page: Page): Promise<void> => {
  await page.getByTestId('safety-compare').click()
  await page.getByTestId('safety-dialog').waitFor()
}

test('two people see the same number, and one who scans the other’s code has compared it', async ({
  meet,
}, testInfo) => {
  const { robin, mira } = await meet()
  for (const { page } of [robin, mira]) await page.getByTestId('chat-info').click()
  const digits = await digitsOf(robin.page)
  expect(digits).toHaveLength(60)
  expect(await digitsOf(mira.page)).toBe(digits)
  await expect(robin.page.getByTestId('compared-badge')).toHaveCount(0)

  for (const { page } of [robin, mira]) await compare(page)
  const [mirasCode, robinsCode] = [testInfo.outputPath('mira.png'), testInfo.outputPath('robin.png')]
  await mira.page.getByTestId('safety-code').screenshot({ path: mirasCode })
  await robin.page.getByTestId('safety-code').screenshot({ path: robinsCode })
  const answer = robin.page.getByTestId('safety-answer')
  await robin.page.getByTestId('safety-image').setInputFiles(robinsCode)
  await expect(answer).toHaveAttribute('data-answer', 'other-person')
  await robin.page.getByTestId('safety-image').setInputFiles(mirasCode)
  await expect(answer).toHaveAttribute('data-answer', 'match')
  await robin.page.getByTestId('safety-done').click()
  await expect(robin.page.getByTestId('compared-badge')).toBeVisible()
  await expect(robin.page.getByTestId('safety-compared')).toBeVisible()

  // By eye, and taken back.
  await mira.page.getByTestId('safety-mark').click()
  await expect(mira.page.getByTestId('compared-badge')).toBeVisible()
  await compare(mira.page)
  await mira.page.getByTestId('safety-unmark').click()
  await expect(mira.page.getByTestId('compared-badge')).toHaveCount(0)
  expect([...robin.errors, ...mira.errors]).toEqual([])
})

test('somebody verified comes back with a new account: the old chat goes on, and sending waits for a word', async ({
  meet,
  openApp,
}) => {
  const { robin, mira } = await meet()
  const { page } = robin
  await page.getByTestId('chat-info').click()
  await compare(page)
  await page.getByTestId('safety-mark').click()
  await expect(page.getByTestId('compared-badge')).toBeVisible()
  await sendText(mira.page, 'see you at eight')
  await message(page, 'see you at eight').waitFor()
  await mira.close()
  await page.getByTestId('composer-input').fill('the door code is 4711')

  const back = await openApp({ env: APP_ENV })
  await onboard(back.page, 'Mira')
  await acceptInvite(back.page, await makeInvite(page, 'New computer'))
  await sendText(back.page, 'it is me')
  await openChat(page, 'New computer')
  await message(page, 'it is me').waitFor()

  await page.getByTestId('info-came-back').click()
  await page.getByTestId('join-row').filter({ hasText: 'Mira' }).click()
  await page.getByTestId('join-submit').click()
  await page.getByTestId('key-changed').waitFor()
  await expect(page.getByTestId('chat-row')).toHaveCount(1)
  await expect(page.getByTestId('message-text')).toHaveText(['see you at eight', 'it is me'])
  await expect(page.locator('[data-testid="event"][data-event="key-changed"]')).toBeVisible()
  await expect(page.getByTestId('compared-badge')).toHaveCount(0)
  await expect(page.getByTestId('composer-input')).toHaveCount(0)
  await expect(page.getByTestId('sending-paused')).toContainText('Your draft is kept.')

  await page.getByTestId('key-go-on').click()
  const composer = page.getByTestId('composer-input')
  await expect(composer).toHaveValue('the door code is 4711')
  await composer.press('Enter')
  await message(back.page, 'the door code is 4711').waitFor()
  await untilTick(page, 'the door code is 4711', 'delivered', 'read')
  await expect(page.getByTestId('key-changed')).toHaveCount(0)
  expect([...robin.errors, ...back.errors]).toEqual([])
})

test('the about page names what computes each primitive', async ({ openApp }) => {
  const { page } = await openApp()
  await onboard(page, 'Robin')
  await page.getByTestId('rail-settings').click()
  await page.getByTestId('settings-nav-about').click()
  const names = page.getByTestId('about-crypto').locator('[data-implementation]')
  await expect(names).toHaveCount(6)
  for (const name of await names.all()) {
    expect(await name.getAttribute('data-implementation')).toMatch(/^(node|libsodium|noble)$/)
  }
  await expect(page.getByTestId('about-version')).toContainText('Electron')
})
