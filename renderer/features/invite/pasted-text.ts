/** Tells what somebody put into the invite field, before the engine is asked. */

import { INVITE_PREFIX } from '../../../shared/wire/invite.ts'

export type PastedText =
  | { readonly kind: 'empty' }
  /** From the scheme on; what stood before it in a message is dropped. */
  | { readonly kind: 'invite'; readonly link: string }
  | { readonly kind: 'relay-address' }
  /** Looks like a piece of an invite: its beginning is missing. */
  | { readonly kind: 'part' }
  | { readonly kind: 'other' }

const RELAY_ADDRESS = /^(\/(ip4|ip6|dns|dns4|dns6|dnsaddr)\/|parley:\/\/relay\b|parley-relay:)/i
/** base64url of at least a key's length and nothing else. */
const LOOSE_PAYLOAD = /^#?[A-Za-z0-9_-]{43,}$/

export function readPastedText(text: string): PastedText {
  const trimmed = text.trim()
  if (trimmed === '') return { kind: 'empty' }
  const at = trimmed.toLowerCase().indexOf(INVITE_PREFIX)
  if (at !== -1) return { kind: 'invite', link: trimmed.slice(at) }
  if (RELAY_ADDRESS.test(trimmed)) return { kind: 'relay-address' }
  const joined = trimmed.replace(/\s+/g, '')
  const startLost = LOOSE_PAYLOAD.test(joined) || /^[a-z]{0,6}:?\/{0,2}invite#/i.test(joined)
  const endLost = trimmed.length >= 'parley:'.length && INVITE_PREFIX.startsWith(trimmed.toLowerCase())
  return { kind: startLost || endLost ? 'part' : 'other' }
}
