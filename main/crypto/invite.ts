/** What an invite's secret opens. docs/protocol/invite.md. */

import { concatBytes } from '../../shared/wire/bytes.ts'
import { deriveKey } from './crypto.ts'
import type { Crypto } from './crypto.ts'
import { labelBytes } from './labels.ts'
import { openBox, sealBox } from './sealed-box.ts'

const NO_CONTEXT = new Uint8Array()
const KEY_BYTES = 32

/** From the 32-byte secret of a link: where its bundle lies, and what opens it. */
export function inviteKeys(
  c: Crypto,
  secret: Uint8Array,
): { readonly slotId: Uint8Array; readonly bundleKey: Uint8Array } {
  return {
    slotId: deriveKey(c, secret, 'inviteSlot', NO_CONTEXT, KEY_BYTES),
    bundleKey: deriveKey(c, secret, 'inviteKey', NO_CONTEXT, KEY_BYTES),
  }
}

/** A sealed box bound to its slot. */
export function sealInviteBundle(c: Crypto, secret: Uint8Array, bundle: Uint8Array): Uint8Array {
  const { slotId, bundleKey } = inviteKeys(c, secret)
  return sealBox(c, bundleKey, concatBytes(labelBytes('inviteBundle'), slotId), bundle)
}

/** @throws cannot-decrypt */
export function openInviteBundle(c: Crypto, secret: Uint8Array, item: Uint8Array): Uint8Array {
  const { slotId, bundleKey } = inviteKeys(c, secret)
  return openBox(c, bundleKey, concatBytes(labelBytes('inviteBundle'), slotId), item)
}
