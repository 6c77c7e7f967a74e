/** The primitives of `node:crypto`, over OpenSSL in Node and BoringSSL in Electron. */

import * as nodeCrypto from 'node:crypto'
import type { Backend } from './backend.ts'
import { createKeyObjects } from './key-objects.ts'
import { nobleBackend } from './noble-backend.ts'
import { isStrictPoint } from './strict-point.ts'

const { createCipheriv, createDecipheriv, createHash, createHmac, diffieHellman, hkdfSync } = nodeCrypto
const TAG_BYTES = 16
const KEM_CIPHERTEXT_BYTES = 1088

/** A runtime without a primitive throws when it is used; `selectBackend` finds that out beforehand. */
export function createNodeBackend(): Backend {
  const keys = createKeyObjects()
  const toCipherKey = fasterCipherKey()
  const random = createRandomPool()
  return {
    names: { hash: 'node', mac: 'node', aead: 'node', x25519: 'node', ed25519: 'node', mlKem: 'node' },
    random,
    sha256: (bytes) => digest('sha256', bytes),
    sha512: (bytes) => digest('sha512', bytes),
    hmacSha256: (key, bytes) => new Uint8Array(createHmac('sha256', key).update(bytes).digest()),
    hkdf: (ikm, salt, info, sizeBytes) => new Uint8Array(hkdfSync('sha256', ikm, salt, info, sizeBytes)),
    seal: (key, nonce, ad, plaintext) => sealGcm(toCipherKey(key), nonce, ad, plaintext),
    open: (key, nonce, ad, ciphertext) => openGcm(toCipherKey(key), nonce, ad, ciphertext),
    x25519Generate: () => keys.generateX25519(),
    x25519Public: (secretKey) => keys.rawPublic('x25519', secretKey),
    x25519: (secretKey, peerKey) => {
      const privateKey = keys.secret('x25519', secretKey)
      const publicKey = keys.public('x25519', peerKey)
      if (publicKey === null) return null
      const shared = agreed({ privateKey, publicKey })
      // OpenSSL refuses an all-zero result, other libraries may return it.
      return shared === null || shared.every((byte) => byte === 0) ? null : new Uint8Array(shared)
    },
    ed25519Public: (secretKey) => keys.rawPublic('ed25519', secretKey),
    ed25519Sign: (secretKey, message) =>
      new Uint8Array(nodeCrypto.sign(null, message, keys.secret('ed25519', secretKey))),
    ed25519Verify: (signerKey, message, signature) => {
      const publicKey = isStrictPoint(signerKey) ? keys.public('ed25519', signerKey) : null
      return publicKey !== null && signature.length === 64 && nodeCrypto.verify(null, message, publicKey, signature)
    },
    mlKemPublic: (seed) => keys.rawPublic('mlKem', seed),
    // Node draws the randomness itself and takes none, so that nothing could be repeated in a test.
    mlKemEncapsulate: (publicKey, randomness) => nobleBackend.mlKemEncapsulate(publicKey, randomness),
    mlKemDecapsulate: (seed, ciphertext) => {
      if (ciphertext.length !== KEM_CIPHERTEXT_BYTES) return null
      return new Uint8Array(nodeCrypto.decapsulate(keys.secret('mlKem', seed), ciphertext))
    },
    equal: (a, b) => a.length === b.length && nodeCrypto.timingSafeEqual(a, b),
  }
}

/** In one call where the runtime has it (Node 20.12): half the time of a hash object for a few bytes. */
const hashAtOnce = 'hash' in nodeCrypto ? nodeCrypto.hash : null

function digest(algorithm: 'sha256' | 'sha512', bytes: Uint8Array): Uint8Array {
  const made = hashAtOnce?.(algorithm, bytes, 'buffer') ?? createHash(algorithm).update(bytes).digest()
  return new Uint8Array(made)
}

const RANDOM_POOL_BYTES = 4_096

/** A draw costs the same for 12 bytes as for 4,096. What was handed out is wiped from the pool. */
function createRandomPool(): (sizeBytes: number) => Uint8Array {
  const pool = new Uint8Array(RANDOM_POOL_BYTES)
  let used = RANDOM_POOL_BYTES
  return (sizeBytes) => {
    if (sizeBytes > RANDOM_POOL_BYTES) return new Uint8Array(nodeCrypto.randomBytes(sizeBytes))
    if (used + sizeBytes > RANDOM_POOL_BYTES) {
      nodeCrypto.randomFillSync(pool)
      used = 0
    }
    const drawn = pool.slice(used, used + sizeBytes)
    pool.fill(0, used, used + sizeBytes)
    used += sizeBytes
    return drawn
  }
}

type CipherKey = Uint8Array | nodeCrypto.KeyObject

const TRIALS = 24

/**
 * A cipher takes its key as bytes or as a KeyObject. Which is faster depends on the runtime (Node 24: 15 against 5 µs a
 * message, Electron 33: 5 against 7), so both are timed, in well under a millisecond.
 */
function fasterCipherKey(): (key: Uint8Array) => CipherKey {
  const asBytes = (key: Uint8Array): CipherKey => key
  const asObject = (key: Uint8Array): CipherKey => nodeCrypto.createSecretKey(key)
  const [key, nonce, none] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array()]
  const fastestNs = (toKey: (key: Uint8Array) => CipherKey): bigint => {
    let fastest: bigint | null = null
    for (let trial = 0; trial < TRIALS; trial++) {
      const start = process.hrtime.bigint()
      sealGcm(toKey(key), nonce, none, key)
      const took = process.hrtime.bigint() - start
      if (fastest === null || took < fastest) fastest = took
    }
    return fastest ?? 0n
  }
  return fastestNs(asObject) < fastestNs(asBytes) ? asObject : asBytes
}

function agreed(pair: { readonly privateKey: nodeCrypto.KeyObject; readonly publicKey: nodeCrypto.KeyObject }) {
  try {
    return diffieHellman(pair)
  } catch {
    return null
  }
}

function sealGcm(key: CipherKey, nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(ad)
  const body = cipher.update(plaintext)
  cipher.final()
  const sealed = new Uint8Array(body.length + TAG_BYTES)
  sealed.set(body)
  sealed.set(cipher.getAuthTag(), body.length)
  return sealed
}

function openGcm(key: CipherKey, nonce: Uint8Array, ad: Uint8Array, ciphertext: Uint8Array): Uint8Array | null {
  if (ciphertext.length < TAG_BYTES) return null
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(ad)
  decipher.setAuthTag(ciphertext.subarray(-TAG_BYTES))
  const body = decipher.update(ciphertext.subarray(0, -TAG_BYTES))
  try {
    decipher.final()
  } catch {
    return null
  }
  // The Buffer has its memory to itself.
  return new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
}
