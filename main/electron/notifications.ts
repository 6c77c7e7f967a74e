import { Notification } from 'electron'
import type { EngineToHost } from '../../shared/ipc/engine-host.ts'

type Notify = Extract<EngineToHost, { type: 'notify' }>

export interface Notifications {
  show(message: Notify): void
  /** The person is looking: what was announced has been seen or is about to be. */
  clear(): void
}

/** One notification a chat: a later message takes the place of an earlier one. */
export const createNotifications = (onClick: (chatId: string) => void): Notifications => {
  const shown = new Map<string, Notification>()
  return {
    show: ({ chatId, title, body, silent }) => {
      if (!Notification.isSupported()) return
      shown.get(chatId)?.close()
      const notification = new Notification({ title, body, silent })
      notification.on('click', () => onClick(chatId))
      notification.on('close', () => {
        if (shown.get(chatId) === notification) shown.delete(chatId)
      })
      shown.set(chatId, notification)
      notification.show()
    },
    clear: () => {
      for (const notification of [...shown.values()]) notification.close()
      shown.clear()
    },
  }
}
