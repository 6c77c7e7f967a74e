/** What the attachment worker and its hash thread say to each other. The ciphertext lies in memory that both see. */

export type ToHashThread =
  | { readonly type: 'begin'; readonly id: number; readonly slots: readonly Uint8Array<SharedArrayBuffer>[] }
  /** Answered when it is hashed. */
  | { readonly type: 'update'; readonly id: number; readonly slot: 0 | 1; readonly lengthBytes: number }
  /** The last of this id: answered with the digest of all before. */
  | { readonly type: 'end'; readonly id: number }

export type FromHashThread =
  { readonly type: 'ready' } | { readonly type: 'updated' } | { readonly type: 'digest'; readonly sha256: Uint8Array }
