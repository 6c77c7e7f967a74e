/** The window's api with an engine in memory: for component tests, and for looking at the window in a browser. */

import { LIMITS } from '../../shared/ipc/engine-contract.ts'
import type { EngineState, ShellApi } from '../../shared/ipc/shell-contract.ts'
import type { MessageId } from '../../shared/model/ids.ts'
import type { Api } from '../api.ts'
import type { FakeEngine } from './fake-engine.ts'

export interface FakeShell {
  /** Links that were opened in the browser, in order. */
  readonly openedUrls: string[]
  setEngineState(state: EngineState): void
  openInvite(link: string): void
  openChat(chatId: string): void
  /** As after a restart of the engine. */
  connected(): void
}

export interface FakeApiOptions {
  readonly platform?: ShellApi['platform']
  /** Files have a path on this computer; false: all are pasted bytes. */
  readonly filesHavePaths?: boolean
  /** Where the bytes of attachments are; by default nowhere. */
  readonly pictures?: ReadonlyMap<MessageId, string>
}

export function fakeApi(
  engine: FakeEngine,
  options: FakeApiOptions = {},
): { readonly api: Api; readonly shell: FakeShell } {
  const engineState = new Set<(state: EngineState) => void>()
  const openInvite = new Set<(link: string) => void>()
  const openChat = new Set<(chatId: string) => void>()
  const connected = new Set<() => void>()
  const openedUrls: string[] = []

  const grant = (file: File): string => {
    const made = engine.newId()
    engine.grants.set(made, file.name)
    return made
  }
  const shellApi: ShellApi = {
    platform: options.platform ?? 'linux',
    version: '0.2.0',
    connectEngine: () => undefined,
    onEngineState: (listener) => added(engineState, listener),
    onOpenInvite: (listener) => added(openInvite, listener),
    onOpenChat: (listener) => added(openChat, listener),
    grantFile: async (file) => (options.filesHavePaths === false ? null : grant(file)),
    pickSavePath: async () => engine.newId(),
    openExternal: async (url) => {
      openedUrls.push(url)
      return true
    },
    copyImage: async () => undefined,
  }
  const api: Api = {
    shell: shellApi,
    call: (command, input) => engine.call(command, input),
    on: (event, listener) => engine.on(event, listener),
    onConnected: (listener) => {
      listener()
      return added(connected, listener)
    },
    mediaUrl: (messageId) => options.pictures?.get(messageId) ?? '',
    grantFile: async (file) => {
      if (file.size > LIMITS.fileBytes) return { ok: false, code: 'file-too-large', detail: '' }
      return { ok: true, value: grant(file) }
    },
  }
  return {
    api,
    shell: {
      openedUrls,
      setEngineState: (state) => tell(engineState, state),
      openInvite: (link) => tell(openInvite, link),
      openChat: (chatId) => tell(openChat, chatId),
      connected: () => {
        for (const listener of connected) listener()
      },
    },
  }
}

function added<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function tell<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
  for (const listener of listeners) listener(value)
}
