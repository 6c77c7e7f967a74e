import { Menu } from 'electron'

/** macOS needs a menu for the usual keys; elsewhere Chromium has them and a menu bar is only in the way. */
export const setApplicationMenu = (): void => {
  if (process.platform !== 'darwin') {
    Menu.setApplicationMenu(null)
    return
  }
  Menu.setApplicationMenu(Menu.buildFromTemplate([{ role: 'appMenu' }, { role: 'editMenu' }, { role: 'windowMenu' }]))
}
