/** The key schedule of the Double Ratchet: docs/protocol/session.md, "Key schedule". */

import { concatBytes } from '../../shared/wire/bytes.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { Crypto } from './crypto.ts'
import { labelBytes } from './labels.ts'

export interface RootStep {
  readonly rootKey: Uint8Array
  readonly chainKey: Uint8Array
  readonly nextHeaderKey: Uint8Array
}

/**
 * KDF_RK_HE: HKDF of the agreement, and of a KEM's secret where the step mixes one in, with the root key as salt.
 * @throws cannot-decrypt for a degenerate ratchet key
 */
export function stepRoot(
  c: Crypto,
  rootKey: Uint8Array,
  ownSecret: Uint8Array,
  peerKey: Uint8Array,
  kemSecret: Uint8Array | null,
): RootStep {
  const shared = c.backend.x25519(ownSecret, peerKey)
  if (shared === null) throw new ParleyError('cannot-decrypt')
  const keys =
    kemSecret === null
      ? c.backend.hkdf(shared, rootKey, labelBytes('root'), 96)
      : c.backend.hkdf(concatBytes(shared, kemSecret), rootKey, labelBytes('kemRoot'), 96)
  return { rootKey: keys.slice(0, 32), chainKey: keys.slice(32, 64), nextHeaderKey: keys.slice(64, 96) }
}

/** KDF_CK: the key of the next message, and the chain after it. */
export function stepChain(
  c: Crypto,
  chainKey: Uint8Array,
): { readonly chainKey: Uint8Array; readonly messageKey: Uint8Array } {
  return {
    messageKey: c.backend.hmacSha256(chainKey, labelBytes('chainMessage')),
    chainKey: c.backend.hmacSha256(chainKey, labelBytes('chainNext')),
  }
}
