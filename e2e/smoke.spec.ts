import { runSecondInstance } from '../scripts/launch-app.ts'
import { expect, test } from './fixtures.ts'
import { onboard } from './person.ts'

test('the window opens from its own origin, without an error', async ({ openApp }) => {
  const { page, errors } = await openApp()
  await expect(page).toHaveTitle('Parley')
  expect(page.url()).toBe('app://parley/index.html')
  expect(errors).toEqual([])
})

test('the page has no Node, only the bridge', async ({ openApp }) => {
  const { page } = await openApp()
  const found = await page.evaluate(() => ({
    globals: ['require', 'process', 'module', 'Buffer'].filter((name) => name in window),
    bridge: 'parley' in window,
  }))
  expect(found).toEqual({ globals: [], bridge: true })
})

test('each page runs in a sandbox of its own world', async ({ openApp }) => {
  const { electron } = await openApp()
  const preferences = await electron.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows().map((window) => {
      const contents = window.webContents as unknown as {
        getLastWebPreferences(): Record<string, unknown>
      }
      const { sandbox, contextIsolation, nodeIntegration, webviewTag, webSecurity } = contents.getLastWebPreferences()
      return { sandbox, contextIsolation, nodeIntegration, webviewTag, webSecurity }
    }),
  )
  expect(preferences).toEqual([
    { sandbox: true, contextIsolation: true, nodeIntegration: false, webviewTag: false, webSecurity: true },
  ])
})

test('a strict policy is served and obeyed', async ({ openApp }) => {
  const { page } = await openApp()
  const policy = await page.evaluate(async () => (await fetch(location.href)).headers.get('content-security-policy'))
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("script-src 'self'")
  expect(policy).not.toContain('unsafe')
  const ran = await page.evaluate(async () => {
    const blocked = new Promise<string>((resolve) =>
      document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), {
        once: true,
      }),
    )
    const script = document.createElement('iframe')
    script.src = 'https://example.org/'
    document.body.append(script)
    return blocked
  })
  expect(ran).toBe('frame-src')
})

test('files outside the window are not served', async ({ openApp }) => {
  const { page } = await openApp()
  const statuses = await page.evaluate(async () => {
    const paths = ['/../main/index.js', '/%2e%2e/main/index.js', '/..%2fmain%2findex.js', '/nothing.js', '/']
    return Promise.all(paths.map(async (path) => (await fetch(`app://parley${path}`)).status))
  })
  expect(statuses).toEqual([404, 404, 404, 404, 404])
})

test('the page cannot go elsewhere or open a window', async ({ openApp }) => {
  const { electron, page } = await openApp()
  const openedNothing = await page.evaluate(() => window.open('https://example.org/') === null)
  expect(openedNothing).toBe(true)
  await electron.evaluate(({ BrowserWindow }) => {
    const navigations: string[] = []
    Object.assign(globalThis, { navigations })
    BrowserWindow.getAllWindows()[0]?.webContents.on('will-frame-navigate', (event) => {
      navigations.push(`${event.url} ${event.defaultPrevented ? 'denied' : 'allowed'}`)
    })
  })
  await page.evaluate(() => {
    setTimeout(() => (location.href = 'https://example.org/'))
  })
  const navigations = () => electron.evaluate(() => (globalThis as unknown as { navigations: string[] }).navigations)
  await expect.poll(navigations).toEqual(['https://example.org/ denied'])
  expect(page.url()).toBe('app://parley/index.html')
  expect(await electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1)
})

test('permissions are refused, save for the camera and writing to the clipboard', async ({ openApp }) => {
  const { page } = await openApp({
    args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
  })
  const answers = await page.evaluate(async () => {
    const ask = async (constraints: MediaStreamConstraints): Promise<string> =>
      navigator.mediaDevices.getUserMedia(constraints).then(
        (stream) => {
          for (const track of stream.getTracks()) track.stop()
          return 'granted'
        },
        (error: unknown) => (error instanceof Error ? error.name : 'failed'),
      )
    return {
      camera: await ask({ video: true }),
      microphone: await ask({ audio: true }),
      notifications: await Notification.requestPermission(),
      geolocation: (await navigator.permissions.query({ name: 'geolocation' })).state,
    }
  })
  expect(answers).toEqual({
    camera: 'granted',
    microphone: 'NotAllowedError',
    notifications: 'denied',
    geolocation: 'denied',
  })
})

test('only web and mail links reach the system', async ({ openApp }) => {
  const { electron, page } = await openApp()
  await electron.evaluate(({ shell }) => {
    const opened: string[] = []
    shell.openExternal = async (url) => void opened.push(url)
    Object.assign(globalThis, { opened })
  })
  const answers = await page.evaluate(async () => {
    const { parley } = window as unknown as { parley: { openExternal(url: string): Promise<boolean> } }
    const urls = [
      'https://example.org/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'https://bank.example@evil.example/',
    ]
    return Promise.all(urls.map(async (url) => parley.openExternal(url)))
  })
  expect(answers).toEqual([true, false, false, false])
  const opened = await electron.evaluate(() => (globalThis as unknown as { opened: string[] }).opened)
  expect(opened).toEqual(['https://example.org/'])
})

test('the engine answers the window over a direct port', async ({ openApp }) => {
  const { page } = await openApp()
  // What the window shows first depends on the engine's answer.
  await expect(page.getByTestId('onboarding')).toBeVisible()
})

test('a killed engine starts again and answers; the window stays', async ({ openApp }) => {
  const { page, enginePid } = await openApp()
  await expect.poll(enginePid).toBeDefined()
  await page.getByTestId('onboarding').waitFor()
  const first = await enginePid()
  if (first === undefined) throw new Error('no engine')
  await page.evaluate(() => Object.assign(window, { sameWindow: true }))
  process.kill(first, 'SIGKILL')
  await expect.poll(async () => ((await enginePid()) ?? first) !== first).toBe(true)
  await onboard(page, 'Robin')
  expect(await page.evaluate(() => 'sameWindow' in window)).toBe(true)
})

test('a second start of the same profile hands its invite to the first and ends', async ({ openApp }) => {
  const { electron, page, profileDir } = await openApp()
  await page.getByTestId('onboarding').waitFor()
  await electron.evaluate(({ app }) => {
    const links: string[] = []
    Object.assign(globalThis, { links })
    app.on('second-instance', (_event, argv) => links.push(argv.find((text) => text.startsWith('parley://')) ?? ''))
  })
  const code = await runSecondInstance(profileDir, ['parley://invite#abc'])
  expect(code).toBe(0)
  expect(await electron.evaluate(() => (globalThis as unknown as { links: string[] }).links)).toEqual([
    'parley://invite#abc',
  ])
})

test('closing the window keeps the app, quitting ends the engine first', async ({ openApp }) => {
  const app = await openApp()
  await app.page.getByTestId('onboarding').waitFor()
  await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close())
  expect(
    await app.electron.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().map((window) => window.isVisible()),
    ),
  ).toEqual([false])
  const engine = await app.enginePid()
  if (engine === undefined) throw new Error('no engine')
  await app.close()
  const isThere = (): boolean => {
    try {
      return process.kill(engine, 0)
    } catch {
      return false
    }
  }
  // the system takes a moment to forget a process that has ended
  await expect.poll(isThere).toBe(false)
})
