/** `node:crypto` where the runtime has a primitive natively; the rest from noble. Detected once, by a trial on known input. */

import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Backend } from './backend.ts'
import { nobleBackend } from './noble-backend.ts'

const TAG_BYTES = 16
// DER headers of RFC 8410: what stands before the 32 raw bytes.
const X25519_PRIVATE = Buffer.from('302e020100300506032b656e04220420', 'hex')
const X25519_PUBLIC = Buffer.from('302a300506032b656e032100', 'hex')
const ED25519_PRIVATE = Buffer.from('302e020100300506032b657004220420', 'hex')
const ED25519_PUBLIC = Buffer.from('302a300506032b6570032100', 'hex')

function privateKey(prefix: Buffer, raw: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([prefix, raw]), format: 'der', type: 'pkcs8' })
}

function publicKey(prefix: Buffer, raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([prefix, raw]), format: 'der', type: 'spki' })
}

/** The raw 32 bytes are the end of the SPKI form. */
function rawPublic(key: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32))
}

const native: Backend = {
  ...nobleBackend,
  names: { hash: 'node', aead: 'node', x25519: 'node', ed25519: 'node', mlKem: 'noble' },
  random: (sizeBytes) => new Uint8Array(randomBytes(sizeBytes)),
  sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  sha512: (bytes) => new Uint8Array(createHash('sha512').update(bytes).digest()),
  hmacSha256: (key, bytes) => new Uint8Array(createHmac('sha256', key).update(bytes).digest()),
  hkdf: (ikm, salt, info, sizeBytes) => new Uint8Array(hkdfSync('sha256', ikm, salt, info, sizeBytes)),
  seal: (key, nonce, ad, plaintext) => {
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    cipher.setAAD(ad)
    const body = cipher.update(plaintext)
    cipher.final()
    const out = new Uint8Array(body.length + TAG_BYTES)
    out.set(body)
    out.set(cipher.getAuthTag(), body.length)
    return out
  },
  open: (key, nonce, ad, ciphertext) => {
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
    return new Uint8Array(body)
  },
  x25519Public: (secretKey) => rawPublic(privateKey(X25519_PRIVATE, secretKey)),
  x25519: (secretKey, peer) => {
    try {
      const shared = diffieHellman({
        privateKey: privateKey(X25519_PRIVATE, secretKey),
        publicKey: publicKey(X25519_PUBLIC, peer),
      })
      // OpenSSL refuses an all-zero result; BoringSSL and others may not.
      return shared.every((byte) => byte === 0) ? null : new Uint8Array(shared)
    } catch {
      return null
    }
  },
  ed25519Public: (secretKey) => rawPublic(privateKey(ED25519_PRIVATE, secretKey)),
  ed25519Sign: (secretKey, message) => new Uint8Array(sign(null, message, privateKey(ED25519_PRIVATE, secretKey))),
  ed25519Verify: (key, message, signature) => {
    try {
      return verify(null, message, publicKey(ED25519_PUBLIC, key), signature)
    } catch {
      return false
    }
  },
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
}

/** A primitive is taken from the runtime only when it gives noble's answer. */
export function selectBackend(): Backend {
  const key = new Uint8Array(32).fill(7)
  const nonce = new Uint8Array(12)
  const same = (run: (backend: Backend) => Uint8Array | null): boolean => {
    try {
      const got = run(native)
      const wanted = run(nobleBackend)
      return got !== null && wanted !== null && nobleBackend.equal(got, wanted)
    } catch {
      return false
    }
  }
  const hash = same((backend) => backend.hkdf(key, key, nonce, 64)) && same((backend) => backend.hmacSha256(key, key))
  const aead = same((backend) => backend.seal(key, nonce, key, key))
  const dh = same((backend) => backend.x25519(key, backend.x25519Public(key)))
  const signing = same((backend) => backend.ed25519Sign(key, nonce))
  const { sha256, sha512, hmacSha256, hkdf } = hash ? native : nobleBackend
  const { seal, open } = aead ? native : nobleBackend
  const { x25519, x25519Public } = dh ? native : nobleBackend
  const { ed25519Public, ed25519Sign, ed25519Verify } = signing ? native : nobleBackend
  return {
    ...native,
    names: {
      hash: hash ? 'node' : 'noble',
      aead: aead ? 'node' : 'noble',
      x25519: dh ? 'node' : 'noble',
      ed25519: signing ? 'node' : 'noble',
      mlKem: 'noble',
    },
    sha256,
    sha512,
    hmacSha256,
    hkdf,
    seal,
    open,
    x25519,
    x25519Public,
    ed25519Public,
    ed25519Sign,
    ed25519Verify,
  }
}
