/** libp2p's PeerIds and the raw Ed25519 keys that device lists hold. */

import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import type { PeerId } from '@libp2p/interface'

/** Null: not an Ed25519 peer, which no device is. */
export function peerKeyOf(peerId: PeerId): Uint8Array | null {
  const key = peerId.publicKey
  return key?.type === 'Ed25519' ? key.raw : null
}

export function peerIdOf(peerKey: Uint8Array): PeerId {
  return peerIdFromPublicKey(publicKeyFromRaw(peerKey))
}

/** Negative: `a` is the smaller key. Both devices come to the same answer. */
export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  for (const [index, byte] of a.entries()) {
    const difference = byte - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
