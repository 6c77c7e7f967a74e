import { join } from 'node:path'
import { app, nativeTheme, net, powerMonitor, session } from 'electron'
import type { BrowserWindow } from 'electron'
import type { EngineToHost } from '../../shared/ipc/engine-host.ts'
import { INVITE_SCHEME, SHELL_CHANNELS } from '../../shared/ipc/shell-contract.ts'
import { DEFAULT_SETTINGS } from '../../shared/model/settings.ts'
import type { Settings } from '../../shared/model/settings.ts'
import { registerSchemes, serveRenderer } from './app-protocol.ts'
import { setApplicationMenu } from './application-menu.ts'
import { createEngineSupervisor } from './engine-supervisor.ts'
import type { EngineSupervisor } from './engine-supervisor.ts'
import { answerKeychain, keychainAvailable } from './keychain.ts'
import { inviteLinkIn, profileFolder } from './launch-arguments.ts'
import { createMainWindow } from './main-window.ts'
import { createMediaRequests } from './media.ts'
import { denyNavigation } from './navigation.ts'
import { createNotifications } from './notifications.ts'
import { restrictPermissions } from './permissions.ts'
import { createTray } from './tray.ts'
import type { AppTray } from './tray.ts'
import { answerWindowCalls } from './window-calls.ts'

/** out/main, where this is bundled to. */
const BUNDLE = import.meta.dirname

const log = (line: string): void => void process.stderr.write(`parley: ${line}\n`)

/** What waits for the page to have its listeners. */
interface Pending {
  readonly channel: string
  readonly value: string
}

const runShell = (profileDir: string): void => {
  let settings: Settings = DEFAULT_SETTINGS
  let window: BrowserWindow | undefined
  let tray: AppTray | undefined
  let pageListens = false
  let quitting = false
  let stopped = false
  const pending: Pending[] = []

  const tell = (channel: string, value: string): void => {
    if (window && pageListens) window.webContents.send(channel, value)
    else pending.push({ channel, value })
  }

  const reveal = (): void => {
    if (!window) {
      window = openWindow()
      return
    }
    if (window.isMinimized()) window.restore()
    window.show()
    window.focus()
  }

  const openLink = (link: string | undefined): void => {
    if (link !== undefined) tell(SHELL_CHANNELS.openInvite, link)
  }

  const notifications = createNotifications((chatId) => {
    reveal()
    tell(SHELL_CHANNELS.openChat, chatId)
  })

  const onEngineMessage = (message: EngineToHost): void => {
    switch (message.type) {
      case 'started':
        engine.send({ type: 'focus', focused: window?.isFocused() ?? false })
        return
      case 'stopped':
        return
      case 'keychain-seal':
      case 'keychain-open':
        engine.send(answerKeychain(message))
        return
      case 'media-reply':
        return media.settle(message)
      case 'notify':
        return notifications.show(message)
      case 'badge':
        return tray?.setUnread(message.count)
      case 'settings':
        settings = message.settings
        nativeTheme.themeSource = settings.theme
    }
  }

  const engine: EngineSupervisor = createEngineSupervisor({
    modulePath: join(BUNDLE, 'engine-process.js'),
    init: () => ({
      type: 'init',
      profileDir,
      appVersion: app.getVersion(),
      keychain: keychainAvailable(),
      sqliteBinding: app.isPackaged ? null : (process.env.PARLEY_SQLITE_BINDING ?? null),
    }),
    onMessage: onEngineMessage,
    onState: (state) => {
      if (state !== 'running') media.abandon()
      if (window && !window.isDestroyed() && pageListens) {
        window.webContents.send(SHELL_CHANNELS.engineState, state)
      }
    },
    log,
  })
  const media = createMediaRequests((message) => engine.send(message))

  const openWindow = (): BrowserWindow => {
    const opened = createMainWindow({
      preloadPath: join(BUNDLE, '..', 'preload', 'index.cjs'),
      stateFile: join(app.getPath('userData'), 'window.json'),
      hidesOnClose: () => !quitting && (settings.closeToTray || process.platform === 'darwin'),
      onFocus: (focused) => {
        engine.send({ type: 'focus', focused })
        if (focused) notifications.clear()
      },
    })
    opened.webContents.on('did-start-loading', () => (pageListens = false))
    opened.on('closed', () => {
      window = undefined
      pageListens = false
    })
    return opened
  }

  const onPageListens = (): void => {
    if (!window) return
    pageListens = true
    const contents = window.webContents
    if (engine.state() !== 'running') contents.send(SHELL_CHANNELS.engineState, engine.state())
    engine.connect(contents)
    for (const { channel, value } of pending.splice(0)) contents.send(channel, value)
  }

  const whenReady = (): void => {
    restrictPermissions(session.defaultSession)
    serveRenderer(join(BUNDLE, '..', 'renderer'))
    media.serve()
    setApplicationMenu()
    answerWindowCalls({ sendToEngine: (message) => engine.send(message), onConnect: onPageListens })
    tray = createTray({ open: reveal, quit: () => app.quit() })
    powerMonitor.on('resume', () => engine.send({ type: 'network-hint', online: net.isOnline() }))
    engine.start()
    window = openWindow()
    openLink(inviteLinkIn(process.argv))
  }

  app.on('second-instance', (_event, argv) => {
    reveal()
    openLink(inviteLinkIn(argv))
  })
  app.on('open-url', (event, url) => {
    event.preventDefault()
    if (app.isReady()) reveal()
    openLink(inviteLinkIn([url]))
  })
  app.on('activate', reveal)
  app.on('window-all-closed', () => app.quit())
  app.on('before-quit', (event) => {
    quitting = true
    if (stopped) return
    event.preventDefault()
    void engine.stop().finally(() => {
      stopped = true
      tray?.destroy()
      app.quit()
    })
  })
  // Chromium's own way to end on a signal leaves the engine no time to close its store
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.quit())
  void app.whenReady().then(whenReady)
}

/**
 * Starts the desktop shell. One process for each profile: a second start hands its link to the
 * first and ends.
 */
export const startShell = (): void => {
  const profileDir = profileFolder(process.argv, process.env) ?? app.getPath('userData')
  // Chromium's own files apart from the engine's; the lock for one instance lies in this folder too
  app.setPath('userData', join(profileDir, 'shell'))
  // the scripts that start it as uid 0 say --no-sandbox, and Chromium refuses to hear both
  if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
  registerSchemes()
  denyNavigation()
  if (!app.requestSingleInstanceLock()) {
    app.quit()
    return
  }
  if (app.isPackaged) app.setAsDefaultProtocolClient(INVITE_SCHEME)
  runShell(profileDir)
}
