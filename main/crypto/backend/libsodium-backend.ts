/**
 * libsodium compiled to WebAssembly: what a runtime lacks (ML-KEM in Electron's BoringSSL), and what Node does slowly
 * (HMAC of a few bytes). It has no AES in WebAssembly, and its Ed25519 refuses more than the strict rule of `Backend`
 * does, so those are noble's here.
 */

import load from 'libsodium'
import type { Libsodium } from 'libsodium'
import type { Backend } from './backend.ts'
import { nobleBackend } from './noble-backend.ts'

const KEY_BYTES = 32
const KEM = { seed: 64, public: 1184, secret: 2400, ciphertext: 1088 } as const
/** RFC 5869 section 2.3. */
const MAX_HKDF_BYTES = 255 * 32
const SCRATCH_BYTES = 16_384

/** @throws when the runtime has no WebAssembly */
export async function loadLibsodiumBackend(): Promise<Backend> {
  const sodium = await load({
    getRandomValue: () => new DataView(nobleBackend.random(4).buffer).getUint32(0),
  })
  if (sodium._sodium_init() < 0) throw new Error('libsodium does not start')
  const call = createScratch(sodium)
  return {
    ...nobleBackend,
    names: { ...nobleBackend.names, mac: 'libsodium', x25519: 'libsodium', mlKem: 'libsodium' },
    ...macs(sodium, call),
    ...agreements(sodium, call),
    ...kem(sodium, call),
  }
}

/**
 * Copies `inputs` into the heap, runs `run` with their addresses and that of `outputBytes` of room, and returns the output;
 * null when the function says no. Whatever lay in the heap is wiped: keys among it.
 */
type Call = (
  inputs: readonly Uint8Array[],
  outputBytes: number,
  run: (output: number, ...inputs: readonly number[]) => number,
) => Uint8Array | null

function createScratch(sodium: Libsodium): Call {
  const start = sodium._malloc(SCRATCH_BYTES)
  return (inputs, outputBytes, run) => {
    const addresses: number[] = []
    let end = start + outputBytes
    for (const input of inputs) {
      if (end + input.length > start + SCRATCH_BYTES) throw new RangeError('inputs beyond the scratch')
      sodium.HEAPU8.set(input, end)
      addresses.push(end)
      end += input.length
    }
    const code = run(start, ...addresses)
    const heap = sodium.HEAPU8
    const output = code === 0 ? heap.slice(start, start + outputBytes) : null
    heap.fill(0, start, end)
    return output
  }
}

const NO_ROOM = 256

function fits(...inputs: readonly Uint8Array[]): boolean {
  return inputs.reduce((sum, input) => sum + input.length, 0) <= SCRATCH_BYTES - NO_ROOM
}

function macs(sodium: Libsodium, call: Call): Pick<Backend, 'hmacSha256' | 'hkdf'> {
  // HKDF's first half is HMAC itself: RFC 5869 section 2.2.
  const hmacSha256 = (key: Uint8Array, bytes: Uint8Array): Uint8Array => {
    if (!fits(key, bytes)) return nobleBackend.hmacSha256(key, bytes)
    return must(
      call([key, bytes], KEY_BYTES, (out, keyAt = 0, bytesAt = 0) =>
        sodium._crypto_kdf_hkdf_sha256_extract(out, keyAt, key.length, bytesAt, bytes.length),
      ),
    )
  }
  return {
    hmacSha256,
    hkdf: (ikm, salt, info, sizeBytes) => {
      const prk = hmacSha256(salt, ikm)
      if (sizeBytes > MAX_HKDF_BYTES) throw new RangeError(`${sizeBytes} bytes of one derivation`)
      return must(
        call([info, prk], sizeBytes, (out, infoAt = 0, prkAt = 0) =>
          sodium._crypto_kdf_hkdf_sha256_expand(out, sizeBytes, infoAt, info.length, prkAt),
        ),
      )
    },
  }
}

function agreements(sodium: Libsodium, call: Call): Pick<Backend, 'x25519' | 'x25519Public' | 'x25519Generate'> {
  const publicOf = (secretKey: Uint8Array): Uint8Array => {
    if (secretKey.length !== KEY_BYTES) throw new RangeError(`an x25519 secret of ${secretKey.length} bytes`)
    return must(call([secretKey], KEY_BYTES, (out, secret = 0) => sodium._crypto_scalarmult_base(out, secret)))
  }
  return {
    x25519Public: publicOf,
    x25519: (secretKey, publicKey) => {
      if (secretKey.length !== KEY_BYTES) throw new RangeError(`an x25519 secret of ${secretKey.length} bytes`)
      if (publicKey.length !== KEY_BYTES) return null
      return call([secretKey, publicKey], KEY_BYTES, (out, secret = 0, point = 0) =>
        sodium._crypto_scalarmult(out, secret, point),
      )
    },
    x25519Generate: () => {
      const secretKey = nobleBackend.random(KEY_BYTES)
      return { publicKey: publicOf(secretKey), secretKey }
    },
  }
}

function kem(sodium: Libsodium, call: Call): Pick<Backend, 'mlKemPublic' | 'mlKemEncapsulate' | 'mlKemDecapsulate'> {
  const keyPair = (seed: Uint8Array): { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array } => {
    if (seed.length !== KEM.seed) throw new RangeError(`an ML-KEM seed of ${seed.length} bytes`)
    const both = must(
      call([seed], KEM.public + KEM.secret, (out, seedAt = 0) =>
        sodium._crypto_kem_mlkem768_seed_keypair(out, out + KEM.public, seedAt),
      ),
    )
    return { publicKey: both.slice(0, KEM.public), secretKey: both.subarray(KEM.public) }
  }
  // Kept as long as the array of its seed: an offer of the ratchet is answered while its session is in use.
  const secretKeys = new WeakMap<Uint8Array, Uint8Array>()
  const made = (seed: Uint8Array): ReturnType<typeof keyPair> => {
    const pair = keyPair(seed)
    secretKeys.set(seed, pair.secretKey)
    return pair
  }
  const secretKeyOf = (seed: Uint8Array): Uint8Array => secretKeys.get(seed) ?? made(seed).secretKey
  return {
    mlKemPublic: (seed) => made(seed).publicKey,
    mlKemEncapsulate: (publicKey, randomness) => {
      if (publicKey.length !== KEM.public || !isCanonicalKemKey(publicKey)) return null
      const both = call([publicKey, randomness], KEM.ciphertext + KEY_BYTES, (out, key = 0, random = 0) =>
        sodium._crypto_kem_mlkem768_enc_deterministic(out, out + KEM.ciphertext, key, random),
      )
      if (both === null) return null
      return { ciphertext: both.slice(0, KEM.ciphertext), secret: both.slice(KEM.ciphertext) }
    },
    mlKemDecapsulate: (seed, ciphertext) => {
      if (ciphertext.length !== KEM.ciphertext) return null
      const secretKey = secretKeyOf(seed)
      return call([ciphertext, secretKey], KEY_BYTES, (out, ciphertextAt = 0, secretAt = 0) =>
        sodium._crypto_kem_mlkem768_dec(out, ciphertextAt, secretAt),
      )
    },
  }
}

const KEM_MODULUS = 3_329

/** FIPS 203 section 7.2, the modulus check: 768 coefficients of 12 bits, each below q. */
function isCanonicalKemKey(publicKey: Uint8Array): boolean {
  for (let at = 0; at < 1152; at += 3) {
    const [a = 0, b = 0, c = 0] = [publicKey[at], publicKey[at + 1], publicKey[at + 2]]
    if ((a | ((b & 0x0f) << 8)) >= KEM_MODULUS || ((b >> 4) | (c << 4)) >= KEM_MODULUS) return false
  }
  return true
}

function must(output: Uint8Array | null): Uint8Array {
  if (output === null) throw new Error('libsodium refused what it cannot refuse')
  return output
}
