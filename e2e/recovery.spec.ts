import { APP_ENV, expect, test } from './fixtures-pair.ts'
import { message, openChat, PASSPHRASE, sendText, untilTick } from './person.ts'

test('a new computer restored from the recovery file is the same person, and gets what was sent meanwhile', async ({
  meet,
  openApp,
}, testInfo) => {
  const { robin, mira } = await meet()
  const file = testInfo.outputPath('mira.parley-recovery')
  await mira.electron.evaluate(({ dialog }, filePath) => {
    dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath })
  }, file)
  await mira.page.getByTestId('rail-settings').click()
  await mira.page.getByTestId('recovery-save').click()
  await mira.page.getByTestId('recovery-saved').waitFor()
  await mira.page.getByTestId('recovery-key-show').click()
  const key = ((await mira.page.getByTestId('recovery-key').textContent()) ?? '').trim()
  await mira.close()
  await sendText(robin.page, 'sent to the lost computer')
  await untilTick(robin.page, 'sent to the lost computer', 'held')
  const { page } = await openApp({ env: APP_ENV })
  await page.getByTestId('restore').click()
  await page.getByTestId('restore-file').setInputFiles(file)
  await page.getByTestId('recovery-key-input').fill(key)
  const passphrase = page.getByTestId('passphrase-input')
  if (await passphrase.isVisible()) {
    await passphrase.fill(PASSPHRASE)
    await page.getByTestId('passphrase-repeat').fill(PASSPHRASE)
  }
  await page.getByTestId('restore-submit').click()
  await page.getByTestId('chat-list').waitFor()
  await openChat(page, 'Robin')
  await message(page, 'sent to the lost computer').waitFor()
  await untilTick(robin.page, 'sent to the lost computer', 'delivered', 'read')
  await expect(robin.page.getByTestId('chat-row')).toHaveCount(1)
  await sendText(page, 'I am back')
  await message(robin.page, 'I am back').waitFor()
})
