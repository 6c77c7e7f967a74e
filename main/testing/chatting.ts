/** What two people of a test do: meet by invite, write, look. */

import type { ChatView, MessageView } from '../../shared/model/chat.ts'
import type { Person } from './people.ts'

export interface Pair {
  readonly robinsChat: ChatView
  readonly mirasChat: ChatView
}

/** Robin invites Mira; both then have the chat. */
export async function meet(robin: Person, mira: Person): Promise<Pair> {
  const invite = await robin.call('invites.create', { label: '' })
  const mirasChat = await mira.call('invites.accept', { link: invite.link })
  const robinsChat = await robin.until('the chat is there', async () => (await robin.call('chats.list', {}))[0])
  return { robinsChat, mirasChat }
}

export async function messagesOf(person: Person, chat: ChatView): Promise<readonly MessageView[]> {
  const page = await person.call('messages.page', { chatId: chat.chatId, before: null, limit: 200 })
  return page.messages
}

export async function textsOf(person: Person, chat: ChatView): Promise<readonly string[]> {
  return (await messagesOf(person, chat)).flatMap(({ body }) => (body.kind === 'text' ? [body.text] : []))
}

export async function untilText(person: Person, chat: ChatView, text: string): Promise<MessageView> {
  return person.until(`“${text}” is there`, async () =>
    (await messagesOf(person, chat)).find(({ body }) => body.kind === 'text' && body.text === text),
  )
}

export async function untilStatus(
  person: Person,
  message: MessageView,
  ...statuses: readonly MessageView['status'][]
): Promise<void> {
  await person.until(`the tick is ${statuses.join(' or ')}`, async () => {
    const page = await person.call('messages.page', { chatId: message.chatId, before: null, limit: 200 })
    const now = page.messages.find((item) => item.messageId === message.messageId)
    return now !== undefined && statuses.includes(now.status)
  })
}

export async function untilPath(person: Person, path: ChatView['path']): Promise<void> {
  await person.until(`the path is ${path}`, async () =>
    (await person.call('chats.list', {})).some((chat) => chat.path === path),
  )
}

export function sendText(person: Person, chat: ChatView, text: string): Promise<MessageView> {
  return person.call('messages.send-text', { chatId: chat.chatId, text })
}
