import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { BrowserWindow, app, nativeTheme, screen } from 'electron'
import type { BrowserWindowConstructorOptions } from 'electron'
import { attachContextMenu } from './context-menu.ts'
import { appIcon } from './icons.ts'
import { APP_INDEX_URL } from './origin.ts'
import { TEXTS } from './texts.ts'
import {
  FIRST_WINDOW,
  SMALLEST_WINDOW,
  fittingBounds,
  parseWindowState,
  serializeWindowState,
} from './window-bounds.ts'
import type { WindowState } from './window-bounds.ts'

const HEADER_HEIGHT_PX = 56
/** The canvas of the design's tokens as hex, so that nothing flashes before the first paint. */
const BACKGROUND = { light: '#f5f1f5', dark: '#141014' } as const

export interface MainWindowOptions {
  readonly preloadPath: string
  readonly stateFile: string
  /** Asked when the person closes the window: true keeps the app in the tray. */
  readonly hidesOnClose: () => boolean
  readonly onFocus: (focused: boolean) => void
}

const readState = (file: string): WindowState => {
  try {
    return parseWindowState(readFileSync(file, 'utf8'))
  } catch {
    return parseWindowState('')
  }
}

/** Linux keeps the system's frame; the others draw their buttons over the window's header. */
const frameOptions = (): BrowserWindowConstructorOptions => {
  if (process.platform === 'linux') return { icon: appIcon() }
  return { titleBarStyle: 'hidden', titleBarOverlay: { height: HEADER_HEIGHT_PX } }
}

const saveState = (window: BrowserWindow, file: string): void => {
  const state: WindowState = { bounds: window.getNormalBounds(), maximized: window.isMaximized() }
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, serializeWindowState(state))
  } catch {
    // where a window stood is not worth a word to the person
  }
}

export const createMainWindow = (options: MainWindowOptions): BrowserWindow => {
  const state = readState(options.stateFile)
  const bounds = fittingBounds(
    state.bounds,
    screen.getAllDisplays().map((display) => display.workArea),
  )
  const window = new BrowserWindow({
    ...FIRST_WINDOW,
    ...bounds,
    ...frameOptions(),
    minWidth: SMALLEST_WINDOW.width,
    minHeight: SMALLEST_WINDOW.height,
    title: TEXTS.appName,
    show: false,
    backgroundColor: nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light,
    webPreferences: {
      preload: options.preloadPath,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
      webSecurity: true,
      navigateOnDragDrop: false,
      spellcheck: true,
      devTools: !app.isPackaged,
      additionalArguments: [`--parley-version=${app.getVersion()}`],
    },
  })
  if (state.maximized) window.maximize()
  attachContextMenu(window)
  window.once('ready-to-show', () => window.show())
  window.on('focus', () => options.onFocus(true))
  window.on('blur', () => options.onFocus(false))
  window.on('page-title-updated', (event) => event.preventDefault())
  window.on('close', (event) => {
    saveState(window, options.stateFile)
    if (!options.hidesOnClose()) return
    event.preventDefault()
    window.hide()
  })
  void window.loadURL(APP_INDEX_URL)
  return window
}
