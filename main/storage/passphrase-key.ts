/** A passphrase made into a key with Argon2id: the native add-on where it loads, else noble, with the same result. */

import type { hashRaw } from '@node-rs/argon2'

const OUTPUT_BYTES = 32
/** The add-on's numbers for Argon2id and for version 1.3. */
const ARGON2ID = 2
const VERSION_13 = 1

export interface PassphraseParameters {
  readonly salt: Uint8Array
  readonly memoryKib: number
  readonly passes: number
  readonly lanes: number
}

/** For new locks; older ones keep what is written beside them. */
export const PASSPHRASE_COST = { memoryKib: 65_536, passes: 3, lanes: 1 } as const
export const SALT_BYTES = 16

interface Native {
  readonly hashRaw: typeof hashRaw
}

const loadNative = async (): Promise<Native | null> => import('@node-rs/argon2').catch(() => null)

/** @param load tests hand in one that finds nothing */
export async function passphraseKey(
  passphrase: string,
  { salt, memoryKib, passes, lanes }: PassphraseParameters,
  load: () => Promise<Native | null> = loadNative,
): Promise<Uint8Array> {
  // The same words typed on another keyboard may be other code points.
  const password = new TextEncoder().encode(passphrase.normalize('NFKC'))
  const native = await load()
  if (native === null) {
    const { argon2idAsync } = await import('@noble/hashes/argon2.js')
    return argon2idAsync(password, salt, { m: memoryKib, t: passes, p: lanes, dkLen: OUTPUT_BYTES })
  }
  const key = await native.hashRaw(password, {
    algorithm: ARGON2ID,
    version: VERSION_13,
    salt,
    memoryCost: memoryKib,
    timeCost: passes,
    parallelism: lanes,
    outputLen: OUTPUT_BYTES,
  })
  return new Uint8Array(key)
}
