/**
 * What the preload script puts on `window.parley`: the few things that only a desktop can do.
 * Everything else goes over the engine's port, which arrives by `window.postMessage` with
 * `{ type: ENGINE_PORT_MESSAGE }` and one MessagePort, anew after each restart of the engine.
 */

export const ENGINE_PORT_MESSAGE = 'parley:engine-port'

/** `media` URLs: `parley-media://attachment/<messageId>`; served decrypted, with ranges, to the own window only. */
export const MEDIA_SCHEME = 'parley-media'
export const INVITE_SCHEME = 'parley'

export type EngineState = 'running' | 'restarting' | 'stopped'

export interface ShellApi {
  readonly platform: 'linux' | 'darwin' | 'win32'
  readonly version: string
  /** Asks for a fresh engine port; called once when the window has put its listener in place. */
  connectEngine(): void
  onEngineState(listener: (state: EngineState) => void): () => void
  /** A `parley://invite#…` that the system handed to the app. One that came before the listener is given at once. */
  onOpenInvite(listener: (link: string) => void): () => void
  /** A notification was clicked. */
  onOpenChat(listener: (chatId: string) => void): () => void
  /**
   * A file that the person chose, dropped or pasted becomes a grant for the engine. Null: it has no
   * path on this computer (pasted bytes); hand its bytes to `files.stage`.
   */
  grantFile(file: File): Promise<string | null>
  /** The system's save dialog. Null: cancelled. */
  pickSavePath(suggestedName: string): Promise<string | null>
  /** Opens http, https and mailto in the browser after the shell's own check; false: refused. */
  openExternal(url: string): Promise<boolean>
  copyImage(png: Uint8Array): Promise<void>
}

/** Channel names of the preload's `ipcRenderer`; the shell checks the sender of each. */
export const SHELL_CHANNELS = {
  connectEngine: 'parley:connect-engine',
  engineState: 'parley:engine-state',
  openInvite: 'parley:open-invite',
  openChat: 'parley:open-chat',
  grantFile: 'parley:grant-file',
  pickSavePath: 'parley:pick-save-path',
  openExternal: 'parley:open-external',
} as const
