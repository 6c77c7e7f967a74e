/**
 * The real app's start and its memory at rest, beside an Electron window with an empty Vue app: same Electron, same
 * display, same way to start them.
 *
 * Start: from before the process is made until its first screen can be used. Where the machine has a keychain that is the
 * chat list; else it is the screen that asks for the passphrase, as a key derivation that is slow on purpose and a
 * person's typing say nothing about the app; the report's `skipped` says so. Every start is a cold process on warm files.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { _electron as electron } from 'playwright'
import type { ElectronApplication, Page } from 'playwright'
import { PASSPHRASE, unlock } from '../e2e/person.ts'
import { HeadlessPerson, TEST_PASSPHRASE } from '../main/testing/headless-person.ts'
import { buildIfStale } from '../scripts/build.ts'
import { openDisplay } from '../scripts/display.ts'
import { electronRuntime } from '../scripts/electron-runtime.ts'
import { launchApp } from '../scripts/launch-app.ts'
import { startRelayProcess } from '../scripts/relay-process.ts'
import { sandboxArguments } from '../scripts/sandbox.ts'
import { ensureSystemLibraries } from '../scripts/system-libraries.ts'
import { buildEmptyWindow } from './empty-window.ts'
import { interleaved, ratioMetric, runBenchmark, say, WrongResult } from './harness.ts'
import type { BenchOptions, Measured, Metric, Skipped } from './harness.ts'
import { idleMemoryMib } from './memory.ts'

const FRIENDS = ['Mira', 'Jonas'] as const

/** A profile with two chats, each with a message in both directions; the friends then go offline. */
const prepareProfile = async (workDir: string, relayPaste: string): Promise<string> => {
  const profileDir = join(workDir, 'profile')
  const options = { transports: 'tcp', listen: '/ip4/127.0.0.1/tcp/0' }
  const robin = await HeadlessPerson.create('Robin', { ...options, profileDir })
  await robin.call('relays.add', { address: relayPaste })
  for (const name of FRIENDS) {
    const friend = await HeadlessPerson.create(name, { ...options, profileDir: join(workDir, name) })
    await friend.call('relays.add', { address: relayPaste })
    const { link } = await robin.call('invites.create', { label: name })
    const { chatId } = await friend.call('invites.accept', { link })
    const own = await robin.until(`the chat with ${name} is there`, async () =>
      (await robin.call('chats.list', {})).find((chat) => chat.title === name),
    )
    await robin.call('messages.send-text', { chatId: own.chatId, text: `Hello ${name}` })
    await friend.call('messages.send-text', { chatId, text: `Hello from ${name}` })
    await robin.until(
      'both messages are delivered',
      async () => {
        const { messages } = await robin.call('messages.page', { chatId: own.chatId, before: null, limit: 10 })
        const texts = messages.filter((message) => message.body.kind === 'text')
        return texts.length === 2 && texts.every(({ status }) => status === null || status === 'delivered')
      },
      30_000,
    )
    await friend.stop()
  }
  await robin.stop()
  return profileDir
}

interface Contender {
  launch(): Promise<ElectronApplication>
  /** Waits for the first screen that can be used. */
  usable(page: Page): Promise<void>
}

const startOnce = async (contender: Contender): Promise<number> => {
  const startMs = performance.now()
  const app = await contender.launch()
  const page = await app.firstWindow()
  await contender.usable(page)
  const tookMs = performance.now() - startMs
  await app.close()
  return tookMs
}

const memoryOnce = async (contender: Contender, ready: (page: Page) => Promise<void>): Promise<number> => {
  const app = await contender.launch()
  const page = await app.firstWindow()
  await contender.usable(page)
  await ready(page)
  const { pid } = app.process()
  if (pid === undefined) throw new Error('the app has no process')
  const mib = await idleMemoryMib(pid)
  await app.close()
  return mib
}

const contenders = async (
  profileDir: string,
  emptyDir: string,
  display: Readonly<Record<string, string>>,
): Promise<{ readonly ours: Contender; readonly empty: Contender; readonly electron: string }> => {
  const runtime = await electronRuntime()
  return {
    electron: runtime.version,
    ours: {
      launch: () => launchApp({ profileDir, env: display, say: () => undefined }),
      usable: async (page) => {
        await page.getByTestId('chat-list').or(page.getByTestId('unlock')).waitFor()
      },
    },
    empty: {
      launch: () =>
        electron.launch({
          executablePath: runtime.executablePath,
          args: [...sandboxArguments(() => undefined), emptyDir, `--user-data-dir=${join(emptyDir, 'user-data')}`],
          env: { ...process.env, ...runtime.env, ...display } as Record<string, string>,
        }),
      usable: async (page) => {
        await page.getByTestId('usable').waitFor()
      },
    },
  }
}

const openBothChats = async (page: Page): Promise<void> => {
  await unlock(page)
  const rows = await page.getByTestId('chat-row').count()
  if (rows !== FRIENDS.length) throw new WrongResult(`${rows} chats in the list, not ${FRIENDS.length}`)
}

const compare = async (
  { rounds }: BenchOptions,
  ours: Contender,
  empty: Contender,
): Promise<{ readonly metrics: readonly Metric[]; readonly skipped: readonly Skipped[] }> => {
  const starts = await interleaved(rounds, async (number) => {
    const pair = { ours: await startOnce(ours), reference: await startOnce(empty) }
    say(`start round ${number}: ours ${Math.round(pair.ours)} ms, empty window ${Math.round(pair.reference)} ms`)
    return pair
  })
  const memory = await interleaved(rounds, async (number) => {
    const pair = {
      ours: await memoryOnce(ours, openBothChats),
      reference: await memoryOnce(empty, () => Promise.resolve()),
    }
    say(`memory round ${number}: ours ${Math.round(pair.ours)} MiB, empty window ${Math.round(pair.reference)} MiB`)
    return pair
  })
  return {
    metrics: [ratioMetric('start_vs_empty_window', 1.5, starts), ratioMetric('memory_vs_empty_window', 1.6, memory)],
    skipped: [],
  }
}

const asksForPassphrase = async (ours: Contender): Promise<boolean> => {
  const app = await ours.launch()
  const page = await app.firstWindow()
  await ours.usable(page)
  const asks = await page.getByTestId('unlock').isVisible()
  await app.close()
  return asks
}

const measure = async (options: BenchOptions): Promise<Measured> => {
  if (PASSPHRASE !== TEST_PASSPHRASE) throw new Error('the two test passphrases differ')
  await ensureSystemLibraries()
  await buildIfStale()
  const workDir = await mkdtemp(join(tmpdir(), 'parley-bench-start-'))
  const display = await openDisplay()
  const relay = await startRelayProcess(join(workDir, 'relay'))
  try {
    const emptyDir = join(workDir, 'empty')
    await buildEmptyWindow(emptyDir)
    const profileDir = await prepareProfile(workDir, relay.paste)
    const { ours, empty, electron: version } = await contenders(profileDir, emptyDir, display.env)
    const asks = await asksForPassphrase(ours)
    const { metrics, skipped } = await compare(options, ours, empty)
    const why = 'this machine has no keychain: start_vs_empty_window ends at the screen that asks for the passphrase'
    return {
      runtime: `electron ${version}`,
      metrics,
      skipped: asks ? [...skipped, { name: 'start_to_chat_list', why }] : skipped,
    }
  } finally {
    await relay.stop()
    await display.stop()
    await rm(workDir, { recursive: true, force: true })
  }
}

await runBenchmark('start', measure)
