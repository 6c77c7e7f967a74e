/** The primitives of suite 0 and 1 behind one interface. Keys are raw bytes: 32-byte X25519 and Ed25519 secrets, 64-byte ML-KEM seeds. */

export interface KeyPair {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

export interface Backend {
  /** Which implementation serves each primitive, for the about page. */
  readonly names: Readonly<Record<string, string>>
  random(sizeBytes: number): Uint8Array
  sha256(bytes: Uint8Array): Uint8Array
  sha512(bytes: Uint8Array): Uint8Array
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array
  /** RFC 5869 with SHA-256. */
  hkdf(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, sizeBytes: number): Uint8Array
  /** AES-256-GCM, 96-bit nonce; the 16-byte tag is at the end. */
  seal(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** Null: not authentic. */
  open(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, ciphertext: Uint8Array): Uint8Array | null
  x25519Public(secretKey: Uint8Array): Uint8Array
  /** Null: the result would be all zero (RFC 7748 section 6.1). */
  x25519(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | null
  ed25519Public(secretKey: Uint8Array): Uint8Array
  ed25519Sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array
  ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  mlKemPublic(seed: Uint8Array): Uint8Array
  mlKemEncapsulate(
    publicKey: Uint8Array,
    randomness: Uint8Array,
  ): { readonly ciphertext: Uint8Array; readonly secret: Uint8Array } | null
  mlKemDecapsulate(seed: Uint8Array, ciphertext: Uint8Array): Uint8Array
  equal(a: Uint8Array, b: Uint8Array): boolean
}
