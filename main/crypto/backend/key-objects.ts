/**
 * Raw keys as Node's KeyObjects. Importing a key costs more than an agreement with it (58 against 35 µs for X25519
 * on Node 24), so an object is kept as long as the byte array of its key: what a session lets go of goes with it.
 */

import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { JsonWebKey, KeyObject } from 'node:crypto'
import type { KeyPair } from './backend.ts'

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))

/** What stands before the raw bytes of a secret key in PKCS #8: RFC 8410 section 7, RFC 9935 section 6 (seed only). */
const SECRET_DER = {
  x25519: fromHex('302e020100300506032b656e04220420'),
  ed25519: fromHex('302e020100300506032b657004220420'),
  mlKem: fromHex('3054020100300b060960864801650304040204428040'),
} as const

type KeyType = keyof typeof SECRET_DER

/** As JSON Web Keys (RFC 8037 section 2) public keys are imported faster than as DER. */
const CURVES = { x25519: 'X25519', ed25519: 'Ed25519' } as const

type CurveType = keyof typeof CURVES

const SECRET_BYTES = { x25519: 32, ed25519: 32, mlKem: 64 } as const
const CURVE_KEY_BYTES = 32
const KEM_PUBLIC_BYTES = 1184

/**
 * Node 24 exports a JSON Web Key in 1 µs and DER in 10 to 20. Electron 33 writes DER as fast, and waits for itself for ever
 * when a collection runs during the export of a JSON Web Key.
 */
const EXPORTS_JWK = process.versions['electron'] === undefined && Number.parseInt(process.versions.node) >= 22

export interface KeyObjects {
  /** @throws RangeError: wrong size */
  secret(type: KeyType, raw: Uint8Array): KeyObject
  /** Null: wrong size, or refused by the runtime. */
  public(type: CurveType, raw: Uint8Array): KeyObject | null
  /** The raw public key of a secret one. */
  rawPublic(type: KeyType, rawSecret: Uint8Array): Uint8Array
  /** A fresh X25519 pair, whose secret is already imported. */
  generateX25519(): KeyPair
}

export function createKeyObjects(): KeyObjects {
  const secrets = { x25519: newCache(), ed25519: newCache(), mlKem: newCache() }
  const publics = { x25519: newCache(), ed25519: newCache() }
  const secret = (type: KeyType, raw: Uint8Array): KeyObject => {
    if (raw.length !== SECRET_BYTES[type]) throw new RangeError(`a ${type} secret of ${raw.length} bytes`)
    return cached(secrets[type], raw, () =>
      createPrivateKey({ key: Buffer.concat([SECRET_DER[type], raw]), format: 'der', type: 'pkcs8' }),
    )
  }
  return {
    secret,
    public: (type, raw) => {
      if (raw.length !== CURVE_KEY_BYTES) return null
      try {
        return cached(publics[type], raw, () =>
          createPublicKey({ key: { kty: 'OKP', crv: CURVES[type], x: toText(raw) }, format: 'jwk' }),
        )
      } catch {
        return null
      }
    },
    rawPublic: (type, rawSecret) => {
      const key = createPublicKey(secret(type, rawSecret))
      if (type !== 'mlKem' && EXPORTS_JWK) return fromText(key.export({ format: 'jwk' }).x)
      return endOf(key.export({ format: 'der', type: 'spki' }), type === 'mlKem' ? KEM_PUBLIC_BYTES : CURVE_KEY_BYTES)
    },
    generateX25519: () => {
      const { privateKey, publicKey } = generateKeyPairSync('x25519')
      const pair = EXPORTS_JWK
        ? fromJwk(privateKey.export({ format: 'jwk' }))
        : {
            publicKey: endOf(publicKey.export({ format: 'der', type: 'spki' }), CURVE_KEY_BYTES),
            secretKey: endOf(privateKey.export({ format: 'der', type: 'pkcs8' }), CURVE_KEY_BYTES),
          }
      secrets.x25519.set(pair.secretKey, privateKey)
      return pair
    },
  }
}

type Cache = WeakMap<Uint8Array, KeyObject>

function newCache(): Cache {
  return new WeakMap()
}

function cached(cache: Cache, raw: Uint8Array, make: () => KeyObject): KeyObject {
  const known = cache.get(raw)
  if (known !== undefined) return known
  const made = make()
  cache.set(raw, made)
  return made
}

function toText(raw: Uint8Array): string {
  return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64url')
}

function fromJwk({ x, d }: JsonWebKey): KeyPair {
  return { publicKey: fromText(x), secretKey: fromText(d) }
}

/** The raw key stands at the end of its DER. */
function endOf(der: Uint8Array, sizeBytes: number): Uint8Array {
  return new Uint8Array(der.subarray(-sizeBytes))
}

/** @throws RangeError: no key of this size */
function fromText(text: string | undefined): Uint8Array {
  const raw = new Uint8Array(CURVE_KEY_BYTES)
  const sizeBytes = Buffer.from(raw.buffer).write(text ?? '', 'base64url')
  if (sizeBytes !== CURVE_KEY_BYTES) throw new RangeError(`a key of ${sizeBytes} bytes`)
  return raw
}
