/** One person at one real app: what they do, by the window alone. Shared by the end-to-end tests and the demo. */
import type { Locator, Page } from 'playwright'

export const PASSPHRASE = 'four words for a test'

/** On a machine without a keychain the window asks for a passphrase; both ways end at the first screen. */
export const onboard = async (page: Page, name: string): Promise<void> => {
  await page.getByTestId('name-input').fill(name)
  await page.getByTestId('continue').click()
  const passphrase = page.getByTestId('passphrase-input')
  await passphrase.or(page.getByTestId('recovery-later')).waitFor()
  if (await passphrase.isVisible()) {
    await passphrase.fill(PASSPHRASE)
    await page.getByTestId('passphrase-repeat').fill(PASSPHRASE)
    await page.getByTestId('continue').click()
  }
  await page.getByTestId('recovery-later').click()
  await page.getByTestId('chat-list').waitFor()
}

/** After a restart: the passphrase where the profile has one. */
export const unlock = async (page: Page): Promise<void> => {
  const list = page.getByTestId('chat-list')
  const unlockButton = page.getByTestId('unlock')
  await list.or(unlockButton).waitFor()
  if (await unlockButton.isVisible()) {
    await page.getByTestId('passphrase-input').fill(PASSPHRASE)
    await unlockButton.click()
  }
  await list.waitFor()
}

export const addRelay = async (page: Page, paste: string): Promise<void> => {
  await page.getByTestId('rail-settings').click()
  await page.getByTestId('settings-nav-network').click()
  await page.getByTestId('relay-add').click()
  await page.getByTestId('relay-address').fill(paste)
  await page.getByTestId('relay-add-submit').click()
  await page.getByTestId('relay-row').waitFor()
  await page.getByTestId('rail-chats').click()
}

/** The link as the window shows it. */
export const makeInvite = async (page: Page, label: string): Promise<string> => {
  await page.getByTestId('new-invite').click()
  await page.getByTestId('invite-label').fill(label)
  const link = page.getByTestId('invite-link')
  await link.waitFor()
  return ((await link.inputValue().catch(() => link.textContent())) ?? '').trim()
}

export const acceptInvite = async (page: Page, link: string): Promise<void> => {
  await page.getByTestId('list-more').click()
  await page.getByTestId('menu-have-invite').click()
  await page.getByTestId('accept-input').fill(link)
  await page.getByTestId('accept-submit').click()
  await page.getByTestId('conversation').waitFor()
}

export const openChat = async (page: Page, title: string): Promise<void> => {
  await page.getByTestId('chat-row').filter({ hasText: title }).first().click()
  await page.getByTestId('conversation').waitFor()
}

export const sendText = async (page: Page, text: string): Promise<void> => {
  await page.getByTestId('composer-input').fill(text)
  await page.getByTestId('composer-input').press('Enter')
}

export const message = (page: Page, text: string): Locator =>
  page.getByTestId('message').filter({ has: page.getByTestId('message-text').getByText(text, { exact: true }) })

export const tick = (page: Page, text: string): Locator => message(page, text).getByTestId('tick')

/** Resolves when the own message's tick is one of these. */
export const untilTick = async (page: Page, text: string, ...statuses: readonly string[]): Promise<void> => {
  const wanted = statuses.map((status) => `[data-status="${status}"]`).join(',')
  await message(page, text).locator(wanted).waitFor()
}

export const sendFile = async (page: Page, path: string, caption: string): Promise<void> => {
  await page.getByTestId('file-input').setInputFiles(path)
  await page.getByTestId('caption').fill(caption)
  await page.getByTestId('sheet-send').click()
  await page.getByTestId('send-sheet').waitFor({ state: 'detached' })
}

/** The bytes that the window gets for an attachment: what its owner would see or save. */
export const attachmentBytes = async (page: Page, messageId: string): Promise<Buffer> => {
  const base64 = await page.evaluate(async (id) => {
    const answer = await fetch(`parley-media://attachment/${id}`)
    const bytes = new Uint8Array(await answer.arrayBuffer())
    let text = ''
    for (let at = 0; at < bytes.length; at += 32_768) text += String.fromCharCode(...bytes.subarray(at, at + 32_768))
    return btoa(text)
  }, messageId)
  return Buffer.from(base64, 'base64')
}

/** The photo with that caption, once it is here: its message id. */
export const photoHere = async (page: Page, caption: string): Promise<string> => {
  const photo = message(page, caption)
  await photo.locator('[data-testid="photo"][data-state="here"] img.drawn').waitFor()
  return (await photo.getAttribute('data-message-id')) ?? ''
}
