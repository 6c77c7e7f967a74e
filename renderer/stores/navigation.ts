import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { ChatId, InviteId } from '../../shared/model/ids.ts'

export type Place =
  | { readonly name: 'chats' }
  | { readonly name: 'invite'; readonly inviteId: InviteId | null }
  | { readonly name: 'settings' }

/** Where the person is in the window. */
export const useNavigationStore = defineStore('navigation', () => {
  const place = ref<Place>({ name: 'chats' })
  const chatId = ref<ChatId | null>(null)
  const panel = ref(false)
  /** In a narrow window the list lies over the rest while something is looked for. */
  const searching = ref(false)
  const accepting = ref<{ readonly link: string; readonly scan: boolean } | null>(null)

  function openChat(next: ChatId | null): void {
    place.value = { name: 'chats' }
    chatId.value = next
    searching.value = false
  }
  function invite(inviteId: InviteId | null): void {
    place.value = { name: 'invite', inviteId }
    searching.value = false
  }
  function settings(): void {
    place.value = { name: 'settings' }
  }
  function chats(): void {
    place.value = { name: 'chats' }
  }
  function search(): void {
    chats()
    searching.value = true
  }
  function endSearch(): void {
    searching.value = false
  }
  function accept(link = '', scan = false): void {
    accepting.value = { link, scan }
  }
  function endAccepting(): void {
    accepting.value = null
  }

  return {
    place,
    chatId,
    panel,
    searching,
    accepting,
    openChat,
    invite,
    settings,
    chats,
    search,
    endSearch,
    accept,
    endAccepting,
  }
})
