/**
 * The window's only way to the engine and the shell. Calls go over the engine's port; each engine that starts brings a
 * new port, and what was under way then is asked again once where that is harmless, else answered `not-ready`.
 */

import { inject } from 'vue'
import type { InjectionKey } from 'vue'
import type {
  CommandInput,
  CommandName,
  CommandOutputs,
  CommandReply,
  EngineEvents,
  EnginePortMessage,
  EventName,
} from '../shared/ipc/engine-contract.ts'
import { ENGINE_PORT_MESSAGE, MEDIA_SCHEME } from '../shared/ipc/shell-contract.ts'
import type { EngineState, ShellApi } from '../shared/ipc/shell-contract.ts'
import { LIMITS } from '../shared/ipc/engine-contract.ts'
import type { MessageId } from '../shared/model/ids.ts'
import type { ErrorCode } from '../shared/errors.ts'

declare global {
  interface Window {
    readonly parley: ShellApi
  }
}

export type Reply<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: ErrorCode; readonly detail: string }

export interface Api {
  readonly shell: ShellApi
  call<Name extends CommandName>(command: Name, input: CommandInput<Name>): Promise<Reply<CommandOutputs[Name]>>
  on<Name extends EventName>(event: Name, listener: (payload: EngineEvents[Name]) => void): () => void
  /** Each time an engine is there: at the start and after each restart. */
  onConnected(listener: () => void): () => void
  /** A file that was chosen, dropped or pasted, as a grant for the engine. */
  grantFile(file: File): Promise<Reply<string>>
  /** Where the window reads an attachment that is here. */
  mediaUrl(messageId: MessageId): string
}

export const apiKey: InjectionKey<Api> = Symbol('api')

export function useApi(): Api {
  const api = inject(apiKey)
  if (api === undefined) throw new Error('no api was provided')
  return api
}

/** Asked again of the next engine: they change nothing. */
const REPEATABLE: readonly CommandName[] = [
  'app.state',
  'chats.list',
  'messages.page',
  'messages.info',
  'contacts.get',
  'invites.list',
]

interface Pending {
  readonly command: CommandName
  readonly input: unknown
  readonly settle: (reply: Reply<unknown>) => void
}

/** @param source where the preload script posts the ports: the window itself */
export function connectApi(shell: ShellApi, source: Window): Api {
  const connection = new EngineConnection()
  source.addEventListener('message', (event) => {
    const data: unknown = event.data
    const isPort = typeof data === 'object' && data !== null && 'type' in data && data.type === ENGINE_PORT_MESSAGE
    const [port] = event.ports
    if (event.source === source && isPort && port !== undefined) connection.use(port)
  })
  shell.connectEngine()
  // the shell tells one listener; the window has several
  const stateListeners = new Set<(state: EngineState) => void>()
  let lastState: EngineState | null = null
  shell.onEngineState((state) => {
    lastState = state
    if (state === 'stopped') connection.giveUp()
    for (const listener of stateListeners) listener(state)
  })
  return {
    shell: {
      ...shell,
      onEngineState: (listener) => {
        stateListeners.add(listener)
        if (lastState !== null) listener(lastState)
        return () => stateListeners.delete(listener)
      },
    },
    call: (command, input) => connection.call(command, input),
    on: (event, listener) => connection.on(event, listener),
    onConnected: (listener) => connection.onConnected(listener),
    mediaUrl: (messageId) => `${MEDIA_SCHEME}://attachment/${messageId}`,
    grantFile: async (file) => {
      const grant = await shell.grantFile(file)
      if (grant !== null) return { ok: true, value: grant }
      if (file.size > LIMITS.stagedFileBytes) return { ok: false, code: 'file-too-large', detail: String(file.size) }
      const bytes = new Uint8Array(await file.arrayBuffer())
      const staged = await connection.call('files.stage', { name: file.name === '' ? 'file' : file.name, bytes })
      return staged.ok ? { ok: true, value: staged.value.grant } : staged
    },
  }
}

class EngineConnection {
  #port: MessagePort | null = null
  #nextId = 1
  readonly #pending = new Map<number, Pending>()
  readonly #listeners = new Map<EventName, Set<(payload: never) => void>>()
  readonly #connected = new Set<() => void>()

  use(port: MessagePort): void {
    this.#port?.close()
    this.#port = port
    port.addEventListener('message', (event: MessageEvent<EnginePortMessage>) => {
      this.#onMessage(event.data)
    })
    port.start()
    for (const [id, pending] of [...this.#pending]) {
      if (REPEATABLE.includes(pending.command)) this.#post(id, pending)
      else this.#settle(id, { ok: false, code: 'not-ready', detail: 'the engine started anew' })
    }
    for (const listener of this.#connected) listener()
  }

  /** No engine will come: nothing waits for one. */
  giveUp(): void {
    for (const id of [...this.#pending.keys()]) this.#settle(id, { ok: false, code: 'not-ready', detail: 'no engine' })
  }

  call<Name extends CommandName>(command: Name, input: CommandInput<Name>): Promise<Reply<CommandOutputs[Name]>> {
    return new Promise((resolve) => {
      const id = this.#nextId++
      // The contract gives each command its output's type; the port carries them all.
      const settle = (reply: Reply<unknown>): void => {
        resolve(reply as Reply<CommandOutputs[Name]>)
      }
      const pending: Pending = { command, input, settle }
      this.#pending.set(id, pending)
      this.#post(id, pending)
    })
  }

  /** Without a port yet it waits: a new port posts what is pending. */
  #post(id: number, { command, input }: Pending): void {
    // Proxies of stores cannot be cloned; what crosses is plain data.
    this.#port?.postMessage({ id, command, input: toPlain(input) })
  }

  #onMessage(message: EnginePortMessage): void {
    if ('event' in message) {
      for (const listener of this.#listeners.get(message.event) ?? []) listener(message.payload as never)
      return
    }
    this.#settle(message.id, replyOf(message))
  }

  #settle(id: number, reply: Reply<unknown>): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    pending?.settle(reply)
  }

  on<Name extends EventName>(event: Name, listener: (payload: EngineEvents[Name]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set()
    listeners.add(listener)
    this.#listeners.set(event, listeners)
    return () => listeners.delete(listener)
  }

  onConnected(listener: () => void): () => void {
    this.#connected.add(listener)
    if (this.#port !== null) listener()
    return () => this.#connected.delete(listener)
  }
}

function replyOf(message: CommandReply): Reply<unknown> {
  return message.ok ? { ok: true, value: message.value } : { ok: false, code: message.code, detail: message.detail }
}

function toPlain(value: unknown): unknown {
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(toPlain)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toPlain(item)]))
}
