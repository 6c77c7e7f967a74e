import { sha256 } from '@noble/hashes/sha2.js'
import { isParleyError } from '../../../shared/errors.ts'
import { decodeInviteLink } from '../../../shared/wire/invite.ts'

/** When the invite in this link ran or runs out; null: the link does not decode. */
export function inviteExpiryMs(link: string): number | null {
  try {
    return decodeInviteLink(link, sha256).expiresAtMs
  } catch (error) {
    if (isParleyError(error)) return null
    throw error
  }
}
