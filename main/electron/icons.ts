import { join } from 'node:path'
import { app, nativeImage } from 'electron'
import type { NativeImage } from 'electron'

const iconPath = (name: string): string => join(app.getAppPath(), 'assets', 'icons', name)

export const appIcon = (): NativeImage => nativeImage.createFromPath(iconPath('app-512.png'))

/** macOS takes a template that follows the menu bar's colour; `@2x` beside the file is found by Electron. */
export const trayIcon = (): NativeImage => {
  const isMac = process.platform === 'darwin'
  const icon = nativeImage.createFromPath(iconPath(isMac ? 'tray-template.png' : 'tray.png'))
  if (isMac) icon.setTemplateImage(true)
  return icon
}
