/** The globals that every runtime of Parley has and the language's own library does not name. */

declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>
}

declare class TextDecoder {
  constructor(label?: 'utf-8', options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean })
  decode(input?: Uint8Array): string
}

declare function structuredClone<T>(value: T): T

declare function queueMicrotask(callback: () => void): void

/** Only ever handed through, from the window to the shell's bridge. */
interface File {
  readonly name: string
  readonly size: number
}
