import { concatBytes } from '../../../shared/wire/bytes.ts'
import type { Backend, Primitive } from './backend.ts'
import { loadLibsodiumBackend } from './libsodium-backend.ts'
import { createNodeBackend } from './node-backend.ts'
import { nobleBackend } from './noble-backend.ts'

const KEY = new Uint8Array(32).fill(7)
const SEED = new Uint8Array(64).fill(7)
const NONCE = new Uint8Array(12)
const CIPHERTEXT = new Uint8Array(1088).fill(7)

/** What each primitive is asked before an implementation is used: the answers, one after the other. */
const TRIALS: Readonly<Record<Primitive, (backend: Backend) => readonly (Uint8Array | null)[]>> = {
  hash: (backend) => [backend.sha256(KEY), backend.sha512(KEY)],
  mac: (backend) => [backend.hmacSha256(KEY, SEED), backend.hkdf(KEY, SEED, NONCE, 96)],
  aead: (backend) => {
    const sealed = backend.seal(KEY, NONCE, SEED, KEY)
    return [sealed, backend.open(KEY, NONCE, SEED, sealed), backend.open(KEY, NONCE, NONCE, sealed)]
  },
  x25519: (backend) => {
    const [own, peer] = [backend.x25519Public(KEY), backend.x25519Generate()]
    const both = [backend.x25519(KEY, peer.publicKey), backend.x25519(peer.secretKey, own)]
    const agree = both.every((shared) => shared !== null && isSame(shared, both[0] ?? null))
    return [own, backend.x25519(KEY, own), backend.x25519(KEY, new Uint8Array(32)), Uint8Array.of(Number(agree))]
  },
  ed25519: (backend) => {
    const [signer, signature] = [backend.ed25519Public(KEY), backend.ed25519Sign(KEY, NONCE)]
    const verdicts = [backend.ed25519Verify(signer, NONCE, signature), backend.ed25519Verify(signer, KEY, signature)]
    return [signer, signature, Uint8Array.from(verdicts, Number)]
  },
  mlKem: (backend) => {
    const publicKey = backend.mlKemPublic(SEED)
    const made = backend.mlKemEncapsulate(publicKey, KEY)
    return [publicKey, made?.ciphertext ?? null, made?.secret ?? null, backend.mlKemDecapsulate(SEED, CIPHERTEXT)]
  },
}

/** SHA-256 of noble's answers, so that a start does not wait for noble: select-backend.test.ts. */
const RIGHT_ANSWERS: Readonly<Record<Primitive, string>> = {
  hash: '183ea8ab2ae6ec8ac8ae2e7d5f0bfe085da1b258ccfa3650abd0746456f8c2a0',
  mac: '4426e1f8b7a8c7d504a574a45d708c6a626ce9465743a2f966329b8bc0b0357f',
  aead: 'df0703bae0af0019ad0668d6ff5196057c5875e9af61e52705246dfc705ce8c5',
  x25519: '3a72aec5cd56b83a4de793bb584ef61ebbaad5a8d0b4394ac8b5aa58c762e52f',
  ed25519: 'cdc7e287faf44f2ddd0c1ad5e205c005adfae21a0b0c741b01c77fc82b874ae2',
  mlKem: '6823ac90eee2b2ab81ff653d0fb49c7f7c8e7940b0e2eae4ba3e31726979565e',
}

/** SHA-256 over u8 (0|1 there is one) ‖ u16 length ‖ answer, of each. */
export function answersOf(backend: Backend, primitive: Primitive): string {
  const answers = TRIALS[primitive](backend).flatMap((answer) => [
    Uint8Array.of(Number(answer !== null), (answer?.length ?? 0) >> 8, (answer?.length ?? 0) & 0xff),
    answer ?? new Uint8Array(),
  ])
  return Buffer.from(nobleBackend.sha256(concatBytes(...answers))).toString('hex')
}

function isRight(backend: Backend, primitive: Primitive): boolean {
  try {
    return answersOf(backend, primitive) === RIGHT_ANSWERS[primitive]
  } catch {
    return false
  }
}

/** The fastest first, as measured under Node 24 and Electron 33: docs/protocol/session.md, "Backends". */
const PREFERENCE: Readonly<Record<Primitive, readonly ('node' | 'libsodium')[]>> = {
  hash: ['node'],
  mac: ['libsodium', 'node'],
  aead: ['node'],
  x25519: ['node', 'libsodium'],
  ed25519: ['node'],
  mlKem: ['libsodium', 'node'],
}

export interface Candidates {
  readonly node: Backend
  /** Null: it could not be loaded. */
  readonly libsodium: Backend | null
}

export async function loadCandidates(): Promise<Candidates> {
  return { node: createNodeBackend(), libsodium: await loadLibsodiumBackend().catch(() => null) }
}

/** Each primitive from the fastest implementation that gives noble's answer to a known input, else from noble. */
export async function selectBackend(): Promise<Backend> {
  return chooseBackend(await loadCandidates())
}

export function chooseBackend(candidates: Candidates): Backend {
  const from = (primitive: Primitive): Backend =>
    PREFERENCE[primitive]
      .map((name) => candidates[name])
      .find((candidate) => candidate !== null && isRight(candidate, primitive)) ?? nobleBackend
  const [hash, mac, aead] = [from('hash'), from('mac'), from('aead')]
  const [x25519, ed25519, mlKem] = [from('x25519'), from('ed25519'), from('mlKem')]
  return {
    names: {
      hash: hash.names.hash,
      mac: mac.names.mac,
      aead: aead.names.aead,
      x25519: x25519.names.x25519,
      ed25519: ed25519.names.ed25519,
      mlKem: mlKem.names.mlKem,
    },
    random: candidates.node.random,
    sha256: hash.sha256,
    sha512: hash.sha512,
    hmacSha256: mac.hmacSha256,
    hkdf: mac.hkdf,
    seal: aead.seal,
    open: aead.open,
    x25519Generate: x25519.x25519Generate,
    x25519Public: x25519.x25519Public,
    x25519: x25519.x25519,
    ed25519Public: ed25519.ed25519Public,
    ed25519Sign: ed25519.ed25519Sign,
    ed25519Verify: ed25519.ed25519Verify,
    mlKemPublic: mlKem.mlKemPublic,
    mlKemEncapsulate: mlKem.mlKemEncapsulate,
    mlKemDecapsulate: mlKem.mlKemDecapsulate,
    equal: candidates.node.equal,
  }
}

function isSame(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : nobleBackend.equal(a, b)
}
