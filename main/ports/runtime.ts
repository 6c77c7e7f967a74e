/** The machine around the engine: clock, timers, keychain, files, the shell. */

import type { ChatId } from '../../shared/model/ids.ts'
import type { Settings } from '../../shared/model/settings.ts'

export interface Clock {
  /** Milliseconds since the epoch, as the person's computer believes. */
  nowMs(): number
  /** Never goes back; for timeouts and ages. */
  monotonicMs(): number
  /** Calls back once; the returned function cancels. */
  after(delayMs: number, callback: () => void): () => void
}

export interface Keychain {
  readonly available: boolean
  /** @throws passphrase-needed where there is no keychain */
  seal(bytes: Uint8Array): Promise<Uint8Array>
  /** Null: the entry is gone or belongs to another keychain. */
  open(bytes: Uint8Array): Promise<Uint8Array | null>
}

/** Paths that the person chose, handed over by the shell; each grant is good for one use. */
export interface FileGrants {
  /** @throws not-found */
  redeem(grant: string, access: 'read' | 'write'): { readonly path: string }
  add(path: string, access: 'read' | 'write'): string
}

export interface Desktop {
  notify(note: {
    readonly chatId: ChatId
    readonly title: string
    readonly body: string
    readonly silent: boolean
  }): void
  setBadge(count: number): void
  settingsChanged(settings: Settings): void
}

export interface Logger {
  /** Fields carry no names, texts, keys, addresses or ids of people. */
  info(event: string, fields?: Readonly<Record<string, string | number | boolean>>): void
  warn(event: string, fields?: Readonly<Record<string, string | number | boolean>>): void
}
