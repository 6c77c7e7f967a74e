/** What an invite's secret opens. docs/protocol/invite.md. */

import { ParleyError } from '../../shared/errors.ts'
import { concatBytes } from '../../shared/wire/bytes.ts'
import { deriveKey } from './crypto.ts'
import type { Crypto } from './crypto.ts'

const NONE = new Uint8Array()

export function inviteKeys(
  c: Crypto,
  secret: Uint8Array,
): { readonly slotId: Uint8Array; readonly bundleKey: Uint8Array } {
  return {
    slotId: deriveKey(c, secret, 'inviteSlot', NONE, 32),
    bundleKey: deriveKey(c, secret, 'inviteKey', NONE, 32),
  }
}

/** nonce 12 ‖ AES-256-GCM, associated data the slot id. */
export function sealInviteBundle(c: Crypto, secret: Uint8Array, bundle: Uint8Array): Uint8Array {
  const { slotId, bundleKey } = inviteKeys(c, secret)
  const nonce = c.random(12)
  return concatBytes(nonce, c.backend.seal(bundleKey, nonce, slotId, bundle))
}

/** @throws cannot-decrypt */
export function openInviteBundle(c: Crypto, secret: Uint8Array, item: Uint8Array): Uint8Array {
  const { slotId, bundleKey } = inviteKeys(c, secret)
  const opened = item.length < 12 ? null : c.backend.open(bundleKey, item.slice(0, 12), slotId, item.slice(12))
  if (opened === null) throw new ParleyError('cannot-decrypt')
  return opened
}
