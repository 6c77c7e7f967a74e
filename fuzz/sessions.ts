/** What the targets of sessions share: parties that are the same in each run, and peers that seal what no honest one would. */

import type { Crypto } from '../main/crypto/index.ts'

/** What a decoder of sealed bytes may say: one code for whatever does not open, the rest before any key is touched. */
export const SEALED_CODES = ['cannot-decrypt', 'malformed', 'unsupported-version', 'too-large'] as const

/** What the `n`-th seal of a peer is asked for, kept. */
export interface SealTap {
  readonly crypto: Crypto
  /** The `which`-th seal from now on, from 0, gets `piece` over the start of its plaintext; the rest are as they should be. */
  replace(which: number, piece: Uint8Array): void
  /** Plaintexts since `replace`, as they should have been. */
  readonly sealed: readonly Uint8Array[]
}

export function tapSeals(c: Crypto): SealTap {
  let sealed: Uint8Array[] = []
  let place = -1
  let written = new Uint8Array()
  const { backend } = c
  return {
    crypto: {
      ...c,
      backend: {
        ...backend,
        seal: (key, nonce, ad, plaintext) => {
          const changed = plaintext.slice()
          if (sealed.length === place) changed.set(written.subarray(0, changed.length))
          sealed.push(plaintext.slice())
          return backend.seal(key, nonce, ad, changed)
        },
      },
    },
    replace: (which, piece) => {
      sealed = []
      place = which
      written = piece.slice()
    },
    get sealed() {
      return sealed
    },
  }
}
