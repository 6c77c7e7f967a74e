/** The raw module of libsodium.js: C functions over a heap. Only what `libsodium-backend.ts` calls. */
declare module 'libsodium' {
  export interface Libsodium {
    /** Replaced when the heap grows. */
    readonly HEAPU8: Uint8Array<ArrayBuffer>
    _malloc(sizeBytes: number): number
    _sodium_init(): number
    _crypto_kdf_hkdf_sha256_extract(prk: number, salt: number, saltBytes: number, ikm: number, ikmBytes: number): number
    _crypto_kdf_hkdf_sha256_expand(out: number, outBytes: number, info: number, infoBytes: number, prk: number): number
    _crypto_scalarmult(out: number, secret: number, point: number): number
    _crypto_scalarmult_base(out: number, secret: number): number
    _crypto_kem_mlkem768_seed_keypair(publicKey: number, secretKey: number, seed: number): number
    _crypto_kem_mlkem768_enc_deterministic(
      ciphertext: number,
      secret: number,
      publicKey: number,
      randomness: number,
    ): number
    _crypto_kem_mlkem768_dec(secret: number, ciphertext: number, secretKey: number): number
  }

  /** `getRandomValue` gives an unsigned 32-bit integer. */
  export default function load(options: { readonly getRandomValue: () => number }): Promise<Libsodium>
}
