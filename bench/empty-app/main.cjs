/** The emptiest Electron app: one window, of the product's size and with its web preferences. */
const { join } = require('node:path')
const { BrowserWindow, app } = require('electron')

void app.whenReady().then(() => {
  const window = new BrowserWindow({
    width: 1200,
    height: 760,
    show: false,
    webPreferences: { contextIsolation: true, sandbox: true, nodeIntegration: false },
  })
  window.once('ready-to-show', () => window.show())
  void window.loadFile(join(__dirname, 'index.html'))
})
app.on('window-all-closed', () => app.quit())
