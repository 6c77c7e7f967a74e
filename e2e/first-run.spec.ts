import { expect, test } from './fixtures-pair.ts'
import { addRelay, makeInvite, message, onboard, PASSPHRASE, sendText } from './person.ts'

test('a newcomer gives a name, is offered the recovery file, and finds the way to the first chat', async ({
  openApp,
}) => {
  const { page, errors } = await openApp()
  await expect(page.getByTestId('onboarding')).toBeVisible()
  await onboard(page, 'Robin')
  await expect(page.getByTestId('empty-invite')).toBeVisible()
  await expect(page.getByTestId('empty-accept')).toBeVisible()
  expect(errors).toEqual([])
})

test('a wrong passphrase gets its sentence, the right one opens', async ({ openApp }) => {
  const first = await openApp()
  await onboard(first.page, 'Robin')
  await first.close()
  const { page } = await openApp({ profileDir: first.profileDir })
  const unlockButton = page.getByTestId('unlock')
  await unlockButton.waitFor()
  await page.getByTestId('passphrase-input').fill('not the passphrase')
  await unlockButton.click()
  await expect(page.getByRole('alert')).toBeVisible()
  await page.getByTestId('passphrase-input').fill(PASSPHRASE)
  await unlockButton.click()
  await expect(page.getByTestId('chat-list')).toBeVisible()
})

test('each wrong invite gets a sentence that says which', async ({ openApp, relay }) => {
  const robin = await openApp()
  const mira = await openApp()
  await onboard(robin.page, 'Robin')
  await onboard(mira.page, 'Mira')
  await addRelay(robin.page, relay.paste)
  const link = await makeInvite(robin.page, 'Mira')
  const { page } = mira
  await page.getByTestId('empty-accept').click()
  const tryLink = async (text: string): Promise<string> => {
    await page.getByTestId('accept-input').fill(text)
    await page.getByTestId('accept-submit').click()
    const error = page.getByTestId('accept-error')
    await error.waitFor()
    return (await error.textContent()) ?? ''
  }
  expect(await tryLink(link.slice(0, -12))).toContain('Part of the link is missing')
  const middle = link.length - 30
  const altered = link.slice(0, middle) + (link[middle] === 'A' ? 'B' : 'A') + link.slice(middle + 1)
  expect(await tryLink(altered)).not.toContain('Part of the link is missing')
  await page.getByTestId('accept-input').fill(link)
  await page.getByTestId('accept-submit').click()
  await page.getByTestId('conversation').waitFor()
  const eve = await openApp()
  await onboard(eve.page, 'Eve')
  await eve.page.getByTestId('empty-accept').click()
  await eve.page.getByTestId('accept-input').fill(link)
  await eve.page.getByTestId('accept-submit').click()
  await expect(eve.page.getByTestId('accept-error')).toContainText('already used')
})

test('a parley:// link that the system hands over waits for a yes', async ({ openApp, relay }) => {
  const robin = await openApp()
  await onboard(robin.page, 'Robin')
  await addRelay(robin.page, relay.paste)
  const link = await makeInvite(robin.page, '')
  const mira = await openApp()
  await onboard(mira.page, 'Mira')
  await mira.electron.evaluate(({ app }, url) => {
    app.emit('second-instance', { preventDefault: () => undefined }, ['electron', url], '/', {})
  }, link)
  await expect(mira.page.getByTestId('accept-input')).toHaveValue(link)
  await mira.page.getByTestId('accept-submit').click()
  await mira.page.getByTestId('conversation').waitFor()
})

test('renamed, blocked, deleted: a chat does as it is told', async ({ meet }) => {
  const { robin, mira } = await meet()
  await sendText(mira.page, 'to be deleted')
  await message(robin.page, 'to be deleted').waitFor()
  await robin.page.getByTestId('chat-info').click()
  const panel = robin.page.getByTestId('info-panel')
  await expect(panel.getByTestId('safety-number')).toHaveText(/^\d{60}$/)
  await panel.getByTestId('info-rename').click()
  await robin.page.getByTestId('rename-input').fill('Mira from the coast')
  await robin.page.getByTestId('ask-confirm').click()
  await expect(robin.page.getByTestId('chat-row')).toContainText('Mira from the coast')
  await message(robin.page, 'to be deleted').getByTestId('message-text').click({ button: 'right' })
  await robin.page.getByTestId('menu-delete').click()
  await robin.page.getByTestId('ask-confirm').click()
  await expect(message(robin.page, 'to be deleted')).toHaveCount(0)
  await panel.getByTestId('info-block').click()
  await robin.page.getByTestId('ask-confirm').click()
  await expect(robin.page.getByTestId('unblock')).toBeVisible()
  // while the link that the block closes may still stand
  await sendText(mira.page, 'are you there?')
  await robin.page.getByTestId('unblock').click()
  await message(robin.page, 'are you there?').waitFor()
})
