/** `keys.json`: the store key behind its locks (docs/protocol/store.md, "Keys"). */

import * as z from 'zod/mini'
import { fromBase64Url, toBase64Url } from '../../shared/wire/bytes.ts'
import { ParleyError } from '../../shared/errors.ts'
import { SALT_BYTES } from './passphrase-key.ts'
import type { PassphraseParameters } from './passphrase-key.ts'

const VERSION = 1
export const MAX_KEYS_FILE_BYTES = 65_536
const MAX_SEALED_BYTES = 16_384
/** Nonce, key and tag of `wrapKey`. */
const WRAPPED_BYTES = 12 + 32 + 16

/** The store key wrapped under another one: a random one that the keychain sealed, or one made of the passphrase. */
export type KeyLock =
  | { readonly kind: 'keychain'; readonly sealed: Uint8Array; readonly wrapped: Uint8Array }
  | { readonly kind: 'passphrase'; readonly parameters: PassphraseParameters; readonly wrapped: Uint8Array }

export interface KeysFile {
  /** False until the store holds an account: such a profile counts as empty and is made anew. */
  readonly finished: boolean
  readonly lock: KeyLock
  /** The store key under the recovery key. */
  readonly recovery: Uint8Array
}

const base64url = (minBytes: number, maxBytes: number) =>
  z.pipe(
    z.string().check(z.maxLength(Math.ceil((maxBytes * 4) / 3))),
    z.transform((text, context) => {
      const bytes = decodeOrNull(text)
      if (bytes !== null && bytes.length >= minBytes && bytes.length <= maxBytes) return bytes
      context.issues.push({ code: 'custom', message: 'bytes', input: text })
      return z.NEVER
    }),
  )

const exactly = (sizeBytes: number) => base64url(sizeBytes, sizeBytes)

function decodeOrNull(text: string): Uint8Array | null {
  try {
    return fromBase64Url(text)
  } catch {
    return null
  }
}

const int = (minimum: number, maximum: number) => z.int().check(z.minimum(minimum), z.maximum(maximum))

// Caps on the cost: a file that somebody altered must not make the engine take all memory.
const parameters = z.strictObject({
  salt: exactly(SALT_BYTES),
  memoryKib: int(8, 1_048_576),
  passes: int(1, 16),
  lanes: int(1, 16),
})

const schema = z.strictObject({
  version: z.literal(VERSION),
  finished: z.boolean(),
  lock: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('keychain'),
      sealed: base64url(1, MAX_SEALED_BYTES),
      wrapped: exactly(WRAPPED_BYTES),
    }),
    z.strictObject({ kind: z.literal('passphrase'), parameters, wrapped: exactly(WRAPPED_BYTES) }),
  ]),
  recovery: exactly(WRAPPED_BYTES),
})

const versioned = z.looseObject({ version: z.int() })

/** @throws store-newer | store-damaged */
export function decodeKeysFile(bytes: Uint8Array): KeysFile {
  const json = parseJson(bytes)
  const head = versioned.safeParse(json)
  if (head.success && head.data.version > VERSION) throw new ParleyError('store-newer', 'keys.json')
  const parsed = schema.safeParse(json)
  if (!parsed.success) throw new ParleyError('store-damaged', 'keys.json')
  const { version: _version, ...keys } = parsed.data
  return keys
}

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_KEYS_FILE_BYTES) throw new ParleyError('store-damaged', 'keys.json')
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new ParleyError('store-damaged', 'keys.json', { cause })
  }
}

export function encodeKeysFile({ finished, lock, recovery }: KeysFile): Uint8Array {
  const json = { version: VERSION, finished, lock: encodeLock(lock), recovery: toBase64Url(recovery) }
  return new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`)
}

function encodeLock(lock: KeyLock): unknown {
  const wrapped = toBase64Url(lock.wrapped)
  switch (lock.kind) {
    case 'keychain':
      return { kind: lock.kind, sealed: toBase64Url(lock.sealed), wrapped }
    case 'passphrase':
      return { kind: lock.kind, parameters: { ...lock.parameters, salt: toBase64Url(lock.parameters.salt) }, wrapped }
  }
}
