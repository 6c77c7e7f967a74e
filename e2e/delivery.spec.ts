import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { landscapePng } from '../scripts/photo.ts'
import { APP_ENV, expect, test } from './fixtures-pair.ts'
import { attachmentBytes, message, openChat, photoHere, sendFile, sendText, tick, unlock, untilTick } from './person.ts'

const TRANSPORTS = [
  { name: 'quic', env: { PARLEY_TRANSPORTS: 'quic' } },
  { name: 'tcp', env: { PARLEY_TRANSPORTS: 'tcp' } },
  { name: 'webrtc', env: { PARLEY_TRANSPORTS: 'webrtc' } },
] as const

for (const { name, env } of TRANSPORTS) {
  test(`messages go both ways, directly over ${name}`, async ({ meet }) => {
    const { robin, mira } = await meet(env)
    for (const { page } of [robin, mira]) await page.locator('[data-testid="path"][data-path="direct"]').waitFor()
    await mira.page.getByTestId('chat-info').click()
    await expect(mira.page.getByTestId('info-panel').locator(`[data-transport="${name}"]`)).toBeVisible()
    await mira.page.getByTestId('info-close').click()
    await sendText(mira.page, 'over to you')
    await message(robin.page, 'over to you').waitFor()
    await sendText(robin.page, 'and back')
    await message(mira.page, 'and back').waitFor()
    await untilTick(mira.page, 'over to you', 'delivered', 'read')
    await untilTick(robin.page, 'and back', 'delivered', 'read')
  })
}

test('five messages to somebody away wait at the relay and arrive once, in order', async ({ meet, openApp }) => {
  const { robin, mira } = await meet()
  const texts = [1, 2, 3, 4, 5].map((number) => `while you were away ${number}`)
  await mira.close()
  for (const text of texts) await sendText(robin.page, text)
  for (const text of texts) await untilTick(robin.page, text, 'held')
  const again = await openApp({ profileDir: mira.profileDir, env: APP_ENV })
  await unlock(again.page)
  await openChat(again.page, 'Robin')
  await message(again.page, texts[4] ?? '').waitFor()
  expect(await again.page.getByTestId('message-text').allTextContents()).toEqual(texts)
  for (const text of texts) await untilTick(robin.page, text, 'delivered', 'read')
})

test('a photo goes both ways, byte for byte, and opens large', async ({ meet }, testInfo) => {
  const { robin, mira } = await meet()
  const [bay, hills] = [landscapePng(1200, 800, 0), landscapePng(600, 800, 2)]
  await writeFile(testInfo.outputPath('bay.png'), bay)
  await writeFile(testInfo.outputPath('hills.png'), hills)
  await sendFile(robin.page, testInfo.outputPath('bay.png'), 'The bay')
  expect((await attachmentBytes(mira.page, await photoHere(mira.page, 'The bay'))).equals(bay)).toBe(true)
  await sendFile(mira.page, testInfo.outputPath('hills.png'), 'The hills')
  expect((await attachmentBytes(robin.page, await photoHere(robin.page, 'The hills'))).equals(hills)).toBe(true)
  await message(robin.page, 'The hills').getByTestId('photo').click()
  await robin.page.getByTestId('photo-viewer').waitFor()
  await robin.page.keyboard.press('Escape')
  await expect(robin.page.getByTestId('photo-viewer')).toHaveCount(0)
})

test('the engine is killed in mid-conversation: the window says so, recovers, and nothing is lost', async ({
  meet,
}) => {
  const { robin, mira } = await meet()
  await sendText(mira.page, 'before')
  await message(robin.page, 'before').waitFor()
  const pid = await robin.enginePid()
  if (pid === undefined) throw new Error('no engine runs')
  process.kill(pid, 'SIGKILL')
  await sendText(mira.page, 'during')
  // A profile behind a passphrase asks for it again; one in the keychain opens by itself.
  const keychain = await robin.electron.evaluate(({ safeStorage }) => safeStorage.isEncryptionAvailable())
  if (!keychain) await robin.page.getByTestId('unlock').waitFor()
  await unlock(robin.page)
  await message(robin.page, 'during').waitFor()
  expect(await robin.page.getByTestId('message-text').allTextContents()).toEqual(['before', 'during'])
  await sendText(robin.page, 'after')
  await message(mira.page, 'after').waitFor()
  await untilTick(robin.page, 'after', 'delivered', 'read')
  expect(await robin.enginePid()).not.toBe(pid)
})

test('nothing of a conversation lies in the clear: not in the profiles, not at the relay', async ({
  meet,
  relay,
}, testInfo) => {
  const { robin, mira } = await meet()
  const photo = landscapePng(300, 200, 1)
  await writeFile(testInfo.outputPath('secret-place.png'), photo)
  await mira.close()
  await sendText(robin.page, 'meet me at the harbour')
  await sendFile(robin.page, testInfo.outputPath('secret-place.png'), 'the place')
  await untilTick(robin.page, 'the place', 'held')
  await robin.close()
  const needles = ['meet me at the harbour', 'the place', 'secret-place', 'Robin', 'Mira'].map((text) =>
    Buffer.from(text),
  )
  needles.push(Buffer.from(photo.subarray(0, 64)))
  for (const folder of [join(robin.profileDir, 'engine'), robin.profileDir, relay.dataDir]) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      // Chromium's own caches hold nothing of the engine's, but their fonts and shaders hold any four letters.
      if (!entry.isFile() || /Cache|GPU|blob_storage/.test(entry.parentPath)) continue
      const bytes = await readFile(join(entry.parentPath, entry.name))
      for (const needle of needles)
        expect(bytes.includes(needle), `${entry.name} holds ${needle.toString('latin1')}`).toBe(false)
    }
  }
  for (const needle of needles.slice(0, 5)) expect(relay.log()).not.toContain(needle.toString())
})

test('ticks say what is true, and the message info says where it is', async ({ meet }) => {
  const { robin, mira } = await meet()
  await mira.close()
  await sendText(robin.page, 'held, not read')
  await untilTick(robin.page, 'held, not read', 'held')
  await tick(robin.page, 'held, not read').click({ button: 'right' })
  await robin.page.getByTestId('menu-info').click()
  const info = robin.page.getByTestId('message-info')
  await expect(info.getByTestId('info-committed')).toHaveText('not yet')
  await expect(info.getByTestId('info-held')).not.toHaveText('not yet')
})
