import { defineStore } from 'pinia'
import { computed, ref, shallowRef, triggerRef } from 'vue'
import type { ChatView } from '../../shared/model/chat.ts'
import type { ChatId, ContactId } from '../../shared/model/ids.ts'
import type { Api } from '../api.ts'

/** The chat list, by id; newest activity first. */
export const useChatsStore = defineStore('chats', () => {
  const byId = shallowRef(new Map<ChatId, ChatView>())
  const loaded = ref(false)
  const all = computed(() => [...byId.value.values()].sort((a, b) => b.lastActivityAtMs - a.lastActivityAtMs))
  const unreadChats = computed(() => all.value.filter((chat) => chat.unreadCount > 0).length)

  function get(chatId: ChatId): ChatView | undefined {
    return byId.value.get(chatId)
  }
  function ofContact(contactId: ContactId): ChatView | undefined {
    return all.value.find((chat) => chat.contactId === contactId)
  }
  function put(chat: ChatView): void {
    byId.value.set(chat.chatId, chat)
    triggerRef(byId)
  }
  function remove(chatId: ChatId): void {
    byId.value.delete(chatId)
    triggerRef(byId)
  }

  async function load(api: Api): Promise<void> {
    const reply = await api.call('chats.list', {})
    if (!reply.ok) return
    byId.value = new Map(reply.value.map((chat) => [chat.chatId, chat]))
    loaded.value = true
  }

  function connect(api: Api): void {
    api.on('chat.changed', put)
    api.on('chat.removed', ({ chatId }) => {
      remove(chatId)
    })
  }

  return { all, loaded, unreadChats, get, ofContact, put, remove, load, connect }
})
