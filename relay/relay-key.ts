/**
 * The relay's signing key: the relay is this key. Kept in `relay.key` (0600), a 32-byte seed. libp2p's key is another one
 * beside it: machines and addresses may change, the relay stays.
 */

import { createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto'
import { join } from 'node:path'
import type { RelayId } from '../shared/model/ids.ts'
import { idFromBytes } from '../shared/model/ids.ts'
import { writeWhole, readWhole } from './whole-file.ts'

// DER headers of RFC 8410.
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const SEED_BYTES = 32

export interface RelayKey {
  readonly relayId: RelayId
  sign(message: Uint8Array): Uint8Array
}

export function relayKey(seed: Uint8Array): RelayKey {
  const privateKey = createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    relayId: idFromBytes<RelayId>(new Uint8Array(spki.subarray(-SEED_BYTES))),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  }
}

export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, publicKey]), format: 'der', type: 'spki' })
    return verify(null, message, key, signature)
  } catch {
    return false
  }
}

/** The seed in `dataDir/name`; made when it is missing. @throws Error when the file is not a key */
export function loadSeed(dataDir: string, name: string): Uint8Array {
  const known = readSeed(dataDir, name)
  if (known !== null) return known
  const seed = new Uint8Array(randomBytes(SEED_BYTES))
  writeWhole(join(dataDir, name), seed)
  return seed
}

function readSeed(dataDir: string, name: string): Uint8Array | null {
  const path = join(dataDir, name)
  const seed = readWhole(path)
  if (seed !== null && seed.length !== SEED_BYTES) {
    throw new Error(`${path} is not a key: it has ${seed.length} bytes, not ${SEED_BYTES}.`)
  }
  return seed
}
