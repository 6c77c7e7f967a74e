/**
 * A relay and two people on this machine: they connect by invite and exchange texts and a photo both ways, direct first,
 * then with one side closed and reopened, through the relay.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ElectronApplication, Page } from 'playwright'
import {
  acceptInvite,
  addRelay,
  attachmentBytes,
  makeInvite,
  onboard,
  openChat,
  photoHere,
  sendFile,
  sendText,
  message,
  unlock,
  untilTick,
} from '../e2e/person.ts'
import { buildIfStale } from './build.ts'
import { openDisplay } from './display.ts'
import { electronRuntime } from './electron-runtime.ts'
import { launchApp } from './launch-app.ts'
import { ROOT } from './paths.ts'
import { landscapePng } from './photo.ts'
import { startRelayProcess } from './relay-process.ts'
import { failWith } from './run.ts'
import { ensureSystemLibraries } from './system-libraries.ts'

const OUT = join(ROOT, 'demo-out')
const json = process.argv.includes('--json')

interface Step {
  readonly what: string
  readonly ms: number
}

const steps: Step[] = []
const say = (line: string): void => {
  if (!json) console.log(line)
}

const step = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
  const startedAt = performance.now()
  const value = await run()
  const ms = Math.round(performance.now() - startedAt)
  steps.push({ what, ms })
  say(`  ${what} (${ms} ms)`)
  return value
}

interface Desk {
  readonly app: ElectronApplication
  readonly page: Page
}

const openDesk = async (profileDir: string, env: Readonly<Record<string, string>>): Promise<Desk> => {
  const app = await launchApp({ profileDir, env, say })
  return { app, page: await app.firstWindow() }
}

const sendTextAndSee = async (from: Page, to: Page, text: string): Promise<void> => {
  await sendText(from, text)
  await message(to, text).waitFor()
}

const sendPhotoAndSee = async (from: Page, to: Page, path: string, bytes: Buffer, caption: string): Promise<void> => {
  await sendFile(from, path, caption)
  const received = await attachmentBytes(to, await photoHere(to, caption))
  if (!received.equals(bytes)) throw new Error(`the photo “${caption}” did not arrive byte for byte`)
}

const demo = async (): Promise<void> => {
  await ensureSystemLibraries()
  const runtime = await electronRuntime()
  say(`Electron ${runtime.version}`)
  await buildIfStale()
  const display = await openDisplay({ widthPx: 2600, heightPx: 1000 })
  const work = await mkdtemp(join(tmpdir(), 'parley-demo-'))
  const photos = { robin: landscapePng(960, 600, 0), mira: landscapePng(800, 600, 2) }
  await writeFile(join(work, 'bay.png'), photos.robin)
  await writeFile(join(work, 'hills.png'), photos.mira)
  const env = { ...display.env, PARLEY_LISTEN: '/ip4/127.0.0.1/udp/0/quic-v1,/ip4/127.0.0.1/tcp/0' }
  const relay = await step('a relay starts', () => startRelayProcess(join(work, 'relay')))
  let robin = await step('Robin opens Parley and makes an account', async () => {
    const desk = await openDesk(join(work, 'robin'), env)
    await onboard(desk.page, 'Robin')
    return desk
  })
  const mira = await step('Mira opens Parley and makes an account', async () => {
    const desk = await openDesk(join(work, 'mira'), env)
    await onboard(desk.page, 'Mira')
    return desk
  })
  await step('Robin adds the relay', () => addRelay(robin.page, relay.paste))
  const link = await step('Robin invites Mira', () => makeInvite(robin.page, 'Mira'))
  await step('Mira accepts the invite', () => acceptInvite(mira.page, link))
  await step('they are connected directly', async () => {
    await openChat(robin.page, 'Mira')
    for (const { page } of [robin, mira]) await page.locator('[data-testid="path"][data-path="direct"]').waitFor()
  })
  await step('texts both ways, direct', async () => {
    await sendTextAndSee(mira.page, robin.page, 'Two nights at North Bay, then?')
    await sendTextAndSee(robin.page, mira.page, 'Perfect. I’ll bring the puncture kit this time 😄')
    await untilTick(robin.page, 'Perfect. I’ll bring the puncture kit this time 😄', 'delivered', 'read')
  })
  await step('a photo both ways, direct', async () => {
    await sendPhotoAndSee(robin.page, mira.page, join(work, 'bay.png'), photos.robin, 'The bay from the hill')
    await sendPhotoAndSee(mira.page, robin.page, join(work, 'hills.png'), photos.mira, 'And ours this morning')
  })
  await step('Robin closes Parley', () => robin.app.close())
  await step('Mira writes and sends a photo; the relay holds them', async () => {
    await sendText(mira.page, 'They still have room by the water')
    await untilTick(mira.page, 'They still have room by the water', 'held')
    await sendFile(mira.page, join(work, 'bay.png'), 'The place, from above')
    await untilTick(mira.page, 'The place, from above', 'held')
  })
  robin = await step('Robin opens Parley again and finds both', async () => {
    const desk = await openDesk(join(work, 'robin'), env)
    await unlock(desk.page)
    await openChat(desk.page, 'Mira')
    await message(desk.page, 'They still have room by the water').waitFor()
    const received = await attachmentBytes(desk.page, await photoHere(desk.page, 'The place, from above'))
    if (!received.equals(photos.robin)) throw new Error('the photo through the relay did not arrive byte for byte')
    return desk
  })
  await step('Mira sees that Robin has them, and gets an answer', async () => {
    await untilTick(mira.page, 'They still have room by the water', 'delivered', 'read')
    await sendTextAndSee(robin.page, mira.page, 'Booked!')
  })
  await mkdir(OUT, { recursive: true })
  await robin.page.screenshot({ path: join(OUT, 'robin.png') })
  await mira.page.screenshot({ path: join(OUT, 'mira.png') })
  const end = async (): Promise<void> => {
    await robin.app.close()
    await mira.app.close()
    await relay.stop()
    await display.stop()
    await rm(work, { recursive: true, force: true })
  }
  if (json)
    console.log(
      JSON.stringify({
        ok: true,
        electron: runtime.version,
        steps,
        screenshots: ['demo-out/robin.png', 'demo-out/mira.png'],
      }),
    )
  if (display.virtual || json || process.env.CI !== undefined) {
    await end()
    say('Everything arrived. Screenshots of both windows are in demo-out.')
    return
  }
  say('Everything arrived. Both windows stay open to play with; close them, or press Ctrl C, to end.')
  await Promise.race([
    Promise.all([robin.app, mira.app].map((app) => new Promise<void>((resolve) => app.once('close', () => resolve())))),
    new Promise((resolve) => process.once('SIGINT', resolve)),
  ])
  await end()
}

demo().then(
  () => process.exit(0),
  (error: unknown) => {
    if (json)
      console.log(JSON.stringify({ ok: false, steps, error: error instanceof Error ? error.message : String(error) }))
    else failWith(error)
    process.exit(1)
  },
)
