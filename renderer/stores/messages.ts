import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { MessageView } from '../../shared/model/chat.ts'
import type { ChatId, MessageId } from '../../shared/model/ids.ts'
import type { Api } from '../api.ts'
import { withMessage, withNewestPage, withoutMessage } from './message-order.ts'

const PAGE_MESSAGES = 60

export interface Transfer {
  readonly doneBytes: number
  readonly totalBytes: number
  readonly path: 'direct' | 'relay'
}

/** The messages of the open chat, in order. Other chats are fetched when they are opened. */
export const useMessagesStore = defineStore('messages', () => {
  const chatId = ref<ChatId | null>(null)
  const messages = shallowRef<readonly MessageView[]>([])
  const hasMore = ref(false)
  const loading = ref(false)
  const failed = ref(false)
  const transfers = shallowRef<ReadonlyMap<MessageId, Transfer>>(new Map())

  async function open(api: Api, next: ChatId | null): Promise<void> {
    chatId.value = next
    messages.value = []
    hasMore.value = false
    failed.value = false
    if (next !== null) await loadNewest(api)
  }

  /** Also after the engine started anew: what came meanwhile is there. */
  async function loadNewest(api: Api): Promise<void> {
    const wanted = chatId.value
    if (wanted === null) return
    loading.value = true
    const reply = await api.call('messages.page', { chatId: wanted, before: null, limit: PAGE_MESSAGES })
    if (chatId.value !== wanted) return
    loading.value = false
    failed.value = !reply.ok
    if (!reply.ok) return
    const { messages: newest, hasMore: more } = reply.value
    const known = messages.value
    messages.value = withNewestPage(known, newest)
    if (messages.value.length === newest.length || known.length === 0) hasMore.value = more
  }

  async function loadOlder(api: Api): Promise<void> {
    const wanted = chatId.value
    const first = messages.value[0]
    if (wanted === null || first === undefined || !hasMore.value || loading.value) return
    loading.value = true
    const reply = await api.call('messages.page', { chatId: wanted, before: first.orderKey, limit: PAGE_MESSAGES })
    if (chatId.value !== wanted) return
    loading.value = false
    if (!reply.ok) return
    messages.value = [...reply.value.messages, ...messages.value]
    hasMore.value = reply.value.hasMore
  }

  function put(message: MessageView): void {
    if (isSettled(message)) endTransfer(message.messageId)
    if (message.chatId !== chatId.value) return
    messages.value = withMessage(messages.value, message, hasMore.value)
  }

  function endTransfer(messageId: MessageId): void {
    if (!transfers.value.has(messageId)) return
    const left = new Map(transfers.value)
    left.delete(messageId)
    transfers.value = left
  }

  function remove(messageId: MessageId): void {
    messages.value = withoutMessage(messages.value, messageId)
  }

  function connect(api: Api): void {
    api.on('message.changed', put)
    api.on('message.removed', ({ messageId }) => {
      remove(messageId)
    })
    api.on('transfer.progress', ({ messageId, doneBytes, totalBytes, path }) => {
      if (doneBytes >= totalBytes) endTransfer(messageId)
      else transfers.value = new Map(transfers.value).set(messageId, { doneBytes, totalBytes, path })
    })
  }

  return { chatId, messages, hasMore, loading, failed, transfers, open, loadNewest, loadOlder, put, remove, connect }
})

/** Nothing of its file moves any more: it was given up or stopped, or whoever it is for has it. */
function isSettled({ body, status }: MessageView): boolean {
  if (body.kind !== 'file') return false
  const { state } = body.attachment
  return state === 'failed' || (state === 'here' && status !== 'sending' && status !== 'held')
}
