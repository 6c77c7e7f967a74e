/** The emptiest Electron app: one window, of the product's size and with its web preferences. */
import { join } from 'node:path'
import { BrowserWindow, app } from 'electron'

const open = () => {
  const window = new BrowserWindow({
    width: 1180,
    height: 780,
    show: false,
    webPreferences: { contextIsolation: true, sandbox: true, nodeIntegration: false },
  })
  window.once('ready-to-show', () => window.show())
  void window.loadFile(join(import.meta.dirname, 'index.html'))
}

void app.whenReady().then(open)
app.on('window-all-closed', () => app.quit())
