/**
 * The primitives of suite 1 behind one interface. Keys are raw bytes: X25519 and Ed25519 secrets of 32,
 * ML-KEM-768 secrets as the 64-byte seed `d ‖ z` (FIPS 203 section 7.1).
 *
 * Every implementation gives the same answer to the same input, for hostile input as well: the differential
 * and Wycheproof tests hold them to it.
 */

export interface KeyPair {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

/** Fastest first where all three have it: docs/protocol/session.md, "Backends". */
export type Implementation = 'node' | 'libsodium' | 'noble'

export type Primitive = 'hash' | 'mac' | 'aead' | 'x25519' | 'ed25519' | 'mlKem'

export interface Backend {
  /** Which implementation serves each primitive, for the about page. */
  readonly names: Readonly<Record<Primitive, Implementation>>
  readonly random: (sizeBytes: number) => Uint8Array
  readonly sha256: (bytes: Uint8Array) => Uint8Array
  readonly sha512: (bytes: Uint8Array) => Uint8Array
  readonly hmacSha256: (key: Uint8Array, bytes: Uint8Array) => Uint8Array
  /** RFC 5869 with SHA-256. @param info at most 1,024 bytes: Node's limit */
  readonly hkdf: (ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, sizeBytes: number) => Uint8Array
  /** AES-256-GCM, 96-bit nonce; the 16-byte tag is at the end. */
  readonly seal: (key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array) => Uint8Array
  /** Null: not authentic. */
  readonly open: (key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, ciphertext: Uint8Array) => Uint8Array | null
  /** A fresh pair, from the system's randomness. */
  readonly x25519Generate: () => KeyPair
  readonly x25519Public: (secretKey: Uint8Array) => Uint8Array
  /** Null: no key, or the result would be all zero (RFC 7748 section 6.1). */
  readonly x25519: (secretKey: Uint8Array, publicKey: Uint8Array) => Uint8Array | null
  readonly ed25519Public: (secretKey: Uint8Array) => Uint8Array
  readonly ed25519Sign: (secretKey: Uint8Array, message: Uint8Array) => Uint8Array
  /**
   * RFC 8032 section 5.1.7 at its strictest: key and R in their canonical encoding, S below the group order, no key
   * of small order, and the equation without the cofactor.
   */
  readonly ed25519Verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean
  readonly mlKemPublic: (seed: Uint8Array) => Uint8Array
  /** Null: not a public key (FIPS 203 section 7.2). @param randomness 32 bytes */
  readonly mlKemEncapsulate: (
    publicKey: Uint8Array,
    randomness: Uint8Array,
  ) => { readonly ciphertext: Uint8Array; readonly secret: Uint8Array } | null
  /** A ciphertext made for another key gives an unpredictable secret. Null: wrong size. */
  readonly mlKemDecapsulate: (seed: Uint8Array, ciphertext: Uint8Array) => Uint8Array | null
  /** In constant time. */
  readonly equal: (a: Uint8Array, b: Uint8Array) => boolean
}
