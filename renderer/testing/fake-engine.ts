/** An engine in memory: it keeps the contract's promises without a store or a network, and does what a test tells it to. */

import type {
  AppState,
  CommandInput,
  CommandName,
  CommandOutputs,
  EngineEvents,
  EventName,
} from '../../shared/ipc/engine-contract.ts'
import { ParleyError, isParleyError } from '../../shared/errors.ts'
import type { ErrorCode } from '../../shared/errors.ts'
import type {
  ChatView,
  CodeComparison,
  ContactView,
  DeliveryPath,
  InviteView,
  MessageBody,
  MessageInfo,
  MessageStatus,
  MessageView,
  NetworkView,
} from '../../shared/model/chat.ts'
import type { AccountId, ChatId, InviteId, MessageId } from '../../shared/model/ids.ts'
import { DEFAULT_SETTINGS } from '../../shared/model/settings.ts'
import type { Settings } from '../../shared/model/settings.ts'
import type { Reply } from '../api.ts'
import { accountCommands, contactCommands, fileCommands, relayCommands } from './fake-commands.ts'
import type { Handler, Handlers } from './fake-commands.ts'
import { FAKE_ABOUT, fakeChat, fakeContact, fakeId, fakeInvite, fakeMessageInfo } from './fake-records.ts'
import type { Person } from './fake-records.ts'

export interface FakeEngineOptions {
  readonly nowMs: () => number
  /** Without it the account is there and the phase is `ready`. */
  readonly state?: AppState
}

export interface WrittenMessage {
  readonly atMs?: number
  /** Own messages only. */
  readonly status?: MessageStatus
  readonly failure?: ErrorCode
  readonly late?: boolean
}

export class FakeEngine {
  readonly chats = new Map<ChatId, ChatView>()
  readonly contacts = new Map<ChatId, ContactView>()
  readonly invites = new Map<InviteId, InviteView>()
  /** In order, by chat. */
  readonly messages = new Map<ChatId, MessageView[]>()
  /** Names behind grants. */
  readonly grants = new Map<string, string>()
  readonly calls: { readonly command: CommandName; readonly input: unknown }[] = []
  settings: Settings = DEFAULT_SETTINGS
  scanned: CodeComparison = 'match'
  network: NetworkView = { online: true, directCount: 1, relayPathCount: 0, waitingCount: 0, relays: [] }
  account = { accountId: fakeId(7, 43) as AccountId, name: 'Robin', avatarHue: 9, recoverySaved: true }
  readonly #options: FakeEngineOptions
  readonly #listeners = new Map<EventName, Set<(payload: never) => void>>()
  readonly #failures = new Map<CommandName, ErrorCode>()
  readonly #held = new Map<CommandName, Promise<void>>()
  #state: AppState | null
  #lastId = 100

  constructor(options: FakeEngineOptions) {
    this.#options = options
    this.#state = options.state ?? null
  }

  nowMs(): number {
    return this.#options.nowMs()
  }

  newId(): string {
    this.#lastId += 1
    return fakeId(this.#lastId, 22)
  }

  state(): AppState {
    if (this.#state !== null) return this.#state
    const { account, settings, network } = this
    return { phase: 'ready', account, settings, network, keychain: true, passphraseSet: false }
  }

  /** Null: the phase is `ready`. */
  setState(state: AppState | null): void {
    this.#state = state
    this.emit('app.changed', this.state())
  }

  on<Name extends EventName>(event: Name, listener: (payload: EngineEvents[Name]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set()
    listeners.add(listener)
    this.#listeners.set(event, listeners)
    return () => listeners.delete(listener)
  }

  emit<Name extends EventName>(event: Name, payload: EngineEvents[Name]): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(payload as never)
  }

  async call<Name extends CommandName>(command: Name, input: CommandInput<Name>): Promise<Reply<CommandOutputs[Name]>> {
    this.calls.push({ command, input })
    await this.#held.get(command)
    const failure = this.#failures.get(command)
    if (failure !== undefined) {
      this.#failures.delete(command)
      return { ok: false, code: failure, detail: '' }
    }
    try {
      // A command's name, input and output belong together; indexing the mapped type loses that.
      const handler = this.#handlers[command] as Handler<Name>
      return { ok: true, value: await handler(input) }
    } catch (error) {
      if (!isParleyError(error)) throw error
      return { ok: false, code: error.code, detail: error.detail }
    }
  }

  failNext(command: CommandName, code: ErrorCode): void {
    this.#failures.set(command, code)
  }

  /** Calls of this command get no answer until the returned function is called. */
  hold(command: CommandName): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#held.set(command, promise)
    return () => {
      this.#held.delete(command)
      resolve()
    }
  }

  addPerson(person: Person): ChatId {
    const chatId = this.newId() as ChatId
    const chat = fakeChat(chatId, this.newId(), person, this.nowMs())
    this.chats.set(chatId, chat)
    this.contacts.set(chatId, fakeContact(chat, person, this.nowMs()))
    this.messages.set(chatId, [])
    this.emit('chat.changed', chat)
    return chatId
  }

  addInvite(label: string, patch: Partial<InviteView> = {}): InviteView {
    const invite = { ...fakeInvite(this.newId() as InviteId, label, this.nowMs()), ...patch }
    this.invites.set(invite.inviteId, invite)
    this.emit('invite.changed', invite)
    return invite
  }

  /** A message of the other side: unread until the chat is marked read. */
  receive(chatId: ChatId, body: MessageBody | string, about: WrittenMessage = {}): MessageView {
    const chat = this.chat(chatId)
    const author = body !== '' && typeof body === 'object' && body.kind === 'event' ? null : chat.contactId
    const message = this.#insert(chatId, body, about, author)
    this.patchChat(chatId, { unreadCount: chat.unreadCount + (author === null ? 0 : 1) })
    return message
  }

  /** An own message. */
  write(chatId: ChatId, body: MessageBody | string, about: WrittenMessage = {}): MessageView {
    const message = this.#insert(chatId, body, { status: 'sending', ...about }, null)
    this.patchChat(chatId, { draft: '' })
    return message
  }

  #insert(
    chatId: ChatId,
    body: MessageBody | string,
    about: WrittenMessage,
    authorId: MessageView['authorId'],
  ): MessageView {
    const atMs = about.atMs ?? this.nowMs()
    const messageId = this.newId() as MessageId
    const message: MessageView = {
      messageId,
      chatId,
      authorId,
      orderKey: `${String(atMs).padStart(16, '0')} ${messageId}`,
      sentAtMs: atMs,
      receivedAtMs: atMs,
      late: about.late ?? false,
      body: typeof body === 'string' ? { kind: 'text', text: body } : body,
      status: about.status ?? null,
      failure: about.failure ?? null,
    }
    const known = this.messages.get(chatId) ?? []
    this.messages.set(
      chatId,
      [...known, message].sort((a, b) => (a.orderKey < b.orderKey ? -1 : 1)),
    )
    this.emit('message.changed', message)
    this.patchChat(chatId, { lastActivityAtMs: Math.max(atMs, this.chat(chatId).lastActivityAtMs) })
    return message
  }

  patchMessage(messageId: MessageId, patch: Partial<MessageView>): MessageView {
    for (const [chatId, messages] of this.messages) {
      const at = messages.findIndex((message) => message.messageId === messageId)
      const known = messages[at]
      if (known === undefined) continue
      const message = { ...known, ...patch }
      messages[at] = message
      this.emit('message.changed', message)
      this.patchChat(chatId, {})
      return message
    }
    throw new ParleyError('not-found', 'message')
  }

  patchChat(chatId: ChatId, patch: Partial<ChatView>): ChatView {
    const lastMessage = this.messages.get(chatId)?.at(-1) ?? null
    const chat = { ...this.chat(chatId), lastMessage, ...patch }
    this.chats.set(chatId, chat)
    this.emit('chat.changed', chat)
    return chat
  }

  markRead(chatId: ChatId): void {
    this.patchChat(chatId, { unreadCount: 0 })
  }

  setPath(chatId: ChatId, path: DeliveryPath): void {
    this.patchChat(chatId, { path })
    this.contacts.set(chatId, { ...this.contact(chatId), path, transport: path === 'direct' ? 'quic' : null })
  }

  setNetwork(patch: Partial<NetworkView>): void {
    this.network = { ...this.network, ...patch }
    this.emit('network.changed', this.network)
  }

  progress(messageId: MessageId, doneBytes: number, path: 'direct' | 'relay' = 'direct'): void {
    const { body } = this.message(messageId)
    if (body.kind !== 'file') throw new ParleyError('not-found', 'attachment')
    const { blobId, sizeBytes } = body.attachment
    this.emit('transfer.progress', { messageId, blobId, doneBytes, totalBytes: sizeBytes, path })
  }

  chat(chatId: ChatId): ChatView {
    return found(this.chats.get(chatId), 'chat')
  }

  contact(chatId: ChatId): ContactView {
    return found(this.contacts.get(chatId), 'contact')
  }

  message(messageId: MessageId): MessageView {
    return found(
      [...this.messages.values()].flat().find((message) => message.messageId === messageId),
      'message',
    )
  }

  #removeMessage(messageId: MessageId): void {
    const { chatId } = this.message(messageId)
    const left = (this.messages.get(chatId) ?? []).filter((message) => message.messageId !== messageId)
    this.messages.set(chatId, left)
    this.emit('message.removed', { chatId, messageId })
    this.patchChat(chatId, {})
  }

  #removeChat(chatId: ChatId): void {
    this.messages.set(chatId, [])
    this.chats.delete(chatId)
    this.emit('chat.removed', { chatId })
  }

  #page(chatId: ChatId, before: string | null, limit: number): CommandOutputs['messages.page'] {
    this.chat(chatId)
    const older = (this.messages.get(chatId) ?? []).filter(({ orderKey }) => before === null || orderKey < before)
    return { messages: older.slice(-limit), hasMore: older.length > limit }
  }

  patchContact(contactId: ContactView['contactId'], patch: Partial<ContactView>): ContactView {
    const known = [...this.contacts.values()].find((contact) => contact.contactId === contactId)
    const contact = { ...found(known, 'contact'), ...patch }
    this.contacts.set(contact.chatId, contact)
    const title = contact.alias === '' ? contact.name : contact.alias
    if (Object.keys(patch).length > 0 && this.chats.has(contact.chatId)) {
      this.patchChat(contact.chatId, { title, blocked: contact.blocked, safety: contact.safety })
    }
    return contact
  }

  /** The old chat goes on with the newcomer; a compared key is another one then. */
  join(contactId: ContactView['contactId'], intoContactId: ContactView['contactId']): ChatView {
    const [newcomer, old] = [this.patchContact(contactId, {}), this.patchContact(intoContactId, {})]
    const moved = this.messages.get(newcomer.chatId) ?? []
    this.#removeChat(newcomer.chatId)
    this.contacts.delete(newcomer.chatId)
    const safety = old.safety === 'verified' ? 'changed' : old.safety
    const { chatId, alias, verifiedAtMs } = old
    this.contacts.set(chatId, { ...newcomer, chatId, alias, safety, verifiedAtMs, mayContinue: [] })
    for (const { body, ...about } of moved) {
      if (body.kind !== 'event') this.#insert(chatId, body, { atMs: about.sentAtMs }, about.authorId)
    }
    this.#insert(chatId, { kind: 'event', event: { type: 'key-changed' } }, {}, null)
    return this.patchChat(chatId, { contactId, safety, title: alias === '' ? newcomer.name : alias })
  }

  #info(messageId: MessageId): MessageInfo {
    const message = this.message(messageId)
    return fakeMessageInfo(message, this.contact(message.chatId))
  }

  readonly #handlers: Handlers = {
    ...accountCommands(this),
    ...contactCommands(this),
    ...fileCommands(this),
    ...relayCommands(this),
    'app.state': () => this.state(),
    'app.about': () => FAKE_ABOUT,
    'settings.set': (patch) => {
      const given = Object.entries(patch).filter(([, value]) => value !== undefined)
      this.settings = { ...this.settings, ...Object.fromEntries(given) }
      this.emit('settings.changed', this.settings)
      return this.settings
    },
    'invites.list': () => [...this.invites.values()],
    'invites.create': ({ label }) => this.addInvite(label),
    'invites.set-label': ({ inviteId, label }) => this.#patchInvite(inviteId, { label }),
    'invites.revoke': ({ inviteId }) => this.#patchInvite(inviteId, { state: 'revoked', link: '' }),
    'invites.accept': () => this.chat(this.addPerson({ name: 'Mira', hue: 11 })),
    'chats.list': () => [...this.chats.values()],
    'chats.set-open': () => null,
    'chats.mark-read': ({ chatId }) => {
      this.markRead(chatId)
      return null
    },
    'chats.set-draft': ({ chatId, text }) => {
      this.patchChat(chatId, { draft: text })
      return null
    },
    'chats.delete': ({ chatId }) => {
      this.#removeChat(chatId)
      return null
    },
    'messages.page': ({ chatId, before, limit }) => this.#page(chatId, before, limit),
    'messages.send-text': ({ chatId, text }) => this.write(chatId, text),
    'messages.info': ({ messageId }) => this.#info(messageId),
    'messages.retry': ({ messageId }) => this.patchMessage(messageId, { status: 'sending', failure: null }),
    'messages.delete': ({ messageId }) => {
      this.#removeMessage(messageId)
      return null
    },
    'messages.ask-again': () => null,
  }

  #patchInvite(inviteId: InviteId, patch: Partial<InviteView>): InviteView {
    const invite = { ...found(this.invites.get(inviteId), 'invite'), ...patch }
    this.invites.set(inviteId, invite)
    this.emit('invite.changed', invite)
    return invite
  }
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new ParleyError('not-found', what)
  return value
}
