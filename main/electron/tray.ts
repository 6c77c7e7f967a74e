import { Menu, Tray, app } from 'electron'
import { trayIcon } from './icons.ts'
import { TEXTS } from './texts.ts'

export interface AppTray {
  /** Chats with unread messages: on the tray's tooltip and the dock or task bar. */
  setUnread(count: number): void
  destroy(): void
}

export const createTray = (actions: { readonly open: () => void; readonly quit: () => void }): AppTray => {
  const tray = new Tray(trayIcon())
  tray.setToolTip(TEXTS.appName)
  tray.setContextMenu(
    Menu.buildFromTemplate([
      { label: TEXTS.open, click: actions.open },
      { type: 'separator' },
      { label: TEXTS.quit, click: actions.quit },
    ]),
  )
  tray.on('click', actions.open)
  return {
    setUnread: (count) => {
      app.setBadgeCount(count)
      tray.setToolTip(count === 0 ? TEXTS.appName : `${TEXTS.appName} · ${TEXTS.unreadChats(count)}`)
    },
    destroy: () => tray.destroy(),
  }
}
