/** What the engine tells flows into the stores; each engine that starts is asked anew for what the window shows. */

import type { Pinia } from 'pinia'
import type { ChatId } from '../shared/model/ids.ts'
import type { Api } from './api.ts'
import { useAppStore } from './stores/app.ts'
import { useChatsStore } from './stores/chats.ts'
import { useInvitesStore } from './stores/invites.ts'
import { useMessagesStore } from './stores/messages.ts'
import { useNavigationStore } from './stores/navigation.ts'

export function connectStores(api: Api, pinia: Pinia): void {
  const app = useAppStore(pinia)
  const chats = useChatsStore(pinia)
  const invites = useInvitesStore(pinia)
  const messages = useMessagesStore(pinia)
  const navigation = useNavigationStore(pinia)

  app.connect(api)
  chats.connect(api)
  invites.connect(api)
  messages.connect(api)

  async function loadAll(): Promise<void> {
    const { chatId } = messages
    await Promise.all([
      chats.load(api),
      invites.load(api),
      messages.loadNewest(api),
      ...(chatId === null ? [] : [api.call('chats.set-open', { chatId })]),
    ])
  }

  api.on('app.changed', (state) => {
    if (state.phase === 'ready') void loadAll()
  })
  api.onConnected(() => {
    void app.load(api).then(() => (app.ready === null ? undefined : loadAll()))
  })
  api.shell.onOpenInvite((link) => {
    navigation.accept(link)
  })
  api.shell.onOpenChat((chatId) => {
    navigation.openChat(chatId as ChatId)
  })
}
