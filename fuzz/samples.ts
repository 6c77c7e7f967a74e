/** What the targets make their real values of: fixed bytes, ids, texts, and the vectors of docs/protocol. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCrypto, selectBackend } from '../main/crypto/index.ts'
import type { Crypto } from '../main/crypto/index.ts'
import { repeatableRandom } from '../main/crypto/testing/repeatable-random.ts'
import { ROOT } from '../scripts/paths.ts'

const backend = await selectBackend()

/** The key of docs/protocol/vectors/session-boxes.json. */
export const BOX_KEY = Uint8Array.from({ length: 32 }, (_, index) => index)

/** Some time in 2026, in milliseconds. */
export const SOME_TIME_MS = 1_780_000_000_000

/** Codes of the decoders that know one version. */
export const FORMAT_CODES = ['malformed', 'unsupported-version'] as const

export function filled(sizeBytes: number, value: number): Uint8Array {
  return new Uint8Array(sizeBytes).fill(value)
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** For decoders of text: bytes that are no UTF-8 become replacement characters. */
export function textOf(input: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(input)
}

export function words(...texts: readonly string[]): readonly Uint8Array[] {
  return texts.map(utf8)
}

/** Repeatable: what the kept corpus was sealed with is made anew in each run. */
export function cryptoOf(seed: string): Crypto {
  return createCrypto(backend, repeatableRandom(`fuzz ${seed}`))
}

/** Hexadecimal values under a name, at any depth of a vector file, numbered from 1. */
export function vectorSamples(file: string, field: string): Readonly<Record<string, Uint8Array>> {
  const content: unknown = JSON.parse(readFileSync(join(ROOT, 'docs/protocol/vectors', file), 'utf8'))
  const found: Record<string, Uint8Array> = {}
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
      if (name === field && typeof inner === 'string') {
        found[`vector-${Object.keys(found).length + 1}`] = new Uint8Array(Buffer.from(inner, 'hex'))
      } else {
        look(inner)
      }
    }
  }
  look(content)
  return found
}

/** The bytes of a box of session-boxes.json, by the way to it. */
export function boxVector(...way: readonly string[]): Uint8Array {
  const content: unknown = JSON.parse(readFileSync(join(ROOT, 'docs/protocol/vectors/session-boxes.json'), 'utf8'))
  const box = way.reduce((value, name) => (value as Record<string, unknown>)[name], content)
  return new Uint8Array(Buffer.from((box as { readonly bytes: string }).bytes, 'hex'))
}
