/** What a profile in a test stands on: a keychain of its own, and randomness that repeats. */

import { createHash } from 'node:crypto'
import { createCrypto, selectBackend } from '../../crypto/index.ts'
import type { Keychain } from '../../ports/runtime.ts'
import type { Profile } from '../../ports/store/profile.ts'
import { openProfile } from '../profile.ts'
import type { ProfileOptions } from '../profile.ts'

const backend = await selectBackend()

export const RECOVERY_KEY = new Uint8Array(32).fill(77)

/** Seals with a pad that another `name` does not have. */
export function testKeychain(name = 'login'): Keychain {
  const pad = createHash('sha512').update(name).digest()
  const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, index) => byte ^ (pad[index % pad.length] ?? 0))
  const tag = pad.subarray(0, 8)
  return {
    available: true,
    seal: async (bytes) => Buffer.concat([tag, flip(bytes)]),
    open: async (bytes) => (tag.equals(bytes.subarray(0, 8)) ? flip(bytes.subarray(8)) : null),
  }
}

export const NO_KEYCHAIN: Keychain = {
  available: false,
  seal: async () => {
    throw new Error('sealed without a keychain')
  },
  open: async () => null,
}

export function testRandom(seed: string): (sizeBytes: number) => Uint8Array {
  let counter = 0
  return (sizeBytes) => {
    counter += 1
    return new Uint8Array(createHash('sha512').update(`${seed} ${counter}`).digest().subarray(0, sizeBytes))
  }
}

export function testProfile(profileDir: string, patch: Partial<ProfileOptions> = {}): Profile {
  return openProfile({
    profileDir,
    keychain: testKeychain(),
    sqliteBinding: null,
    crypto: createCrypto(backend, testRandom(profileDir)),
    clock: { nowMs: () => 1_700_000_000_000 },
    ...patch,
  })
}
