import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { BrowserWindow, app, dialog, ipcMain, shell } from 'electron'
import type { IpcMainEvent, IpcMainInvokeEvent, WebContents } from 'electron'
import type { HostToEngine } from '../../shared/ipc/engine-host.ts'
import { SHELL_CHANNELS } from '../../shared/ipc/shell-contract.ts'
import { externalLink } from './external-link.ts'
import { isOwnUrl } from './origin.ts'
import { suggestedFileName } from './suggested-name.ts'

const LONGEST_PATH_CHARS = 32_768
const GRANT_BYTES = 16

export interface WindowCallsOptions {
  readonly sendToEngine: (message: HostToEngine) => void
  /** The page has its listeners in place. */
  readonly onConnect: (contents: WebContents) => void
}

/** Only the top frame of the app's own page is listened to. */
const isOwnSender = (event: IpcMainEvent | IpcMainInvokeEvent): boolean => {
  const frame = event.senderFrame
  return frame !== null && frame === event.sender.mainFrame && isOwnUrl(frame.url)
}

const handle = (channel: string, answer: (input: unknown, contents: WebContents) => unknown): void => {
  ipcMain.handle(channel, (event, input: unknown) => {
    if (!isOwnSender(event)) throw new Error('refused')
    return answer(input, event.sender)
  })
}

/** Answers the calls of `ShellApi`. Inputs come from the window and are not trusted. */
export const answerWindowCalls = ({ sendToEngine, onConnect }: WindowCallsOptions): void => {
  const grant = (path: string, access: 'read' | 'write'): string => {
    const name = randomBytes(GRANT_BYTES).toString('base64url')
    sendToEngine({ type: 'grant', grant: name, path, access })
    return name
  }

  ipcMain.on(SHELL_CHANNELS.connectEngine, (event) => {
    if (isOwnSender(event)) onConnect(event.sender)
  })

  handle(SHELL_CHANNELS.grantFile, (path) => {
    const usable = typeof path === 'string' && path !== '' && path.length <= LONGEST_PATH_CHARS
    return usable ? grant(path, 'read') : null
  })

  handle(SHELL_CHANNELS.pickSavePath, async (name, contents) => {
    const window = BrowserWindow.fromWebContents(contents)
    const options = { defaultPath: join(app.getPath('downloads'), suggestedFileName(name)) }
    const { canceled, filePath } = window
      ? await dialog.showSaveDialog(window, options)
      : await dialog.showSaveDialog(options)
    return canceled || !filePath ? null : grant(filePath, 'write')
  })

  handle(SHELL_CHANNELS.openExternal, async (text) => {
    const url = externalLink(text)
    if (url === undefined) return false
    await shell.openExternal(url)
    return true
  })
}
