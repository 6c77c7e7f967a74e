/**
 * What the shell and the engine say to each other over the utility process' parent port. The
 * headless node plays the shell's part itself. Ports travel beside the message that names them.
 */

import type { ErrorCode } from '../errors.ts'
import type { ChatId } from '../model/ids.ts'
import type { Settings } from '../model/settings.ts'

export type HostToEngine =
  | {
      readonly type: 'init'
      readonly profileDir: string
      readonly appVersion: string
      /** The OS keychain can seal and open; false where there is none or it only pretends (`basic_text`). */
      readonly keychain: boolean
      /** Where the SQLite add-on lies when it is not the packaged one. */
      readonly sqliteBinding: string | null
    }
  /** One MessagePort beside it: speaks the engine contract. */
  | { readonly type: 'window-port' }
  /** The window has the person's attention or not. */
  | { readonly type: 'focus'; readonly focused: boolean }
  | {
      readonly type: 'grant'
      readonly grant: string
      readonly path: string
      readonly access: 'read' | 'write'
    }
  | { readonly type: 'keychain-reply'; readonly requestId: number; readonly bytes: Uint8Array | null }
  /** Bytes of an attachment for a `parley-media` URL, from `start` up to and without `end` (null: to its end). */
  | {
      readonly type: 'media-request'
      readonly requestId: number
      readonly messageId: string
      readonly start: number
      readonly end: number | null
    }
  /** The machine woke up, or its network changed: check every path now. */
  | { readonly type: 'network-hint'; readonly online: boolean }
  | { readonly type: 'shutdown' }

export type EngineToHost =
  | { readonly type: 'started' }
  /** `null` in the reply: the keychain cannot. */
  | { readonly type: 'keychain-seal'; readonly requestId: number; readonly bytes: Uint8Array }
  | { readonly type: 'keychain-open'; readonly requestId: number; readonly bytes: Uint8Array }
  | {
      readonly type: 'media-reply'
      readonly requestId: number
      readonly result:
        | {
            readonly ok: true
            readonly bytes: Uint8Array
            readonly totalBytes: number
            readonly mediaType: string
          }
        | { readonly ok: false; readonly code: ErrorCode }
    }
  /** Text is already cut to what the person allows to be shown. */
  | {
      readonly type: 'notify'
      readonly chatId: ChatId
      readonly title: string
      readonly body: string
      readonly silent: boolean
    }
  /** Chats with unread messages. */
  | { readonly type: 'badge'; readonly count: number }
  | { readonly type: 'settings'; readonly settings: Settings }
  /** The store is closed; the process may end. */
  | { readonly type: 'stopped' }
